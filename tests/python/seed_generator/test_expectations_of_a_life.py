"""What to expect of a life beyond churn, against its exact laws, against another simulator, and against wrong ones."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.stats import binom

from exact_laws import Floats
from exact_lives import RATIOS, distribution
from examples import few_or_more
from expected_lives import LIVES, columns, lives_of_few
from seed_generator.expectations.expectation import OUTSIDE_BAND, OUTSIDE_PLAUSIBLE, Expectation
from seed_generator.expectations.kpis import KPIS, LIFE_KPIS, expected_kpis, expected_sessions
from seed_generator.expectations.subscriptions import LOSSES, SUBSCRIPTION_KPIS
from seed_generator.life import Acquisition, PriceChange, Usage
from seed_generator.scenario import ALL_SIZES, CompanySize, Scenario
from seed_generator.simulation.counts import books_of
from seed_generator.simulation.portion import Portion
from simulated_lives import Figures, simulated_life

SLACK_OF_RATIOS = 0.003  # for their bands that come from cumulants


def drawn_life(scenario: Scenario, seed: int) -> Figures:
    """Every figure of the project's own simulator, of shape (months, sizes and all of them), from its books."""
    books = books_of(Portion(replace(scenario, seed=seed)))
    prices = np.array([[float(size.monthly_price) for size in scenario.sizes_in(m)] for m in range(scenario.months)])
    of_sizes = {**books.columns, "revenue": books.active * prices}
    figures = {name: np.column_stack([cells, cells.sum(axis=1)]) for name, cells in of_sizes.items()}
    with np.errstate(invalid="ignore"):
        figures["avg_sessions_per_company"] = figures["sessions"] / figures["active_companies"]
        figures["retention_rate"] = figures["kept_companies"] / figures["opening_companies"]
    return figures


def implausible(figures: Figures, scenario: Scenario) -> set[str]:
    lowest, highest = columns(scenario, KPIS + LIFE_KPIS, "lowest_plausible", "highest_plausible")
    return {kpi for kpi in lowest if ((figures[kpi] < lowest[kpi]) | (figures[kpi] > highest[kpi])).any()}


@few_or_more(12, 150)
def test_what_is_expected_and_its_bounds_are_those_of_the_exact_law(examples: int) -> None:
    @settings(max_examples=examples)
    @given(lives_of_few())
    def holds(scenario: Scenario) -> None:
        months = {period: month for month, period in enumerate(scenario.periods)}
        names = [size.name for size in scenario.sizes]
        for row in expected_kpis(scenario):
            if row.kpi in SUBSCRIPTION_KPIS:
                continue
            places = [place for place, name in enumerate(names) if row.company_size in {name, ALL_SIZES}]
            chances = distribution(scenario, months[row.period], places, row.kpi)
            of_kind = LIFE_KPIS if row.kpi in LIFE_KPIS else KPIS
            part = OUTSIDE_PLAUSIBLE / (len(months) * (len(names) + 1) * len(of_kind))
            check = _assert_ratio if row.kpi in RATIOS else _assert_sum
            values, of_values = check(row, chances)
            below, above = (
                of_values[values < float(row.lower_95) - 1e-9].sum(),
                of_values[values > float(row.upper_95) + 1e-9].sum(),
            )
            assert max(below, above) <= OUTSIDE_BAND / 2 + 1e-6
            possible = (values >= float(row.lowest_plausible)) & (values <= float(row.highest_plausible))
            assert of_values[~possible].sum() <= part + 1e-12

    holds()


def _assert_sum(row: Expectation, chances: Floats) -> tuple[Floats, Floats]:
    values = np.arange(len(chances), dtype=float)
    mean = values @ chances
    assert float(row.expected) == pytest.approx(mean, abs=1e-7)
    assert row.standard_deviation is not None
    assert float(row.standard_deviation) ** 2 == pytest.approx((values - mean) ** 2 @ chances, abs=1e-5)
    # No narrower band will do.
    assert chances[values <= float(row.lower_95)].sum() > OUTSIDE_BAND / 2 - 1e-9
    assert chances[values >= float(row.upper_95)].sum() > OUTSIDE_BAND / 2 - 1e-9
    return values, chances


