"""Right answers that others have printed, from rows of our own that tell of the same situations, on both engines.

A size is an amount here, and a company changes its plan when it pays another one.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from itertools import count, pairwise
from typing import Any

import pytest

from seed_generator.scenario import add_months
from warehouses import Warehouse

FIRST = date(2018, 12, 1)
MONTHS = 32
# What companies pay, by month from the first one on; a company that is not named in a month pays nothing for it.
Amounts = Mapping[int, str]


def paying(*amounts: str, since: int) -> Amounts:
    """A company that pays these amounts, month after month."""
    return dict(enumerate(amounts, since))


def steady(amount: str, since: int, until: int) -> Amounts:
    return dict.fromkeys(range(since, until), amount)


def a_year() -> Iterator[Amounts]:
    """The year up to December 2019 of the public set behind dbt-labs/mrr-playbook, as its totals tell of it.

    Of twelve companies that pay 585 dollars seven are left with 410; in December 17 of 42 are lost and 3 are new.
    """
    survivors = [("50", "80", "100"), ("50", "50", "70"), ("80", "80", "60")]
    survivors += [(amount, amount, amount) for amount in ("60", "45", "40", "35")]
    for then, before, now in survivors:
        yield {**steady(then, 0, 11), 11: before, 12: now}
    yield from [steady("45", 0, 6)] * 4
    yield {**steady("45", 0, 2), 4: "50"}  # lost in February, back in April
    stayed = [("20", "30"), ("50", "40"), ("45", "45"), *[("42", "42")] * 15]
    yield from (paying(*amounts, since=11) for amounts in stayed)
    yield from (paying(amount, since=11) for amount in ("49", *["41"] * 16))
    yield from (paying(amount, since=12) for amount in ("30", "30", "40"))


def worked_examples() -> Iterator[Amounts]:
    """Each opens in a month of its own, and is over before the next one opens."""
    # ChartMogul, net MRR churn: 100 dollars, of which 10 churn and 10 contract, and 10 more.
    yield from (paying(*amounts, since=14) for amounts in (("20", "10"), ("10",), ("10", "20"), *[("10", "10")] * 6))
    # ChartMogul, a subscription of 500 dollars four times a year with two others of 30, one after the other ended.
    yield paying("166.67", "226.67", "196.67", since=17)
    # Baremetrics' quick ratio: 50 and 15 dollars are gained, 3 and 10 are lost.
    yield from (paying(*amounts, since=21) for amounts in (("20", "35"), ("13", "10"), ("10",), ("7", "7")))
    yield paying("50", since=22)
    # Retention in a company's report: of 10.0 million 0.6 contract and 0.9 churn, and 1.8 come on top.
    yield from (paying(*amounts, since=24) for amounts in (("3.6", "5.4"), ("2.2", "1.6"), ("0.9",), ("3.3", "3.3")))
    # A company of which every month a twentieth is lost, at 100 dollars each.
    yield from [paying("100", since=27)] + [paying("100", "100", since=27)] * 19
    yield paying("100", since=28)


EXPECTED = {
    4: "opening_mrr 540 reactivation_mrr 50 new_mrr 0 closing_mrr 590",
    12: """
        opening_mrr 1840 new_mrr 100 reactivation_mrr 0 expansion_mrr 50 contraction_mrr -30 churned_mrr -705
        closing_mrr 1255 new_paying_companies 3 expanded_companies 3 contracted_companies 2 lost_paying_companies 17
        net_revenue_retention_1m .627717 gross_revenue_retention_1m .600543
        opening_mrr_12m 585 kept_mrr_12m 410 capped_mrr_12m 340
        net_revenue_retention_12m .700855 gross_revenue_retention_12m .581197
    """,
    15: """
        opening_mrr 100 expansion_mrr 10 contraction_mrr -10 churned_mrr -10
        revenue_churn_rate .2 net_revenue_retention_1m .9 gross_revenue_retention_1m .8
    """,
    17: "new_mrr 166.67 closing_mrr 166.67",
    18: "expansion_mrr 60 closing_mrr 226.67",
    19: "contraction_mrr -30 closing_mrr 196.67",
    20: "churned_mrr -196.67 closing_mrr 0 net_revenue_retention_1m 0",
    22: "quick_ratio 5",
    25: "opening_mrr 10 closing_mrr 10.3 gross_revenue_retention_1m .85 net_revenue_retention_1m 1.03",
    28: "avg_revenue_per_company 100 lifetime_value 2000",
}


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def built(request: pytest.FixtureRequest) -> Warehouse:
    warehouse: Warehouse = request.getfixturevalue(f"{request.param}_warehouse")
    scenario = ("--companies", "1", "--months", str(MONTHS), "--first-month", f"{FIRST:%Y-%m}")
    assert warehouse.seed(*scenario).returncode == 0
    with warehouse.cursor() as cursor:
        for statement in statements([*a_year(), *worked_examples()]):
            cursor.execute(statement)
    assert warehouse.dbt("run"), warehouse.messages
    return warehouse


def statements(companies: list[Amounts]) -> Iterator[str]:
    """In place of what the simulator has loaded."""
    for table in ("sessions", "plan_changes", "price_changes", "companies", "plans"):
        yield f"delete from raw.{table}"
    amounts = sorted({amount for company in companies for amount in company.values()})
    yield f"insert into raw.plans values {rows((amount, Decimal(amount)) for amount in amounts)}"
    named = list(enumerate(companies, 1))
    first = [(number, f"company {number}", company[min(company)], month(min(company))) for number, company in named]
    yield f"insert into raw.companies values {rows(first)}"
    changes = [
        (number, month(now), company[now])
        for number, company in named
        for before, now in pairwise(sorted(company))
        if company[before] != company[now]
    ]
    yield f"insert into raw.plan_changes values {rows(changes)}"
    session = count(1)
    seen = sorted((month(number), company) for company, amounts in named for number in amounts)
    yield f"insert into raw.sessions values {rows((next(session), company, period) for period, company in seen)}"


def month(number: int) -> date:
    return add_months(FIRST, number)


def rows(values: Any) -> str:
    return ", ".join("(" + ", ".join(f"'{value}'" for value in row) + ")" for row in values)


@pytest.mark.parametrize("number", EXPECTED)
def test_a_printed_example_has_the_figures_that_are_printed(built: Warehouse, number: int) -> None:
    words = EXPECTED[number].split()
    expected = dict(zip(words[::2], map(Decimal, words[1::2]), strict=True))
    query = f"select {', '.join(expected)} from marts.rpt_subscription_metrics where company_size = 'all' and period = "
    (found,) = built.query(f"{query}'{month(number)}'")
    assert {name: round(Decimal(value), 6) for name, value in zip(expected, found, strict=True)} == expected
