"""What to expect, against the exact laws, against the simulation, and against simulations that are wrong."""

import math
from collections.abc import Callable
from decimal import Decimal
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from exact_laws import Floats, chance_of_mean, chance_of_sum, laws, of_sums
from examples import few_or_more
from seed_generator.expectations.chances import silence_probability
from seed_generator.expectations.expectation import OUTSIDE_BAND, OUTSIDE_PLAUSIBLE, Expectation
from seed_generator.expectations.kpis import KPIS, expected_kpis, expected_sessions
from seed_generator.scenario import (
    ALL_SIZES,
    LARGE,
    MAX_SESSIONS_PER_COMPANY,
    MAX_SESSIONS_PER_MONTH,
    SMALL,
    CompanySize,
    Scenario,
)
from seed_generator.simulation.books import Books
from seed_generator.simulation.portion import Portion
from seed_generator.simulation.sessions import simulate_sessions

MOST_COMPANIES = (MAX_SESSIONS_PER_MONTH - 1) // MAX_SESSIONS_PER_COMPANY  # whatever their sessions are
MEANS = ("avg_sessions_per_company", "retention_rate")
Key = tuple[int, str, str]


def by_key(scenario: Scenario) -> dict[Key, Expectation]:
    """The expectations by (month counted from 1, size, figure)."""
    month = {period: number for number, period in enumerate(scenario.periods, start=1)}
    return {(month[row.period], row.company_size, row.kpi): row for row in expected_kpis(scenario)}


def booked(scenario: Scenario) -> Books:
    books = Books(scenario)
    for _ in simulate_sessions(Portion(scenario), books):
        pass
    return books


def figures(books: Books) -> dict[Key, Decimal]:
    """Every figure that has a denominator."""
    sizes = books.scenario.sizes
    columns = {size.name: [number] for number, size in enumerate(sizes)} | {ALL_SIZES: list(range(len(sizes)))}
    found: dict[Key, Decimal] = {}
    for month, (name, members) in product(range(books.scenario.months), columns.items()):
        opening, churned, active, sessions = (
            Decimal(int(table[month, members].sum()))
            for table in (books.opening, books.churned, books.active, books.sessions)
        )
        of_month = {
            "active_companies": active,
            "churned_companies": churned,
            "sessions": sessions,
            "revenue": sum((books.revenue(month, number) for number in members), Decimal(0)),
        }
        if active:
            of_month["avg_sessions_per_company"] = sessions / active
        if opening:
            of_month["retention_rate"] = active / opening
        found |= {(month + 1, name, kpi): value for kpi, value in of_month.items()}
    return found


def implausible(books: Books, expectations: dict[Key, Expectation]) -> set[Key]:
    return {
        key
        for key, value in figures(books).items()
        if not expectations[key].lowest_plausible <= value <= expectations[key].highest_plausible
    }


def exact_chance(scenario: Scenario, row: Expectation, month: int, lower: Decimal, upper: Decimal) -> float:
    """That the figure lies between the two, by its exact law; given that it has a denominator."""
    sizes = [size for size in scenario.sizes if row.company_size in {size.name, ALL_SIZES}]
    law = _mixed([_law(size, laws(size, month), row.kpi) for size in sizes])
    if row.kpi in MEANS:
        return chance_of_mean(scenario.companies, law, lower, upper)
    return chance_of_sum(of_sums(scenario.companies, law), math.ceil(lower), math.floor(upper))


def _law(size: CompanySize, of_kpi: dict[str, Floats], kpi: str) -> Floats:
    """Of a company's contribution; that to revenue is in whole dollars."""
    law = of_kpi[kpi]
    if kpi != "revenue":
        return law
    pays = np.zeros(int(size.monthly_price) + 1)
    pays[-1] = law[1]
    return pays


def _mixed(parts: list[Floats]) -> Floats:
    law = np.zeros(max(map(len, parts)))
    for part in parts:
        law[: len(part)] += part
    return law


def test_the_expected_values_are_those_of_the_assignment() -> None:
    rows = by_key(Scenario())
    assert len(rows) == 12 * 3 * len(KPIS)
    expected = {key: row.expected for key, row in rows.items()}
    assert silence_probability(SMALL) * 12 == pytest.approx(1)
    assert silence_probability(LARGE) * 22 == pytest.approx(1)
    assert round(expected[1, "small", "active_companies"], 2) == Decimal("320.83")
    assert round(expected[1, "large", "active_companies"], 2) == Decimal("143.18")
    assert round(expected[12, "small", "active_companies"], 1) == Decimal("123.2")
    assert round(expected[12, "large", "active_companies"], 1) == Decimal("85.8")
    assert round(expected[1, ALL_SIZES, "revenue"], 2) == Decimal("20270.83")
    assert {round(expected[month, "small", MEANS[0]], 4) for month in range(1, 13)} == {Decimal("5.4545")}
    assert {round(expected[month, "large", MEANS[0]], 4) for month in range(1, 13)} == {Decimal("10.4762")}
    assert round(expected_sessions(Scenario())) == 27_725