def _assert_ratio(row: Expectation, chances: Floats) -> tuple[Floats, Floats]:
    pairs = np.indices(chances.shape)
    above, below = pairs[0], pairs[1]
    assert row.standard_deviation is None
    assert float(row.expected) == pytest.approx((above * chances).sum() / (below * chances).sum(), abs=1e-7)
    some = below > 0
    return above[some] / below[some], chances[some] / chances[some].sum()


@pytest.mark.parametrize("seeds", [150, pytest.param(2_000, marks=pytest.mark.slow("more seeds"))])
@pytest.mark.parametrize(
    "life",
    [pytest.param(life, marks=() if life == "all together" else pytest.mark.slow("each kind alone")) for life in LIVES],
)
def test_each_band_holds_95_of_100_lives_and_all_of_them_are_plausible(life: str, seeds: int) -> None:
    scenario = Scenario(companies=300, **LIVES[life])
    lower, upper, lowest, highest = columns(
        scenario, KPIS + LIFE_KPIS, "lower_95", "upper_95", "lowest_plausible", "highest_plausible"
    )
    below = {kpi: np.zeros(cells.shape) for kpi, cells in lower.items()}
    above = {kpi: np.zeros(cells.shape) for kpi, cells in lower.items()}
    for seed in range(seeds):
        for kpi, figures in drawn_life(scenario, seed).items():
            below[kpi] += figures < lower[kpi]
            above[kpi] += figures > upper[kpi]
            assert not ((figures < lowest[kpi]) | (figures > highest[kpi])).any(), (kpi, seed)
    for kpi in lower:
        most = OUTSIDE_BAND / 2 + SLACK_OF_RATIOS * (kpi in RATIOS)
        error = np.sqrt(most * (1 - most) / seeds)
        # Of all cells of all lives none is missed more often than one of ten million would be.
        most_misses = binom.isf(1e-7, seeds, most)
        for side in (below[kpi], above[kpi]):
            assert side.max() <= most_misses, kpi
            assert side.mean() / seeds <= most + 2 * error, kpi
    # Where one company or session does not count for much, bands are not wider than they need to be.
    for kpi in ("sessions", "avg_sessions_per_company"):
        missed = (below[kpi] + above[kpi]) / seeds
        assert missed.mean() >= OUTSIDE_BAND - 3 * np.sqrt(OUTSIDE_BAND / seeds), kpi


BUSY = tuple(Decimal(factor) / 10 for factor in (10, 10, 10, 10, 14, 14, 14, 10, 10, 10, 10, 10))
MANY = Scenario(
    companies=300_000,
    months=8,
    **LIVES["all together"] | {"acquisition": Acquisition(20_000, Decimal("0.05")), "usage": Usage(BUSY)},
)


def _rounded_growth(scenario: Scenario) -> list[int]:
    plan = scenario.acquisition
    later = [plan.companies * (1 + plan.growth) ** months for months in range(scenario.months - 1)]
    return [scenario.companies, *(int(number.quantize(Decimal(1), ROUND_HALF_UP)) for number in later)]


def _season_of_the_base_alone(month: int) -> list[CompanySize]:
    return [replace(now, spread=size.spread) for now, size in zip(MANY.sizes_in(month), MANY.sizes, strict=True)]


WRONG: dict[str, dict[str, Any]] = {
    "a change of plan that comes after the sessions": {"moves_before_usage": False},
    "a return that is sure to have sessions": {"returns_are_drawn": False},
    "a growth that is rounded to the nearest": {"acquired": _rounded_growth(MANY)},
    "a season of the base alone": {"sizes_in": _season_of_the_base_alone},
}


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(wrong, id=name, marks=pytest.mark.slow("another mistake") if number else ())
        for number, (name, wrong) in enumerate(WRONG.items())
    ],
)
def test_a_wrong_life_of_many_companies_is_implausible(wrong: dict[str, Any]) -> None:
    assert implausible(simulated_life(MANY, seed=5, **wrong), MANY)


