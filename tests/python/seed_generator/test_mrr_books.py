"""`truth.mrr_movements` against the raw rows, company by company and month by month, in plain Python."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings

from lives import ALL_KINDS, lives
from seed_generator import schemas
from seed_generator.book_rows import mrr_movements
from seed_generator.life import Acquisition, PlanChange, PriceChange, Reactivation
from seed_generator.scenario import LARGE, SMALL, CompanySize, Scenario
from seed_generator.simulation.books import Books
from seed_generator.simulation.counts import books_of
from seed_generator.simulation.portion import Portion
from seed_generator.tables import simulated_tables, table_of

Row = dict[str, Any]
AMOUNTS = [name for name in schemas.MRR_MOVEMENTS.columns.names if name.endswith("_mrr")]
READ = {schemas.PLANS, schemas.PRICE_CHANGES, schemas.COMPANIES, schemas.PLAN_CHANGES, schemas.MRR_MOVEMENTS}
COMPANIES = [name for name in schemas.MRR_MOVEMENTS.columns.names if name.endswith("_companies")]

# Few sessions, so that many companies fall silent.
FREE, CHEAP, DEAR = (
    CompanySize(name, share, Decimal(price), base_sessions=2, spread=2)
    for name, share, price in (("free", 0.4, "0.00"), ("cheap", 0.4, "9.99"), ("dear", 0.2, "100.01"))
)
RESTLESS = tuple(
    PlanChange(a.name, b.name, Decimal("0.15")) for a in (FREE, CHEAP, DEAR) for b in (FREE, CHEAP, DEAR) if a is not b
)
RETURN = Reactivation(Decimal("0.3"))


def price(month: int, size: str, dollars: str) -> PriceChange:
    """From a month of 2021 on, counted from 1."""
    return PriceChange(date(2021, month, 1), size, Decimal(dollars))


FREE_AT_TIMES = (price(3, "free", "0.01"), price(5, "dear", "0"), price(6, "free", "0"), price(7, "dear", "80.50"))
SCENARIOS = {
    "the brief": Scenario(),
    "all kinds of life": Scenario(companies=300, months=18, **ALL_KINDS),
    "everybody who lapsed tries again": Scenario(companies=150, months=8, reactivation=Reactivation(Decimal(1))),
    "everybody changes the plan in every month": Scenario(
        companies=150,
        months=6,
        plan_changes=(PlanChange("small", "large", Decimal(1)), PlanChange("large", "small", Decimal(1))),
    ),
    "prices change in the second and in the last month": Scenario(
        companies=100,
        months=5,
        price_changes=(price(2, "small", "18.01"), price(2, "large", "99.99"), price(5, "small", "18.02")),
    ),
    "acquisition alone": Scenario(companies=40, months=7, acquisition=Acquisition(30)),
    "a free size that companies move into and out of": Scenario(
        companies=200, months=8, sizes=(FREE, CHEAP, DEAR), plan_changes=RESTLESS
    ),
    "sizes that are free at first, or for a while": Scenario(
        companies=200, months=9, sizes=(FREE, CHEAP, DEAR), price_changes=FREE_AT_TIMES, acquisition=Acquisition(20)
    ),
    "a size that is free for a while": Scenario(
        companies=200,
        months=8,
        sizes=(replace(CHEAP, share=0.5), replace(DEAR, share=0.5)),
        price_changes=(price(3, "dear", "0"), price(6, "dear", "80.50")),
        acquisition=Acquisition(20),
        plan_changes=tuple(change for change in RESTLESS if "free" not in {change.from_size, change.to_size}),
    ),
    "all of it, where sizes are free at times": Scenario(
        companies=300,
        months=12,
        sizes=(FREE, CHEAP, DEAR),
        price_changes=FREE_AT_TIMES,
        acquisition=Acquisition(20),
        plan_changes=RESTLESS,
        reactivation=RETURN,
    ),
    "nobody ever pays": Scenario(companies=30, months=4, sizes=(replace(FREE, share=1.0),), reactivation=RETURN),
    "five years": Scenario(companies=60, months=60, **ALL_KINDS),
}


def counted(scenario: Scenario) -> list[Row]:
    """The table by itself, without any other."""
    return [row for batch in table_of(schemas.MRR_MOVEMENTS, scenario).batches for row in batch.rows.to_pylist()]


def told(scenario: Scenario) -> tuple[list[Row], list[Row]]:
    """The table as a load writes it, and the same from the raw rows of that load."""
    rows: dict[schemas.TableSchema, list[Row]] = {}
    active: set[tuple[int, date]] = set()
    for table in simulated_tables(Portion(scenario)):
        if table.schema is schemas.SESSIONS:
            active = {pair for batch in table.batches for pair in company_months(batch.rows)}
        elif table.schema in READ:
            rows[table.schema] = [row for batch in table.batches for row in batch.rows.to_pylist()]
    return rows[schemas.MRR_MOVEMENTS], from_raw_rows(scenario.periods, rows, active)


def company_months(sessions: pa.RecordBatch) -> Iterator[tuple[int, date]]:
    """Who has sessions in which month; of a month there are many of each company."""
    months = pc.floor_temporal(sessions["created_at"], unit="month").cast(pa.timestamp("s")).cast(pa.date32())
    pairs = pa.table({"company": sessions["company_id"], "month": months}).group_by(["company", "month"]).aggregate([])
    yield from zip(pairs["company"].to_pylist(), pairs["month"].to_pylist(), strict=True)


def from_raw_rows(
    periods: list[date], rows: dict[schemas.TableSchema, list[Row]], active: set[tuple[int, date]]
) -> list[Row]:
    prices = prices_of(periods, rows)
    first_size = {row["company_id"]: row["company_size"] for row in rows[schemas.COMPANIES]}
    changes = {(row["company_id"], row["period"]): row["company_size"] for row in rows[schemas.PLAN_CHANGES]}
    cells: dict[tuple[date, str], Row] = {
        (period, size): defaultdict(int, period=period, company_size=size)
        for period in periods
        for size in prices[period]
    }
    for company, size in first_size.items():
        held, before, has_paid = size, Decimal(0), False
        for period in periods:
            holds = changes.get((company, period), held)
            now = prices[period][holds] if (company, period) in active else Decimal(0)
            enter(cells, period, (held, holds), (before, now), has_paid=has_paid)
            held, before, has_paid = holds, now, has_paid or now > 0
    for previous, period in pairwise(periods):
        for size in prices[period]:
            cells[period, size]["opening_mrr"] = cells[previous, size]["closing_mrr"]
    names = schemas.MRR_MOVEMENTS.columns.names
    return [{name: cell[name] for name in names} for cell in cells.values()]


def enter(
    cells: dict[tuple[date, str], Row],
    period: date,
    sizes: tuple[str, str],
    paid: tuple[Decimal, Decimal],
    *,
    has_paid: bool,
) -> None:
    """What a month of a company moves: of which size it was and is, what it paid and pays."""
    (old, new), (before, now) = (cells[period, size] for size in sizes), paid
    new["closing_mrr"] += now
    if before == 0 and now > 0:
        new["reactivation_mrr" if has_paid else "new_mrr"] += now
        new["reactivated_companies" if has_paid else "new_paying_companies"] += 1
    elif now == 0 and before > 0:
        old["churned_mrr"] -= before
        old["lost_paying_companies"] += 1
    elif before > 0:
        if now > before:
            new["expansion_mrr"] += now - before
            new["expanded_companies"] += 1
        elif now < before:
            new["contraction_mrr"] += now - before
            new["contracted_companies"] += 1
        if old is not new:
            old["moved_out_mrr"] -= before
            new["moved_in_mrr"] += before


def prices_of(periods: list[date], rows: dict[schemas.TableSchema, list[Row]]) -> dict[date, dict[str, Decimal]]:
    prices: dict[str, Decimal] = {row["company_size"]: row["monthly_price"] for row in rows[schemas.PLANS]}
    found = {}
    for period in periods:
        new = [row for row in rows[schemas.PRICE_CHANGES] if row["period"] == period]
        prices = prices | {row["company_size"]: row["monthly_price"] for row in new}
        found[period] = prices
    return found


def assert_adds_up(scenario: Scenario, rows: list[Row]) -> None:
    books = books_of(Portion(scenario))
    closing = dict.fromkeys((size.name for size in scenario.sizes), Decimal(0))
    for row in rows:
        cell = scenario.periods.index(row["period"]), list(closing).index(row["company_size"])
        assert row["opening_mrr"] == closing[row["company_size"]]
        assert sum(row[name] for name in AMOUNTS[:-1]) == row["closing_mrr"] == books.revenue(*cell)
        closing[row["company_size"]] = row["closing_mrr"]
        losses = {"contraction_mrr", "churned_mrr", "moved_out_mrr"}
        assert all((row[name] <= 0) if name in losses else (row[name] >= 0) for name in AMOUNTS)
    for period in scenario.periods:
        assert sum(row["moved_in_mrr"] + row["moved_out_mrr"] for row in rows if row["period"] == period) == 0


@pytest.mark.parametrize("name", SCENARIOS)
def test_revenue_moves_as_the_raw_rows_say_company_by_company(name: str) -> None:
    scenario = SCENARIOS[name]
    found, expected = told(scenario)
    assert found == expected
    assert_adds_up(scenario, found)
    assert found == counted(scenario)


def test_the_scenarios_have_movements_of_every_kind_and_the_brief_has_two() -> None:
    seen = {
        name: {figure for row in told(scenario)[0] for figure in (*AMOUNTS, *COMPANIES) if row[figure]}
        for name, scenario in SCENARIOS.items()
    }
    assert seen["the brief"] == {
        *("opening_mrr", "new_mrr", "churned_mrr", "closing_mrr"),
        *("new_paying_companies", "lost_paying_companies"),
    }
    assert seen["nobody ever pays"] == set()
    assert seen["all of it, where sizes are free at times"] == seen["all kinds of life"] == {*AMOUNTS, *COMPANIES}
    assert "reactivation_mrr" in seen["sizes that are free at first, or for a while"]


@settings(max_examples=80)
@given(lives())
def test_revenue_of_any_life_moves_as_its_raw_rows_say(scenario: Scenario) -> None:
    found, expected = told(scenario)
    assert found == expected
    assert_adds_up(scenario, found)


def test_who_tries_again_without_having_paid_is_new_and_not_reactivated() -> None:
    never = replace(SMALL, share=1.0, base_sessions=1, spread=1)
    scenario = Scenario(companies=400, months=2, sizes=(never,), reactivation=Reactivation(Decimal(1)))
    _, second = told(scenario)[0]
    assert second["new_paying_companies"] > 20
    assert second["reactivated_companies"] == 0


def test_sums_of_money_beyond_what_a_float_can_tell_apart_are_exact_to_the_cent() -> None:
    dearest = replace(LARGE, share=1.0, monthly_price=Decimal("99999999.99"), base_sessions=1, spread=0)
    scenario = Scenario(companies=3_000_000, months=2, sizes=(dearest,), price_changes=(price(2, "large", "0.01"),))
    first, second = counted(scenario)
    assert first["new_mrr"] == first["closing_mrr"] == 3_000_000 * Decimal("99999999.99")
    assert second["contraction_mrr"] == 3_000_000 * Decimal("-99999999.98")
    assert second["closing_mrr"] == 30_000


@pytest.mark.parametrize("name", ["all kinds of life", "all of it, where sizes are free at times", "acquisition alone"])
def test_the_books_of_blocks_that_are_counted_apart_add_up(name: str) -> None:
    portion = Portion(SCENARIOS[name])
    apart = [books_of(portion.of([block])).figures for block in portion.blocks]
    assert len(apart) == SCENARIOS[name].months
    books = Books(SCENARIOS[name])
    for figures in apart:
        books.figures += figures
    assert mrr_movements(books).rows.to_pylist() == counted(SCENARIOS[name])