@settings(max_examples=25)
@given(
    st.integers(1, 40),
    st.integers(1, 4),
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 40)), min_size=1, max_size=3),
)
def test_expected_values_and_deviations_are_those_of_the_exact_law(
    companies: int, months: int, kinds: list[tuple[int, int, int]]
) -> None:
    scenario = _scenario(companies, months, kinds)
    for (month, name, kpi), row in by_key(scenario).items():
        sizes = [size for size in scenario.sizes if name in {size.name, ALL_SIZES}]
        parts = [laws(size, month)[kpi] for size in sizes]
        values = [float(size.monthly_price) if kpi == "revenue" else 1.0 for size in sizes]
        first, second = (
            sum(
                float(part @ (np.arange(len(part)) * value) ** power) for part, value in zip(parts, values, strict=True)
            )
            for power in (1, 2)
        )
        if kpi in MEANS:
            assert row.standard_deviation is None
            assert float(row.expected) == pytest.approx(first / sum(part.sum() for part in parts), abs=1e-7)
            continue
        assert row.standard_deviation is not None
        assert float(row.expected) == pytest.approx(companies * first, abs=1e-6)
        variance = companies * max(second - first**2, 0)
        assert float(row.standard_deviation) ** 2 == pytest.approx(variance, abs=1e-5)


@settings(max_examples=25)
@given(
    st.integers(1, 30),
    st.integers(1, 3),
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 9), st.integers(0, 40)), min_size=1, max_size=3),
)
def test_no_narrower_band_holds_95_of_100_and_plausible_bounds_keep_their_promise(
    companies: int, months: int, kinds: list[tuple[int, int, int]]
) -> None:
    scenario = _scenario(companies, months, kinds)
    rows = by_key(scenario)
    for (month, _, kpi), row in rows.items():
        least, most = Decimal(-1), Decimal(10**9)
        below = exact_chance(scenario, row, month, least, row.lower_95 - Decimal("1e-8"))
        above = exact_chance(scenario, row, month, row.upper_95 + Decimal("1e-8"), most)
        # Where the law is nearly normal, the band of a mean comes from its cumulants.
        slack = 0.003 if kpi in MEANS else 1e-9
        assert below <= OUTSIDE_BAND / 2 + slack
        assert above <= OUTSIDE_BAND / 2 + slack
        narrower = exact_chance(scenario, row, month, row.lower_95 + Decimal("1e-7"), most)
        assert narrower < 1 - OUTSIDE_BAND / 2 + slack
        outside = 1 - exact_chance(scenario, row, month, row.lowest_plausible, row.highest_plausible)
        assert outside <= OUTSIDE_PLAUSIBLE / len(rows) + 1e-12


def _scenario(companies: int, months: int, kinds: list[tuple[int, int, int]]) -> Scenario:
    """Sizes of equal share, with whole prices, in the order of what they draw."""
    sizes = tuple(
        CompanySize(f"size_{number}", 1 / len(kinds), Decimal(price), base, min(base, spread))
        for number, (base, spread, price) in enumerate(kinds)
    )
    return Scenario(companies=companies, months=months, sizes=sizes)


@pytest.mark.parametrize("companies", [500, pytest.param(40, marks=pytest.mark.slow("a smaller company"))])
def test_over_2000_seeds_each_band_holds_as_many_simulations_as_its_exact_law_says(companies: int) -> None:
    months, seeds = 3, 2_000
    rows = by_key(Scenario(companies=companies, months=months))
    held, counted = dict.fromkeys(rows, 0), dict.fromkeys(rows, 0)
    for seed in range(seeds):
        for key, value in figures(booked(Scenario(companies=companies, months=months, seed=seed))).items():
            counted[key] += 1
            held[key] += rows[key].lower_95 <= value <= rows[key].upper_95
    for key, row in rows.items():
        exact = exact_chance(Scenario(companies=companies), row, key[0], row.lower_95, row.upper_95)
        error = math.sqrt(exact * (1 - exact) / counted[key])
        assert 0.945 < exact <= 1, (key, exact)
        assert counted[key] > 0.99 * seeds
        assert abs(held[key] / counted[key] - exact) <= 4 * error, (key, exact, held[key])


Law = Callable[[np.random.Generator, CompanySize, int], NDArray[np.int64]]


def _right(rng: np.random.Generator, size: CompanySize, companies: int) -> NDArray[np.int64]:
    return size.base_sessions + rng.choice([-1, 1], companies) * rng.integers(0, size.spread, companies, endpoint=True)


def _uniform(rng: np.random.Generator, size: CompanySize, companies: int) -> NDArray[np.int64]:
    return size.base_sessions + rng.integers(-size.spread, size.spread, companies, endpoint=True)


def _never_the_most(rng: np.random.Generator, size: CompanySize, companies: int) -> NDArray[np.int64]:
    return size.base_sessions + rng.integers(-size.spread, size.spread, companies)


