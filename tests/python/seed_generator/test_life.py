"""The life of companies beyond churn: its rules against their exact laws and against a slow second telling of them."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import ROUND_FLOOR, Decimal
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from lives import ALL_KINDS, SUMMER, lived, lives, with_more
from seed_generator import schemas
from seed_generator.life import MAX_ACQUIRED_IN_A_MONTH, Acquisition, PlanChange, PriceChange, Reactivation, Usage
from seed_generator.scenario import MAX_COMPANIES, CompanySize, Scenario
from seed_generator.simulation.books import Books
from seed_generator.simulation.companies import simulate_companies
from seed_generator.simulation.counts import books_of, draw_counts, simulate_churned
from seed_generator.simulation.customers import PlanChanges
from seed_generator.simulation.plan_changes import simulate_plan_changes
from seed_generator.simulation.portion import BLOCK_COMPANIES, NOTHING, Extent, Portion
from seed_generator.simulation.sessions import IN_TURN, Manner, first_session_id, simulate_sessions
from seed_generator.simulation.streams import Purpose, draw, stream
from seed_generator.tables import simulated_tables, table_of

UNLIKELY = 1e-6
STEADY = CompanySize("steady", 1.0, Decimal(1), base_sessions=3, spread=2)
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class History:
    """From the rows alone: companies by id, with their months in a row each.

    `size` has what each holds in each month, and `counts` its sessions, -1 before it is acquired.
    """

    company_id: Ints
    acquired: Ints
    size: Ints
    counts: Ints

    def opening(self, month: int) -> NDArray[np.bool_]:
        """Active in the month before."""
        return self.counts[:, month - 1] > 0


@cache
def history(scenario: Scenario) -> History:
    companies = list(simulate_companies(Portion(scenario)))
    company_id = np.concatenate([batch.company_id for batch in companies])
    acquired = np.concatenate([np.full(len(batch.company_id), batch.month) for batch in companies])
    sizes = np.concatenate([batch.size for batch in companies]).astype(np.int64)
    size = np.repeat(sizes[:, np.newaxis], scenario.months, axis=1)
    for changes in simulate_plan_changes(Portion(scenario)):
        who = np.searchsorted(company_id, changes.company_id)
        size[who, changes.month :] = changes.size[:, np.newaxis]
    counts = np.zeros(size.shape, np.int64)
    for batch in simulate_sessions(Portion(scenario), Books(scenario)):
        who = np.searchsorted(company_id, batch.company_id)
        counts[:, scenario.periods.index(batch.period)] += np.bincount(who, minlength=len(company_id))
    counts[np.arange(scenario.months) < acquired[:, np.newaxis]] = -1
    return History(company_id, acquired, size, counts)


def law(size: CompanySize) -> NDArray[np.float64]:
    chances = np.zeros(size.base_sessions + size.spread + 1)
    for deviation in range(size.spread + 1):
        for sign in (-1, 1):
            chances[size.base_sessions + sign * deviation] += 0.5 / (size.spread + 1)
    return chances


def assert_follows(counts: Ints, size: CompanySize) -> None:
    chances = law(size)
    drawn = np.bincount(counts, minlength=len(chances))
    assert len(drawn) == len(chances)
    assert drawn[chances == 0].sum() == 0
    if (chances > 0).sum() > 1:
        assert stats.chisquare(drawn[chances > 0], chances[chances > 0] * drawn.sum()).pvalue > UNLIKELY


ALL = Scenario(
    companies=30_000, months=20, seed=11, **{**ALL_KINDS, "acquisition": Acquisition(3_000, Decimal("0.1"), SUMMER)}
)


def test_as_many_companies_are_acquired_as_the_scenario_says_with_ids_of_their_month() -> None:
    found = history(ALL)
    assert [int((found.acquired == month).sum()) for month in range(ALL.months)] == list(ALL.acquired_companies)
    for month, number in enumerate(ALL.acquired_companies):
        first = (month + 1) * 10**10 if month else 0
        np.testing.assert_array_equal(
            found.company_id[found.acquired == month], np.arange(first + 1, first + number + 1)
        )
    rows = table_of(schemas.COMPANIES, ALL)
    months = {datetime(p.year, p.month, 1): month for month, p in enumerate(ALL.periods)}  # noqa: DTZ001 - without a zone
    created_at = [months[row] for batch in rows.batches for row in batch.rows["created_at"].to_pylist()]
    np.testing.assert_array_equal(created_at, found.acquired)


def test_companies_of_every_month_have_sizes_by_the_shares() -> None:
    scenario = Scenario(companies=50_000, months=5, acquisition=Acquisition(70_000), seed=3)
    found = history(scenario)
    for month in range(scenario.months):
        small = found.size[found.acquired == month, 0] == 0
        assert stats.binomtest(int(small.sum()), len(small), 0.7).pvalue > UNLIKELY
        pairs = np.bincount(small[:-1] * 2 + small[1:], minlength=4)
        assert stats.chi2_contingency(pairs.reshape(2, 2)).pvalue > UNLIKELY


@pytest.mark.parametrize("size", [0, 1])
def test_customers_change_their_plan_with_the_scenario_s_chance_and_nobody_else_does(size: int) -> None:
    found, chance = history(ALL), float(ALL.plan_changes[size].probability)
    exposed = hits = 0
    for month in range(1, ALL.months):
        changed = (found.size[:, month] != found.size[:, month - 1]) & (found.acquired < month)
        customers = found.opening(month)
        assert not (changed & ~customers).any()
        held = customers & (found.size[:, month - 1] == size)
        exposed, hits = exposed + int(held.sum()), hits + int((changed & held).sum())
    assert stats.binomtest(hits, exposed, chance).pvalue > UNLIKELY
    assert (found.size[np.arange(len(found.acquired)), found.acquired] == found.size[:, 0]).all()


@pytest.mark.parametrize("size", [0, 1])
def test_those_who_lapsed_come_back_with_the_scenario_s_chance_unless_they_then_are_silent(size: int) -> None:
    found, chance = history(ALL), float(ALL.reactivation.probability)
    for month in range(1, ALL.months):
        lapsed = (found.counts[:, month - 1] == 0) & (found.size[:, month] == size)
        returned = int((lapsed & (found.counts[:, month] > 0)).sum())
        active = 1 - law(ALL.sizes_in(month)[size])[0]
        assert stats.binomtest(returned, int(lapsed.sum()), chance * active).pvalue > UNLIKELY
        assert_follows_when_active(found.counts[lapsed, month], ALL.sizes_in(month)[size])


def assert_follows_when_active(counts: Ints, size: CompanySize) -> None:
    chances = law(size)[1:] / (1 - law(size)[0])
    drawn = np.bincount(counts[counts > 0], minlength=len(chances) + 1)[1:]
    assert stats.chisquare(drawn[chances > 0], chances[chances > 0] * drawn.sum()).pvalue > UNLIKELY


@pytest.mark.parametrize("size", [0, 1])
def test_customers_have_sessions_by_the_law_of_the_size_that_they_hold_now_and_the_season(size: int) -> None:
    found = history(ALL)
    for month in range(ALL.months):
        opens = (found.acquired == month) | (found.opening(month) if month else found.acquired < 0)
        now = ALL.sizes_in(month)[size]
        assert_follows(found.counts[opens & (found.size[:, month] == size), month], now)
        if month:
            moved = opens & (found.size[:, month] == size) & (found.size[:, month - 1] != size)
            assert_follows(found.counts[moved, month], now)


def test_companies_of_different_months_do_not_draw_alike() -> None:
    scenario = Scenario(companies=20_000, months=2, acquisition=Acquisition(20_000), seed=5)
    found = history(scenario)
    first, second = (found.acquired == month for month in (0, 1))
    assert (found.size[first, 0] == found.size[second, 0]).mean() == pytest.approx(0.58, abs=0.03)
    assert (found.counts[first, 0] == found.counts[second, 1]).mean() < 0.2
    assert stats.pearsonr(found.counts[first, 1], found.counts[second, 1]).pvalue > UNLIKELY


def test_times_of_later_cohorts_are_uniform_over_their_month() -> None:
    scenario = replace(ALL, companies=1)
    for month, period in enumerate(scenario.periods):
        begins, ends = scenario.first_instant(month), scenario.first_instant(month + 1)
        times = np.concatenate([b.created_at for b in sessions_of(scenario) if b.period == period])
        assert begins <= times.min()
        assert times.max() < ends
        if len(times) > 1_000:
            assert stats.kstest((times - begins) / (ends - begins), "uniform").pvalue > UNLIKELY


@cache
def sessions_of(scenario: Scenario, manner: Manner = IN_TURN) -> list[Any]:
    return list(simulate_sessions(Portion(scenario), Books(scenario), manner))


def test_who_draws_an_edge_of_a_change_of_plan_has_not_drawn_the_change_below_it() -> None:
    names = ("a", "b", "c")
    sizes = tuple(replace(STEADY, name=name, share=share) for name, share in zip(names, (0.5, 0.25, 0.25), strict=True))
    chances = (("a", "b", "0.25"), ("a", "c", "0.5"), ("b", "a", "0.5"), ("b", "c", "0.5"))
    changes = tuple(PlanChange(one, other, Decimal(chance)) for one, other, chance in chances)
    plan_changes = PlanChanges(Scenario(sizes=sizes, plan_changes=changes))
    drawn = np.array([0, 0.25 - 2**-53, 0.25, 0.5, 0.75 - 2**-53, 0.75, 1 - 2**-53])
    held = np.full(len(drawn), 0, np.uint8)
    assert plan_changes.sizes(drawn, held).tolist() == [1, 1, 2, 2, 2, 0, 0]
    assert plan_changes.sizes(drawn, held + np.uint8(1)).tolist() == [0, 0, 0, 2, 2, 2, 2]
    assert plan_changes.sizes(drawn, held + np.uint8(2)).tolist() == [2] * len(drawn)


def test_a_lapsed_company_tries_again_if_its_draw_is_below_the_chance_and_not_if_it_is_equal() -> None:
    unsteady = replace(STEADY, base_sessions=1, spread=1)
    scenario = Scenario(companies=2_000, months=2, sizes=(unsteady,))
    drawn = draw(stream(scenario.seed, Purpose.REACTIVATION, 0, 1), scenario.companies)
    first, second = (found.customers.position for found in draw_counts(Portion(scenario)))
    lapsed = np.setdiff1d(first, second)
    # A chance has 16 digits: for some draw one is below it, of which a float can't tell it apart.
    chances = {int(one): Decimal(drawn[one]).quantize(Decimal("1e-16"), ROUND_FLOOR) for one in lapsed}
    one = next(one for one, chance in chances.items() if float(chance) == drawn[one])
    assert one not in tries_again(scenario, chances[one])
    assert one in tries_again(scenario, chances[one] + Decimal("2e-16"))


def tries_again(scenario: Scenario, chance: Decimal) -> Ints:
    *_, last = draw_counts(Portion(replace(scenario, reactivation=Reactivation(chance))))
    return last.customers.position


def test_with_a_chance_of_one_each_customer_changes_and_each_lapsed_company_tries_again() -> None:
    silent = CompanySize("a", 0.5, Decimal(1), base_sessions=1, spread=1)
    steady = CompanySize("b", 0.5, Decimal(2), base_sessions=2, spread=0)
    both = (PlanChange("a", "b", Decimal(1)), PlanChange("b", "a", Decimal(1)))
    scenario = Scenario(
        companies=400, months=9, sizes=(silent, steady), plan_changes=both, reactivation=Reactivation(Decimal(1))
    )
    found = history(scenario)
    for month in range(1, scenario.months):
        customers = found.opening(month)
        assert (found.size[customers, month] != found.size[customers, month - 1]).all()
        assert (found.size[~customers, month] == found.size[~customers, month - 1]).all()
        assert (found.counts[found.size[:, month] == 1, month] == 2).all()
        assert_follows(found.counts[found.size[:, month] == 0, month], silent)


def test_a_month_without_any_usage_ends_all_customers_and_a_sure_return_brings_all_of_them_back() -> None:
    factors = tuple(map(Decimal, (1, 1, 0, *[1] * 9)))
    scenario = Scenario(companies=300, months=6, sizes=(STEADY,), usage=Usage(factors), acquisition=Acquisition(5))
    ended = history(scenario)
    assert (ended.counts[ended.acquired == 0, 2:] == 0).all()
    assert (ended.counts[ended.acquired == 2, 2:] == 0).all()
    assert (ended.counts[ended.acquired > 2, 5] > 0).all()
    back = history(replace(scenario, reactivation=Reactivation(Decimal(1))))
    assert (back.counts[:, 2][back.acquired <= 2] == 0).all()
    assert (back.counts[:, 3:][back.acquired <= 2] > 0).all()
    years = history(replace(scenario, months=28, acquisition=Acquisition(), reactivation=Reactivation(Decimal(1))))
    assert np.flatnonzero((years.counts == 0).any(axis=0)).tolist() == [2, 14, 26]


def test_prices_hold_from_their_month_on_and_those_beyond_the_horizon_are_not_told() -> None:
    changes = (
        PriceChange(date(2021, 1, 1), "small", Decimal("21.00")),
        PriceChange(date(2021, 3, 1), "large", Decimal("1.00")),
    )
    scenario = Scenario(first_month=date(2020, 11, 1), months=4, price_changes=changes)
    told = [row for batch in table_of(schemas.PRICE_CHANGES, scenario).batches for row in batch.rows.to_pylist()]
    assert told == [{"period": date(2021, 1, 1), "company_size": "small", "monthly_price": Decimal("21.00")}]
    books = books_rows(scenario)
    prices = {(row["period"].month, row["company_size"]): row["monthly_price"] for row in books}
    assert [prices[month, "small"] for month in (11, 12, 1, 2)] == [19, 19, 21, 21]
    assert {prices[month, "large"] for month in (11, 12, 1, 2)} == {99}
    assert all(row["revenue"] == row["active_companies"] * row["monthly_price"] for row in books)


def books_rows(scenario: Scenario) -> list[dict[str, Any]]:
    return [row for batch in table_of(schemas.MONTHLY_KPIS, scenario).batches for row in batch.rows.to_pylist()]


@settings(max_examples=60)
@given(lives())
def test_every_cell_is_what_the_rules_say_told_slowly(scenario: Scenario) -> None:
    told = lived(scenario)
    found = rows_of(Portion(scenario))
    assert {row[0]: row[1:] for row in found["companies"]} == told.acquired
    assert found["plan_changes"] == told.changes
    assert found["sessions"] == told.sessions
    names = [name for name in schemas.MONTHLY_KPIS.columns.names if name.endswith("companies") or name == "sessions"]
    sizes = [size.name for size in scenario.sizes]
    for row in books_rows(scenario):
        cell = scenario.periods.index(row["period"]), sizes.index(row["company_size"])
        assert {name: row[name] for name in names} == {name: told.books[*cell, name] for name in names}


Rows = dict[str, list[tuple[int, ...]]]


def rows_of(portion: Portion, manner: Manner = IN_TURN) -> Rows:
    """What is to be made, as numbers."""
    months = portion.scenario.periods
    sessions = list(simulate_sessions(portion, Books(portion.scenario), manner))
    for batch in sessions:
        assert len({batch.session_id.shape, batch.company_id.shape, batch.created_at.shape}) == 1
    return {
        "companies": [
            (company, batch.month, size)
            for batch in simulate_companies(portion)
            for company, size in zip(batch.company_id.tolist(), batch.size.tolist(), strict=True)
        ],
        "plan_changes": [
            (company, batch.month, size)
            for batch in simulate_plan_changes(portion)
            for company, size in zip(batch.company_id.tolist(), batch.size.tolist(), strict=True)
        ],
        "sessions": [
            row
            for month in months
            for batch in sessions
            if batch.period == month
            for row in zip(batch.session_id.tolist(), batch.company_id.tolist(), batch.created_at.tolist(), strict=True)
        ],
    }


steps = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)).filter(any), max_size=3)
manners = st.builds(Manner, st.integers(1, 300), st.integers(1, 2), st.integers(1, 3))


@settings(max_examples=40)
@given(lives(), steps, manners)
def test_months_and_companies_added_in_any_order_by_anyone_are_the_rows_and_books_of_one_run(
    scenario: Scenario, steps: list[tuple[int, int]], manner: Manner
) -> None:
    found = rows_of(Portion(scenario), manner)
    for more in steps:
        loaded = Extent(scenario.companies, scenario.months)
        scenario = with_more(scenario, *more)
        portion = Portion(scenario, loaded)
        made = rows_of(portion, manner)
        found = {name: found[name] + made[name] for name in found}
        books = Books(scenario)
        assert sum(len(b.session_id) for b in simulate_sessions(portion, books, manner)) == len(made["sessions"])
        at_once = Books(scenario)
        list(simulate_sessions(Portion(scenario), at_once))
        np.testing.assert_array_equal(books.figures, at_once.figures)
    expected = rows_of(Portion(scenario))
    for name, rows in found.items():
        assert len(set(rows)) == len(rows)
        assert sorted(rows) == sorted(expected[name])
    assert [row[0] for row in expected["companies"]] == sorted(row[0] for row in expected["companies"])
    assert [row[0] for row in expected["sessions"]] == sorted({row[0] for row in expected["sessions"]})


@settings(max_examples=30)
@given(lives(), st.integers(1, 4))
def test_blocks_that_are_made_apart_have_the_rows_and_the_books_of_all_at_once(scenario: Scenario, parts: int) -> None:
    for loaded in (NOTHING, Extent(1, 1)):
        portion = Portion(scenario, loaded)
        apart = [portion.of(portion.blocks[part::parts]) for part in range(parts)]
        made = [rows_of(part) for part in apart if part.blocks]
        for name, rows in rows_of(portion).items():
            assert sorted(row for part in made for row in part[name]) == sorted(rows)


@pytest.mark.parametrize("life", [{}, ALL_KINDS])
def test_who_has_churned_and_is_silent_still_is_neither_active_nor_churns_in_the_month(life: dict[str, Any]) -> None:
    scenario = Scenario(companies=300, months=9, **life)
    silent = np.zeros(scenario.months, np.int64)
    for month, _, companies in simulate_churned(scenario):
        silent[month] += len(companies)
    books = books_of(Portion(scenario))
    np.testing.assert_array_equal(silent, (books.acquired - books.active - books.churned).sum(axis=1))


def test_changes_of_plan_come_month_by_month_and_in_each_by_company() -> None:
    scenario = Scenario(companies=70_000, months=4, plan_changes=ALL.plan_changes)
    batches = list(simulate_plan_changes(Portion(scenario)))
    assert [batch.month for batch in batches] == [1, 1, 2, 2, 3, 3]
    for month in range(1, 4):
        ids = np.concatenate([batch.company_id for batch in batches if batch.month == month])
        assert (np.diff(ids) > 0).all()
        assert ids[-1] > BLOCK_COMPANIES


def test_a_large_cohort_has_several_blocks_and_small_ones_share_batches() -> None:
    large = Scenario(companies=70_000, months=2, acquisition=Acquisition(140_000), seed=1)
    blocks = [Portion(large).block(number) for number in Portion(large).blocks]
    assert [block.number for block in blocks] == [0, 1, 152_588, 152_589, 152_590]
    assert [block.companies for block in blocks] == [65_536, 4_464, 65_536, 65_536, 8_928]
    assert [block.first_company for block in blocks][2:4] == [2 * 10**10 + 1, 2 * 10**10 + 65_537]
    ids = np.concatenate([batch.session_id for batch in sessions_of(large)])
    assert (np.diff(ids) > 0).all()
    many = Scenario(companies=10, months=60, acquisition=Acquisition(10))
    batches = sessions_of(many)
    assert len(batches) == many.months
    assert {len({number >> 24 for number in b.session_id.tolist()}) for b in batches[30:]} != {1}
    cut = sessions_of(many, Manner(50))
    assert max(len(batch.session_id) for batch in cut) <= 50
    for before, after in pairwise(cut):
        assert before.session_id[-1] < after.session_id[0]


def test_ids_of_the_last_month_and_of_the_largest_cohort_are_below_what_a_float_can_tell_apart() -> None:
    scenario = Scenario(companies=1, months=1_200, first_month=date(1900, 1, 1), acquisition=Acquisition(1))
    portion = Portion(scenario)
    last = portion.block(portion.blocks[-1] + MAX_ACQUIRED_IN_A_MONTH // BLOCK_COMPANIES - 1)
    assert last.acquired == 1_199
    assert first_session_id(1_199, last.number + 1) < 2**53
    assert portion.block(portion.blocks[-1]).first_company == 1_200 * MAX_COMPANIES + 1
    assert len(set(portion.blocks)) == 1_200


def test_the_brief_has_neither_kind_of_change_and_draws_nothing_for_it() -> None:
    tables = {table.schema: table for table in simulated_tables(Portion(Scenario(companies=30, months=2)))}
    assert list(tables[schemas.PLAN_CHANGES].batches) == []
    assert list(tables[schemas.PRICE_CHANGES].batches) == []
    assert tables[schemas.PLAN_CHANGES].blockwise is None
