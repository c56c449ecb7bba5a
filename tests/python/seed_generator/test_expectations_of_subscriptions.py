"""What to expect of the figures of subscriptions, against exact laws, another simulator, the books, and wrong lives."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.stats import binom

from exact_laws import Floats
from exact_payments import RATIOS, distribution
from examples import few_or_more
from expected_lives import LIVES, columns, lives_of_few
from seed_generator.expectations.alike import few_laws
from seed_generator.expectations.bounds import Contribution
from seed_generator.expectations.cohorts import Cohorts
from seed_generator.expectations.expectation import OUTSIDE_BAND, OUTSIDE_PLAUSIBLE, Expectation
from seed_generator.expectations.kpis import expected_kpis
from seed_generator.expectations.subscriptions import LOSSES, SUBSCRIPTION_KPIS
from seed_generator.life import Acquisition, PlanChange, PriceChange, Reactivation, Usage
from seed_generator.scenario import ALL_SIZES, CompanySize, Scenario
from seed_generator.simulation.counts import books_of
from seed_generator.simulation.portion import Portion
from simulated_lives import simulated_life
from simulated_payments import Figures, SimulatedPayments

A_DIGIT = 1e-7  # by which figures in floats are rounded
SLACK_OF_CUMULANTS = 0.003  # of bands that come from them


@few_or_more(8, 100)
def test_what_is_expected_and_its_bounds_are_those_of_the_exact_law(examples: int) -> None:
    @settings(max_examples=examples)
    @given(lives_of_few())
    def holds(scenario: Scenario) -> None:
        _assert_all_are_exact(scenario)

    holds()


SMALL_AND_LARGE = (
    CompanySize("size_0", 0.6, Decimal(3), 3, 3),
    CompanySize("size_1", 0.4, Decimal(7), 2, 2),
)
A_YEAR = Scenario(
    companies=4,
    months=13,
    sizes=SMALL_AND_LARGE,
    acquisition=Acquisition(2, Decimal("-0.5")),
    reactivation=Reactivation(Decimal("0.5")),
    plan_changes=(PlanChange("size_0", "size_1", Decimal("0.1")), PlanChange("size_1", "size_0", Decimal("0.02"))),
    usage=Usage((Decimal(1), Decimal(1), Decimal("0.5"), *[Decimal(1)] * 9)),
)
FREE_FOR_A_WHILE = (
    PriceChange(date(2021, 2, 1), "size_0", Decimal(0)),
    PriceChange(date(2021, 9, 1), "size_0", Decimal(4)),
)


@pytest.mark.parametrize(
    ("companies", "prices"),
    [
        (4, ()),
        pytest.param(12, (), marks=pytest.mark.slow("more companies")),
        pytest.param(12, FREE_FOR_A_WHILE, marks=pytest.mark.slow("a size that is free for a while")),
    ],
)
def test_so_it_is_over_a_year(companies: int, prices: tuple[PriceChange, ...]) -> None:
    _assert_all_are_exact(replace(A_YEAR, companies=companies, price_changes=prices))


def test_so_it_is_of_few_companies_in_two_months() -> None:
    _assert_all_are_exact(replace(A_YEAR, companies=3, months=2))


def _assert_all_are_exact(scenario: Scenario) -> None:
    """Of the last months, as more take long."""
    months = {period: month for month, period in enumerate(scenario.periods)}
    names = [size.name for size in scenario.sizes]
    part = OUTSIDE_PLAUSIBLE / (len(months) * (len(names) + 1) * len(SUBSCRIPTION_KPIS))
    some = [
        row
        for row in expected_kpis(scenario)
        if row.kpi in SUBSCRIPTION_KPIS and row.period in scenario.periods[-4 if len(months) < 12 else -1 :]
    ]
    for row in some:
        places = [place for place, name in enumerate(names) if row.company_size in {name, ALL_SIZES}]
        values, chances = _law(row, distribution(scenario, months[row.period], places, row.kpi))
        assert row.expected < 0 or not row.expected.is_signed()  # no -0
        below, above = (
            chances[values < float(row.lower_95) - A_DIGIT].sum(),
            chances[values > float(row.upper_95) + A_DIGIT].sum(),
        )
        assert max(below, above) <= OUTSIDE_BAND / 2 + 1e-6
        possible = (values >= float(row.lowest_plausible)) & (values <= float(row.highest_plausible))
        assert chances[~possible].sum() <= part + 1e-12


def _law(row: Expectation, chances: Floats) -> tuple[Floats, Floats]:
    """The values that the figure can have, and their chances; what is expected of it is checked."""
    if row.kpi in RATIOS:
        pairs = np.indices(chances.shape)
        above, below = pairs[0], pairs[1]
        assert row.standard_deviation is None
        assert float(row.expected) == pytest.approx((above * chances).sum() / (below * chances).sum(), abs=1e-7)
        some = below > 0
        return above[some] / below[some], chances[some] / chances[some].sum()
    values = np.arange(len(chances), dtype=float) * (-1 if row.kpi in LOSSES else 1)
    mean = values @ chances
    assert float(row.expected) == pytest.approx(mean, abs=1e-7)
    assert row.standard_deviation is not None
    assert float(row.standard_deviation) ** 2 == pytest.approx((values - mean) ** 2 @ chances, abs=1e-5)
    # No narrower band will do.
    assert chances[values <= float(row.lower_95)].sum() > OUTSIDE_BAND / 2 - 1e-9
    assert chances[values >= float(row.upper_95)].sum() > OUTSIDE_BAND / 2 - 1e-9
    return values, chances


@pytest.mark.parametrize(
    ("life", "seeds"),
    [
        ("all together", 150),
        pytest.param("all together", 2_000, marks=pytest.mark.slow("more seeds")),
        *(
            pytest.param(life, 500, marks=pytest.mark.slow("each kind alone"))
            for life in LIVES
            if life != "all together"
        ),
    ],
)
def test_each_band_holds_95_of_100_lives_and_all_of_them_are_plausible(life: str, seeds: int) -> None:
    scenario = Scenario(companies=300, months=14, **LIVES[life])
    lower, upper, lowest, highest = _bounds(scenario)
    below = {kpi: np.zeros(cells.shape) for kpi, cells in lower.items()}
    above = {kpi: np.zeros(cells.shape) for kpi, cells in lower.items()}
    for seed in range(seeds):
        for kpi, figures in _simulated(scenario, seed).items():
            assert not (np.isnan(lower[kpi]) & ~np.isnan(figures)).any(), kpi
            below[kpi] += figures < lower[kpi]
            above[kpi] += figures > upper[kpi]
            assert not ((figures < lowest[kpi]) | (figures > highest[kpi])).any(), (kpi, seed)
    for kpi in SUBSCRIPTION_KPIS:
        most = OUTSIDE_BAND / 2 + SLACK_OF_CUMULANTS
        # Of all cells of all lives none is missed more often than one of ten million would be.
        most_misses = binom.isf(1e-7, seeds, most)
        for side in (below[kpi], above[kpi]):
            assert side.max() <= most_misses, kpi
            assert side.mean() / seeds <= OUTSIDE_BAND / 2 + 2 * np.sqrt(most / seeds), kpi


def _simulated(scenario: Scenario, seed: int, *, prices_are_kept: bool = False, **wrong: Any) -> Figures:
    payments = SimulatedPayments(len(scenario.sizes), **wrong)
    simulated_life(scenario, seed, payments=payments, prices_are_kept=prices_are_kept)
    return payments.figures()


def _bounds(scenario: Scenario) -> list[dict[str, Floats]]:
    """The four of each figure, by a digit wider."""
    names = ("lower_95", "upper_95", "lowest_plausible", "highest_plausible")
    found = columns(scenario, SUBSCRIPTION_KPIS, *names)
    return [
        {kpi: cells + (A_DIGIT if number % 2 else -A_DIGIT) for kpi, cells in of_name.items()}
        for number, of_name in enumerate(found)
    ]


def _implausible(figures: Figures, scenario: Scenario) -> set[str]:
    _, _, lowest, highest = _bounds(scenario)
    return {kpi for kpi in figures if ((figures[kpi] < lowest[kpi]) | (figures[kpi] > highest[kpi])).any()}


MANY = Scenario(companies=300_000, months=13, **LIVES["all together"] | {"acquisition": Acquisition(20_000)})
WRONG: dict[str, dict[str, Any]] = {
    "companies whose payments are forgotten after a month": {"forgets": True},
    "companies that keep the price of the first month": {"prices_are_kept": True},
    "a cap on all companies together": {"caps_together": True},
}


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(wrong, id=name, marks=pytest.mark.slow("another mistake") if number else ())
        for number, (name, wrong) in enumerate(WRONG.items())
    ],
)
def test_wrong_payments_of_many_companies_are_implausible(wrong: dict[str, Any]) -> None:
    assert _implausible(_simulated(MANY, 5, **wrong), MANY)


def test_right_payments_of_many_companies_are_plausible() -> None:
    assert _implausible(_simulated(MANY, 5), MANY) == set()
    books = books_of(Portion(replace(MANY, seed=5)))
    booked = {
        **{name: cells / 100 for name, cells in books.mrr.amounts(books.active).items()},
        **books.mrr.counts(),
    }
    figures = {name: np.column_stack([cells, cells.sum(axis=1)]) for name, cells in booked.items()}
    assert _implausible({kpi: figures[kpi] for kpi in figures if kpi in SUBSCRIPTION_KPIS}, MANY) == set()


def test_companies_that_are_never_silent_keep_their_revenue_and_churn_none() -> None:
    sizes = tuple(CompanySize(name, 0.5, Decimal(price), 5, 4) for name, price in (("small", 19), ("large", 99)))
    moves = LIVES["changes of plan"]["plan_changes"]
    certain = {
        "churned_mrr": 0,
        "lost_paying_companies": 0,
        "reactivation_mrr": 0,
        "net_revenue_retention_1m": 1,
        "net_revenue_retention_12m": 1,
        "gross_revenue_retention_12m": 1,
        "revenue_churn_rate": 0,
    }
    later = PriceChange(date(2023, 1, 1), "small", Decimal(21))
    for row in expected_kpis(Scenario(months=14, sizes=sizes, price_changes=(later,))):
        if row.kpi in certain:
            assert _numbers(row) == {certain[row.kpi]}, row
        assert row.kpi != "quick_ratio"
    for row in expected_kpis(Scenario(months=3, sizes=sizes, plan_changes=moves)):
        if row.kpi in {"churned_mrr", "lost_paying_companies", "reactivation_mrr"}:
            assert _numbers(row) == {0}
        if (row.kpi, row.company_size) == ("avg_revenue_per_company", "small"):
            assert _numbers(row) == {19}


def _numbers(row: Expectation) -> set[Decimal]:
    return {row.expected, row.lower_95, row.upper_95, row.lowest_plausible, row.highest_plausible}


@pytest.mark.parametrize("decline", [0.3, 0.9, 0.99])
def test_laws_that_are_taken_as_one_keep_the_mean_and_add_little_to_the_variance(decline: float) -> None:
    chances = np.array([[0.6, 0.3]]) * decline ** np.arange(60)[:, np.newaxis]
    each = Contribution(np.array([19, 99]), chances, 1 - chances.sum(axis=1))
    laws = [np.arange(months) for months in (24, 25, 60)]
    cohorts = Cohorts(laws, [np.full(len(of_month), 20) for of_month in laws])
    fewer, alike = few_laws(cohorts, each)
    assert len(fewer.laws[0]) == 24
    assert max(len(of_month) for of_month in fewer.laws[1:]) <= 16
    assert (fewer.companies == cohorts.companies).all()
    mean, variance = cohorts.sums(each.cumulants)[:, :2].T
    of_fewer = fewer.sums(alike.cumulants)
    assert of_fewer[:, 0] == pytest.approx(mean)
    assert (of_fewer[:, 1] >= variance * (1 - 1e-12)).all()
    assert of_fewer[:, 1] == pytest.approx(variance, rel=0.01)
