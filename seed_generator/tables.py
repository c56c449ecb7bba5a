"""The simulation as tables of Arrow record batches: what every sink is given."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from seed_generator import schemas
from seed_generator.book_rows import monthly_kpis, mrr_movements
from seed_generator.expectations.kpis import expected_kpis
from seed_generator.faults.injection import Faults, numbered, with_faults
from seed_generator.scenario import Scenario
from seed_generator.schemas import Batch, TableSchema
from seed_generator.simulation.books import Books
from seed_generator.simulation.companies import CompanyBatch, simulate_companies
from seed_generator.simulation.counts import books_of
from seed_generator.simulation.names import company_names, later_company_names
from seed_generator.simulation.plan_changes import simulate_plan_changes
from seed_generator.simulation.portion import Portion
from seed_generator.simulation.sessions import IN_TURN, Manner, simulate_sessions
from seed_generator.simulation.streams import STREAM_VERSION

NO_FAULTS = Faults()

# The tables that have the simulator's books.
_BOOKS: dict[TableSchema, Callable[[Books], Batch]] = {
    schemas.MONTHLY_KPIS: monthly_kpis,
    schemas.MRR_MOVEMENTS: mrr_movements,
}

OnRows = Callable[[TableSchema, int], None]


@dataclass(frozen=True)
class Blockwise:
    """How many processes make the rows of a table, each those of some blocks of companies.

    An engine that makes a table so takes none of its batches, and puts what `count` finds into `books` before the next
    table's turn.

    Parameters
    ----------
    portion : what to make; `portion.of(blocks)` is what one process makes.
    rows, count : the rows of a portion, and its books; both can be sent to another process.
    books : None where the table has none; then there is nothing to count.
    on_rows : is to be told how many rows there are.
    """

    portion: Portion
    rows: Callable[[Portion], Iterator[Batch]]
    count: Callable[[Portion], Books]
    books: Books | None
    on_rows: OnRows | None


@dataclass(frozen=True)
class Table:
    """A table to be loaded: its schema and its rows, which are made while they are taken, or `blockwise`.

    The rows take the place of those that are loaded, or with `adds_rows` come to them. A table that `may_be_dirty` can
    hold what its schema forbids: nulls, keys that stand twice or lead nowhere.
    """

    schema: TableSchema
    batches: Iterator[Batch]
    adds_rows: bool = False
    may_be_dirty: bool = False
    blockwise: Blockwise | None = None

    @property
    def columns(self) -> pa.Schema:
        """The columns as they really are."""
        return schemas.with_nulls(self.schema.columns) if self.may_be_dirty else self.schema.columns


def simulated_tables(
    portion: Portion, faults: Faults = NO_FAULTS, manner: Manner = IN_TURN, on_rows: OnRows | None = None
) -> list[Table]:
    """All tables in the order of `schemas.TABLES`. Take all rows of one before the next: the sessions fill the books.

    Parameters
    ----------
    portion : what to make. The large tables have only the rows that are not loaded, the small ones all.
    faults : go into the rows of `raw`; the books stay right. None where the portion adds to what is loaded.
    manner : how the sessions are made.
    on_rows : is told of each batch as it is taken.
    """
    books = Books(portion.scenario)
    if faults:  # they are put into one month after the other
        manner = replace(manner, months_at_a_time=1)
    batches = _raw_rows(portion, books, manner) | _other_rows(portion, books, faults)
    large: list[tuple[TableSchema, Callable[[Portion], Iterator[Batch]], Books | None]] = [
        (schemas.COMPANIES, _companies, None),
        (schemas.SESSIONS, _sessions_without_books, books),
    ]
    if portion.scenario.plan_changes:  # else no process has to look for any
        large.append((schemas.PLAN_CHANGES, _plan_changes, None))
    blockwise = {schema: Blockwise(portion, rows, books_of, of_table, on_rows) for schema, rows, of_table in large}
    added = _tables_with_more(portion)
    tables = []
    for schema in schemas.TABLES:
        rows = batches[schema]
        is_dirty = bool(faults.of(schema))
        if is_dirty:
            rows = _dirty(schema, rows, portion.scenario, faults)
        rows = _reported(schema, rows, on_rows) if on_rows else rows
        tables.append(Table(schema, rows, schema in added, is_dirty, None if faults else blockwise.get(schema)))
    return tables


def table_of(schema: TableSchema, scenario: Scenario, faults: Faults = NO_FAULTS) -> Table:
    """One of the tables, with all of its rows, which no other has to be taken before."""
    if schema in _BOOKS:  # else the sessions fill them
        return Table(schema, _counted_books(schema, scenario))
    (table,) = (table for table in simulated_tables(Portion(scenario), faults) if table.schema is schema)
    return table


def _tables_with_more(portion: Portion) -> set[TableSchema]:
    """The tables that keep the rows that they have."""
    if not portion.adds_rows:
        return set()
    large = {schemas.PLANS, schemas.COMPANIES, schemas.PLAN_CHANGES, schemas.SESSIONS}
    # New companies have sessions in every month, so every month is loaded anew.
    return large if portion.adds_companies else large | {schemas.LOADED_MONTHS}


def _raw_rows(portion: Portion, books: Books, manner: Manner = IN_TURN) -> dict[TableSchema, Iterator[Batch]]:
    """The tables that faults can be put into."""
    return {
        schemas.PLANS: _plans(portion),
        schemas.PRICE_CHANGES: _price_changes(portion.scenario),
        schemas.COMPANIES: _companies(portion),
        schemas.PLAN_CHANGES: _plan_changes(portion),
        schemas.SESSIONS: _sessions(portion, books, manner),
    }


def _other_rows(portion: Portion, books: Books, faults: Faults) -> dict[TableSchema, Iterator[Batch]]:
    scenario = portion.scenario
    return {
        **{schema: _kept_books(schema, books) for schema in _BOOKS},
        schemas.EXPECTED_KPIS: _expected_kpis(scenario),
        schemas.INJECTED_FAULTS: _injected_faults(scenario, faults),
        schemas.SIMULATION: _simulation(scenario, faults),
        schemas.LOADED_MONTHS: _loaded_months(portion),
    }


def _dirty(schema: TableSchema, batches: Iterator[Batch], scenario: Scenario, faults: Faults) -> Iterator[Batch]:
    for batch, _ in with_faults(schema, batches, scenario, faults):
        yield batch


def _reported(schema: TableSchema, batches: Iterator[Batch], on_rows: OnRows) -> Iterator[Batch]:
    for batch in batches:
        on_rows(schema, batch.rows.num_rows)
        yield batch


def _plans(portion: Portion) -> Iterator[Batch]:
    if not portion.adds_rows:
        yield _from_rows(
            schemas.PLANS,
            [{"company_size": size.name, "monthly_price": size.monthly_price} for size in portion.scenario.sizes],
        )


def _price_changes(scenario: Scenario) -> Iterator[Batch]:
    """Those of the simulation's months, all of them: they are few."""
    last = scenario.periods[-1]
    rows = [
        {"period": change.month, "company_size": change.company_size, "monthly_price": change.monthly_price}
        for change in scenario.price_changes
        if change.month <= last
    ]
    if rows:
        yield _from_rows(schemas.PRICE_CHANGES, rows)