def _simulated(
    scenario: Scenario, law: Law = _right, share: float = 0.7, *, forgets_the_first_day: bool = False
) -> Books:
    """The books of another simulator, which may be wrong."""
    rng = np.random.default_rng(scenario.seed)
    size = rng.choice(2, scenario.companies, p=[share, 1 - share])
    books = Books(scenario)
    customers = np.ones(scenario.companies, bool)
    for month, period in enumerate(scenario.periods):
        days = ((period.replace(day=28) - period).days + 1) if period.month == 2 else 30 + (period.month in {1, 3, 5})
        drawn = np.where(size == 0, law(rng, SMALL, len(size)), law(rng, LARGE, len(size)))
        books.record(month, np.array([np.bincount(drawn[customers & (size == n)], minlength=256) for n in (0, 1)]))
        customers &= drawn > 0
        if forgets_the_first_day:  # whose sessions all fall on it is not carried into the next month
            customers &= rng.random(len(size)) >= (1 / days) ** drawn.astype(float)
    return books


WRONG: dict[str, dict[str, Any]] = {
    "a share of 0.68": {"share": 0.68},
    "uniform on -5..5": {"law": _uniform},
    "never +5": {"law": _never_the_most},
    "survivors of the first day only": {"forgets_the_first_day": True},
}


@pytest.mark.parametrize("fault", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_simulation_of_a_million_companies_is_implausible(fault: dict[str, Any]) -> None:
    scenario = Scenario(companies=1_000_000, months=6, seed=3)
    assert implausible(_simulated(scenario, **fault), by_key(scenario))


def test_a_right_simulation_of_a_million_companies_is_plausible() -> None:
    scenario = Scenario(companies=1_000_000, months=6, seed=3)
    expectations = by_key(scenario)
    assert implausible(_simulated(scenario), expectations) == set()
    assert implausible(booked(scenario), expectations) == set()


@pytest.mark.parametrize(
    ("base", "spread", "chance"),
    [(0, 0, 1), (5, 0, 0), (5, 4, 0), (1, 1, 1 / 4), (5, 5, 1 / 12), (10, 10, 1 / 22)],
)
def test_the_chance_of_silence_is_that_of_the_one_outcome_that_takes_the_base_away(
    base: int, spread: int, chance: float
) -> None:
    size = CompanySize("any", 1.0, Decimal(1), base, spread)
    assert float(silence_probability(size)) == pytest.approx(chance)
    books = booked(Scenario(companies=60_000, months=1, sizes=(size,)))
    error = math.sqrt(60_000 * chance * (1 - chance))
    assert abs(books.churned[0, 0] - 60_000 * chance) <= 5 * error


def test_a_scenario_in_which_nobody_can_be_active_has_no_average() -> None:
    silent = CompanySize("silent", 1.0, Decimal(1), 0, 0)
    scenario = Scenario(companies=10, months=2, sizes=(silent,))
    rows = by_key(scenario)
    assert {key for key in rows if key[2] in MEANS} == {(1, "silent", MEANS[1]), (1, ALL_SIZES, MEANS[1])}
    assert implausible(booked(scenario), rows) == set()
    assert {row.expected for key, row in rows.items() if key[2] in {"sessions", "revenue"}} == {0}


Kinds = list[tuple[float, str, tuple[int, int]]]
kinds_of_sizes = st.lists(
    st.tuples(
        st.floats(0, 1),
        st.sampled_from(["0", "0.01", "19", "1234.56", "99.99"]),
        st.integers(0, 255).flatmap(lambda base: st.tuples(st.just(base), st.integers(0, min(base, 255 - base)))),
    ),
    min_size=1,
    max_size=4,
)


@few_or_more(6, 60)
def test_every_scenario_has_bounds_in_order_and_what_is_expected_is_plausible(examples: int) -> None:
    @settings(max_examples=examples)
    @given(
        st.sampled_from([1, 2, 7, 500, 40_000, 10**6, MOST_COMPANIES]), st.sampled_from([1, 2, 15, 60]), kinds_of_sizes
    )
    def holds(companies: int, months: int, kinds: Kinds) -> None:
        _assert_bounds_are_in_order(companies, months, kinds)

    holds()


def _assert_bounds_are_in_order(companies: int, months: int, kinds: Kinds) -> None:
    shares = [share for share, _, _ in kinds[1:]]
    shares = [share / max(sum(shares), 1) for share in shares]
    sizes = tuple(
        CompanySize(f"size_{number}", share, Decimal(price), base, spread)
        for number, (share, (_, price, (base, spread))) in enumerate(
            zip([max(0, 1 - sum(shares)), *shares], kinds, strict=True)
        )
    )
    for row in expected_kpis(Scenario(companies=companies, months=months, sizes=sizes)):
        assert 0 <= row.lowest_plausible <= row.lower_95 <= row.upper_95 <= row.highest_plausible
        # Bounds are whole numbers, of all companies' sessions or prices where these are all alike.
        step = {"sessions": 255, "revenue": 1235}.get(row.kpi, 1)
        assert row.lowest_plausible - step < row.expected < row.highest_plausible + step
