"""The simulator's books against its rows."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from lives import lives
from seed_generator.scenario import Scenario
from seed_generator.simulation.books import Books
from seed_generator.simulation.companies import simulate_companies
from seed_generator.simulation.counts import books_of
from seed_generator.simulation.portion import Portion
from seed_generator.simulation.sessions import simulate_sessions


@settings(max_examples=30)
@given(st.integers(1, 300), st.integers(1, 8), st.integers(0, 2**63 - 1))
def test_the_books_say_what_the_rows_say(companies: int, months: int, seed: int) -> None:
    scenario = Scenario(companies=companies, months=months, seed=seed)
    books = Books(scenario)
    seen: dict[tuple[int, int], int] = {}
    for batch in simulate_sessions(Portion(scenario), books):
        for company in batch.company_id.tolist():
            key = (scenario.periods.index(batch.period), company)
            seen[key] = seen.get(key, 0) + 1
    size = {
        company: number
        for batch in simulate_companies(Portion(scenario))
        for company, number in zip(batch.company_id.tolist(), batch.size.tolist(), strict=True)
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


@settings(max_examples=60)
@given(lives())
def test_in_every_cell_of_a_life_the_figures_add_up(scenario: Scenario) -> None:
    books = books_of(Portion(scenario))
    moved = books.moved_in - books.moved_out
    np.testing.assert_array_equal(books.kept, books.opening - books.churned)
    np.testing.assert_array_equal(books.active, books.kept + moved + books.returned)
    np.testing.assert_array_equal(books.opening[1:], books.active[:-1] + books.newly_acquired[1:])
    np.testing.assert_array_equal(books.acquired, books.newly_acquired.cumsum(axis=0))
    np.testing.assert_array_equal(books.newly_acquired.sum(axis=1), scenario.acquired_companies)
    np.testing.assert_array_equal(books.active_of_acquired.sum(axis=1), books.active.sum(axis=1))
    assert (books.figures >= 0).all()
    assert (books.active_of_acquired <= books.acquired).all()
    assert not moved.sum(axis=1).any()
    made = sum(len(batch.session_id) for batch in simulate_sessions(Portion(scenario), Books(scenario)))
    assert made == books.sessions.sum()
    assert [books.price(month, 0) for month in range(scenario.months)] == [
        scenario.sizes_in(month)[0].monthly_price for month in range(scenario.months)
    ]