def _companies(portion: Portion) -> Iterator[Batch]:
    scenario = portion.scenario
    for batch in simulate_companies(portion):
        number = len(batch.company_id)
        acquired_at = pa.scalar(datetime.combine(scenario.periods[batch.month], time()), schemas.TIMESTAMP)
        columns = [
            pa.array(batch.company_id),
            _names(scenario.seed, batch),
            _size_names(scenario, batch.size),
            pa.repeat(acquired_at, number),
        ]
        yield Batch(pa.RecordBatch.from_arrays(columns, schema=schemas.COMPANIES.columns))


def _names(seed: int, batch: CompanyBatch) -> pa.StringArray:
    number = len(batch.company_id)
    if batch.month:
        return later_company_names(seed, batch.month, batch.before, number)
    return company_names(seed, batch.before, number)


def _plan_changes(portion: Portion) -> Iterator[Batch]:
    """By drawing once more who has which plan, where the scenario lets it change."""
    scenario = portion.scenario
    for batch in simulate_plan_changes(portion):
        period = pa.repeat(pa.scalar(scenario.periods[batch.month], pa.date32()), len(batch.company_id))
        columns = [pa.array(batch.company_id), period, _size_names(scenario, batch.size)]
        yield Batch(pa.RecordBatch.from_arrays(columns, schema=schemas.PLAN_CHANGES.columns))


def _size_names(scenario: Scenario, sizes: NDArray[np.uint8]) -> pa.StringArray:
    return pa.array([size.name for size in scenario.sizes], pa.string()).take(pa.array(sizes))


def _sessions_without_books(portion: Portion) -> Iterator[Batch]:
    return _sessions(portion, Books(portion.scenario))


def _sessions(portion: Portion, books: Books, manner: Manner = IN_TURN) -> Iterator[Batch]:
    for batch in simulate_sessions(portion, books, manner):
        columns = [
            pa.array(batch.session_id),
            pa.array(batch.company_id),
            pa.array(batch.created_at).view(schemas.TIMESTAMP),
        ]
        yield Batch(pa.RecordBatch.from_arrays(columns, schema=schemas.SESSIONS.columns), batch.period)


def _counted_books(schema: TableSchema, scenario: Scenario) -> Iterator[Batch]:
    yield _BOOKS[schema](books_of(Portion(scenario)))


def _kept_books(schema: TableSchema, books: Books) -> Iterator[Batch]:
    """By the books as they are when the rows are taken."""
    yield _BOOKS[schema](books)


def _expected_kpis(scenario: Scenario) -> Iterator[Batch]:
    yield _from_rows(schemas.EXPECTED_KPIS, [vars(row) for row in expected_kpis(scenario)])


def _injected_faults(scenario: Scenario, faults: Faults) -> Iterator[Batch]:
    """By simulating once more, so that no list of them grows beside the rows."""
    if faults:
        raw = _raw_rows(Portion(scenario), Books(scenario))
        pairs = (with_faults(schema, raw[schema], scenario, faults) for schema in raw if faults.of(schema))
        yield from map(Batch, numbered(entry for of_table in pairs for _, entries in of_table for entry in entries))


def _simulation(scenario: Scenario, faults: Faults) -> Iterator[Batch]:
    yield _from_rows(
        schemas.SIMULATION,
        [
            {
                "seed": scenario.seed,
                "companies": scenario.companies,
                "first_month": scenario.first_month,
                "months": scenario.months,
                "stream_version": STREAM_VERSION,
                "scenario": scenario.to_json(),
                "faults": faults.to_json(),
            }
        ],
    )


def _loaded_months(portion: Portion) -> Iterator[Batch]:
    """The months that this load writes, with the moment at which it does, by which it is told from any other load."""
    now = datetime.now(UTC).replace(tzinfo=None)
    yield _from_rows(
        schemas.LOADED_MONTHS,
        [
            {"period": period, "loaded_at": now}
            for month, period in enumerate(portion.scenario.periods)
            if portion.loaded.companies_in(month) < portion.scenario.companies
        ],
    )


def _from_rows(schema: TableSchema, rows: list[dict[str, object]]) -> Batch:
    return Batch(pa.RecordBatch.from_pylist(rows, schema=schema.columns))