@pytest.mark.parametrize("simulator", [drawn_life, simulated_life])
def test_a_right_life_of_many_companies_is_plausible(simulator: Callable[[Scenario, int], Figures]) -> None:
    assert implausible(simulator(MANY, 5), MANY) == set()


def test_what_is_certain_has_no_band() -> None:
    scenario = Scenario(months=4, acquisition=Acquisition(companies=20, growth=Decimal("0.5")))
    rows = {(row.period.month, row.company_size, row.kpi): row for row in expected_kpis(scenario)}
    certain = {"acquired_companies": [500, 520, 550, 595], "newly_acquired_companies": [500, 20, 30, 45]}
    for kpi, numbers in certain.items():
        for month, number in enumerate(numbers, 1):
            assert _numbers(rows[month, ALL_SIZES, kpi]) == {number}
            assert len(_numbers(rows[month, "small", kpi])) == 5
    for (_, _, kpi), row in rows.items():
        if kpi in {"returned_companies", "moved_in_companies", "moved_out_companies"}:
            assert _numbers(row) == {0}
            assert row.standard_deviation == 0


def test_companies_that_change_plans_but_are_never_silent_are_all_kept() -> None:
    sizes = tuple(CompanySize(name, 0.5, Decimal(19), 5, 4) for name in ("small", "large"))
    scenario = Scenario(months=60, sizes=sizes, plan_changes=LIVES["changes of plan"]["plan_changes"])
    for row in expected_kpis(scenario):
        if row.kpi == "churned_companies":
            assert _numbers(row) == {0}
        elif row.kpi == "retention_rate":
            assert _numbers(row) == {1}
        elif (row.company_size, row.kpi) == (ALL_SIZES, "active_companies"):
            assert _numbers(row) == {500}
        assert row.lowest_plausible <= row.lower_95 <= row.upper_95 <= row.highest_plausible


def _numbers(row: Expectation) -> set[Decimal]:
    return {row.expected, row.lower_95, row.upper_95, row.lowest_plausible, row.highest_plausible}


def test_the_figures_of_a_life_are_expected_only_where_there_is_one() -> None:
    assert {row.kpi for row in expected_kpis(Scenario())} == set(KPIS)
    for life in LIVES.values():
        rows = expected_kpis(Scenario(months=13, **life))
        assert {row.kpi for row in rows} == {*KPIS, *LIFE_KPIS, *SUBSCRIPTION_KPIS}


def test_a_life_without_an_event_is_expected_as_the_brief_is() -> None:
    later = PriceChange(date(2022, 1, 1), "small", Decimal(21))
    rows = {(row.period, row.company_size, row.kpi): row for row in expected_kpis(Scenario(price_changes=(later,)))}
    for row in expected_kpis(Scenario()):
        same = rows[row.period, row.company_size, row.kpi]
        if row.kpi in RATIOS:  # their bands are more exact in a life
            same = replace(same, lower_95=row.lower_95, upper_95=row.upper_95)
        assert same == row


def test_expected_sessions_are_those_of_all_months() -> None:
    scenario = Scenario(**LIVES["all together"])
    rows = [row for row in expected_kpis(scenario) if (row.company_size, row.kpi) == (ALL_SIZES, "sessions")]
    assert float(expected_sessions(scenario)) == pytest.approx(float(sum(row.expected for row in rows)), abs=1e-6)


@pytest.mark.slow("more months", keeps="test_expectations_of_a_life.py")
def test_ten_years_of_monthly_cohorts_have_bounds_in_order() -> None:
    scenario = Scenario(months=120, **LIVES["all together"] | {"acquisition": Acquisition(companies=20)})
    rows = expected_kpis(scenario)
    assert sum(row.kpi not in SUBSCRIPTION_KPIS for row in rows) == 120 * 3 * len(KPIS + LIFE_KPIS)
    for row in rows:
        assert row.kpi in LOSSES or row.lowest_plausible >= 0
        assert row.lowest_plausible <= row.lower_95 <= row.upper_95 <= row.highest_plausible
        assert row.lowest_plausible <= row.expected <= row.highest_plausible
