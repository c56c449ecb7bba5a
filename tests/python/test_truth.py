"""The simulator's books against its rows, and the expected values against the books."""

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seed_generator.scenario import LARGE, SMALL, CompanySize, Scenario
from seed_generator.simulation import simulate_companies, simulate_sessions
from seed_generator.truth import Books, expected_kpis, silence_probability


def booked(scenario: Scenario) -> Books:
    books = Books(scenario)
    for _ in simulate_sessions(scenario, books):
        pass
    return books


@settings(max_examples=30)
@given(st.integers(1, 300), st.integers(1, 8), st.integers(0, 2**63 - 1))
def test_the_books_say_what_the_rows_say(companies: int, months: int, seed: int) -> None:
    scenario = Scenario(companies=companies, months=months, seed=seed)
    books = Books(scenario)
    seen: dict[tuple[int, int], int] = {}
    for batch in simulate_sessions(scenario, books):
        for company in batch.company_id.tolist():
            key = (scenario.periods.index(batch.period), company)
            seen[key] = seen.get(key, 0) + 1
    size = {
        c: s for b in simulate_companies(scenario) for c, s in zip(b.company_id.tolist(), b.size.tolist(), strict=True)
    }
    for month in range(months):
        for number, plan in enumerate(scenario.sizes):
            members = {company for company in size if size[company] == number}
            active = {company for company in members if (month, company) in seen}
            opening = {company for company in members if (month - 1, company) in seen} if month else members
            assert books.acquired[month, number] == len(members)
            assert books.opening[month, number] == len(opening)
            assert books.churned[month, number] == len(opening - active)
            assert books.active[month, number] == len(active)
            assert books.sessions[month, number] == sum(seen.get((month, company), 0) for company in members)
            assert books.revenue(month, number) == len(active) * plan.monthly_price


def test_the_expected_values_are_those_of_the_assignment() -> None:
    rows = {(row.period.month, row.company_size): row for row in expected_kpis(Scenario())}
    assert silence_probability(SMALL) == 1 / 12
    assert silence_probability(LARGE) == 1 / 22
    assert round(rows[1, "small"].active_companies, 2) == 320.83
    assert round(rows[1, "large"].active_companies, 2) == 143.18
    assert round(rows[12, "small"].active_companies, 1) == 123.2
    assert round(rows[12, "large"].active_companies, 1) == 85.8
    assert round(rows[1, "small"].revenue + rows[1, "large"].revenue, 2) == 20_270.83
    for month in range(1, 13):
        small, large = (rows[month, size].avg_sessions_per_company for size in ("small", "large"))
        assert small is not None
        assert large is not None
        assert (round(small, 4), round(large, 4)) == (5.4545, 10.4762)


def test_the_books_of_many_companies_agree_with_the_expected_values_within_their_error() -> None:
    scenario = Scenario(companies=1_000_000, months=6, seed=11)
    books = booked(scenario)
    for position, row in enumerate(expected_kpis(scenario)):
        month, number = divmod(position, len(scenario.sizes))
        chance = row.active_companies / scenario.companies
        error = math.sqrt(scenario.companies * chance * (1 - chance))
        assert abs(books.active[month, number] - row.active_companies) < 5 * error
        assert abs(books.churned[month, number] - row.churned_companies) < 5 * math.sqrt(row.churned_companies)
        assert row.avg_sessions_per_company is not None
        average = books.sessions[month, number] / books.active[month, number]
        assert abs(average - row.avg_sessions_per_company) < 5 * 6 / math.sqrt(row.active_companies)
        # Sessions vary with the companies and with their counts; 3 and 6 are bounds of the counts' deviations.
        assert abs(books.sessions[month, number] - row.sessions) < 5 * 12 * error
        assert float(books.revenue(month, number)) == pytest.approx(
            row.revenue, abs=5 * error * float(scenario.sizes[number].monthly_price)
        )


@pytest.mark.parametrize(
    ("base", "spread", "chance"),
    [(0, 0, 1.0), (5, 0, 0.0), (5, 4, 0.0), (1, 1, 0.25), (5, 5, 1 / 12), (10, 10, 1 / 22)],
)
def test_the_chance_of_silence_is_that_of_the_one_outcome_that_takes_the_base_away(
    base: int, spread: int, chance: float
) -> None:
    size = CompanySize("any", 1.0, Decimal(1), base, spread)
    assert silence_probability(size) == chance
    books = booked(Scenario(companies=60_000, months=1, sizes=(size,)))
    error = math.sqrt(60_000 * chance * (1 - chance))
    assert abs(books.churned[0, 0] - 60_000 * chance) <= 5 * error


def test_a_scenario_in_which_nobody_can_be_active_has_no_average() -> None:
    silent = CompanySize("silent", 1.0, Decimal(1), 0, 0)
    scenario = Scenario(companies=10, months=2, sizes=(silent,))
    assert [row.avg_sessions_per_company for row in expected_kpis(scenario)] == [None, None]
    books = booked(scenario)
    np.testing.assert_array_equal(books.churned.ravel(), [10, 0])
    assert books.sessions.sum() == 0
