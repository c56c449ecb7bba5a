"""The page's first sentence and the one below it: how far the company has come, and what matters about that."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal

import pytest

from reporting.headlines import deck_of_acquired, deck_of_cohort, headline, headline_of_movements
from reporting.kpis import REVENUE
from reporting.movements import CLOSING_MRR, MOVEMENTS, has_only_churn
from reporting.rows import Figure, MonthlyKpis
from shown import row


def first_of(month: int) -> date:
    """A month after January 2021, which is 1."""
    return date(2021 + (month - 1) // 12, (month - 1) % 12 + 1, 1)


def months(*revenue: object, acquired: int = 9, active: int = 4, size: str = "all") -> list[MonthlyKpis]:
    """The months of companies that were all acquired in the first."""
    return [
        row(first_of(month), size, opening=acquired, active=active, sessions=9, revenue=amount)
        for month, amount in enumerate(revenue, 1)
    ]


@pytest.mark.parametrize(
    ("rows", "judgement", "said"),
    [
        (
            months(20957, 12096, 11609, acquired=500, active=211),
            "As expected",
            "Revenue is 44.6% below January, as expected; 211 of the 500 customers remain",
        ),
        (months(8000, 8001), "", "Revenue is under 0.1% above January; 4 of the 9 customers remain"),
        (months(8000, 8000), "", "Revenue is as in January; 4 of the 9 customers remain"),
        (months(8000, "8000.40"), "", "Revenue is about as in January; 4 of the 9 customers remain"),
        (months(0, 50, active=9), "", "Revenue is $50, after nothing in January; all 9 customers remain"),
        (months(50, active=1), "", "Revenue was $50 in January; 1 of the 9 customers remains"),
        (
            months(50, 0, active=0, size="mid_market"),
            "Less than expected",
            (
                "Revenue of mid market companies is 100.0% below January; at $0 it is less than expected;"
                " none of the 9 mid market customers remains"
            ),
        ),
        (months(9, acquired=1, active=1), "", "Revenue was $9 in January; its one customer remains"),
        (months(0, acquired=1, active=0), "", "Revenue was $0 in January; its one customer is gone"),
        (
            months(0, acquired=0, active=0, size="large"),
            "",
            "Revenue of large companies was $0 in January; no large customer was acquired",
        ),
        # A year before, and not the first of all.
        (months(*range(100, 114)), "", "Revenue is 11.9% above February 2021; 4 of the 9 customers remain"),
    ],
)
def test_where_customers_only_leave_it_says_how_far_revenue_is_and_how_many_remain(
    rows: list[MonthlyKpis], judgement: str, said: str
) -> None:
    assert headline(rows, REVENUE, judgement) == said


def metrics(*amounts: Mapping[str, int], size: str = "all") -> list[MonthlyKpis]:
    """The subscription metrics of months with these movements, the first of which begins with nothing."""
    rows, closing = [], Decimal(0)
    for month, given in enumerate(amounts, 1):
        figures: dict[str, Figure | None] = {one.name: Decimal(given.get(one.name, 0)) for one in MOVEMENTS}
        closing += sum(given.values())
        rows.append(MonthlyKpis(first_of(month), size, figures | {"closing_mrr": closing}))
    return rows


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            metrics({"new_mrr": 100}, {"new_mrr": 80, "churned_mrr": -20, "expansion_mrr": 30}, {"churned_mrr": -5}),
            "MRR is 85.0% above January: new customers brought $80, churn took $25",
        ),
        (
            metrics({"new_mrr": 100}, {"contraction_mrr": -40, "churned_mrr": -20, "reactivation_mrr": 10}),
            "MRR is 50.0% below January: downgrades and price cuts took $40, returning customers brought $10",
        ),
        # Of all sizes together, no company moves to another size.
        (
            metrics({"new_mrr": 100}, {"moved_in_mrr": 50, "moved_out_mrr": -50, "expansion_mrr": 5}),
            "MRR is 5.0% above January: upgrades and price rises brought $5",
        ),
        (
            metrics({"new_mrr": 100}, {"moved_in_mrr": 50, "expansion_mrr": 5}, size="large"),
            "MRR of large companies is 55.0% above January: customers of other sizes brought $50",
        ),
        (
            metrics({"new_mrr": 100}, {"new_mrr": 10, "churned_mrr": -10}),
            "MRR is as in January: new customers brought $10, churn took $10",
        ),
        (metrics({"new_mrr": 100}, {}), "MRR is as in January"),
        (metrics({"new_mrr": 100}), "MRR was $100 in January"),
        # What came before the month that it compares with is left out.
        (
            metrics(*[{"new_mrr": 1000}] * 2, *[{"new_mrr": 10}] * 12),
            "MRR is 6.0% above February 2021: new customers brought $120",
        ),
    ],
)
def test_where_they_come_and_change_it_says_what_drove_mrr(rows: list[MonthlyKpis], said: str) -> None:
    assert headline_of_movements(rows, CLOSING_MRR) == said


@pytest.mark.parametrize("movement", [one.name for one in MOVEMENTS])
def test_a_company_that_does_anything_but_lose_customers_has_a_life(movement: str) -> None:
    later = metrics({"new_mrr": 9, "churned_mrr": -1}, {movement: -1 if movement == "churned_mrr" else 1})
    assert has_only_churn(later, customers(0, 0)) == (movement == "churned_mrr")


def customers(newly_acquired: int, returned: int) -> list[MonthlyKpis]:
    """Companies that were acquired in the first month, and what came in the second one."""
    numbers = [(9, 0), (newly_acquired, returned)]
    return [
        MonthlyKpis(first_of(month), "all", {"newly_acquired_companies": acquired, "returned_companies": number})
        for month, (acquired, number) in enumerate(numbers, 1)
    ]


@pytest.mark.parametrize(("newly_acquired", "returned"), [(1, 0), (0, 1), (0, 0)])
def test_so_has_one_to_which_customers_come_who_pay_nothing(newly_acquired: int, returned: int) -> None:
    of_nothing = metrics({}, {})
    assert has_only_churn(of_nothing, customers(newly_acquired, returned)) == (newly_acquired == returned == 0)


def test_below_stands_the_cohort_or_how_many_were_acquired_so_far() -> None:
    only_one = months(5, 5, acquired=500, active=211)
    assert deck_of_cohort(only_one) == (
        "The cohort of January 2021: 500 customers, of whom 42.2% were there in February 2021."
    )
    nearly = months(5, acquired=10**6, active=10**6 - 1)
    assert "of whom over 99.9% were there" in deck_of_cohort(nearly)
    assert [deck_of_cohort(months(0, acquired=number, active=0)) for number in (0, 1)] == ["", ""]
    two = months(5, acquired=2, active=1)
    assert deck_of_cohort(two) == "The cohort of January 2021: 2 customers, of whom 50.0% were there in January 2021."
    # Some companies that were acquired as small ones are large now, and some large ones are small.
    grown = [row(first_of(month), "small", opening=400 * month, active=300 * month) for month in (1, 2, 3)]
    assert deck_of_acquired(grown, 850) == (
        "Of 1,200 small customers acquired since January 2021, 850 were there in March 2021."
    )
