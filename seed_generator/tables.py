"""The simulation as tables of Arrow record batches: what every sink is given."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time
from functools import partial

import pyarrow as pa

from seed_generator import schemas
from seed_generator.expectations.kpis import expected_kpis
from seed_generator.faults.injection import Faults, numbered, with_faults
from seed_generator.scenario import Scenario
from seed_generator.schemas import TableSchema
from seed_generator.simulation.books import Books
from seed_generator.simulation.names import company_names
from seed_generator.simulation.sessions import (
    IN_TURN,
    NOTHING,
    Extent,
    Manner,
    all_blocks,
    books_of,
    simulate_companies,
    simulate_sessions,
)
from seed_generator.simulation.streams import STREAM_VERSION

NO_FAULTS = Faults()

OnRows = Callable[[TableSchema, int], None]


@dataclass(frozen=True)
class Apart:
    """How the rows of a table are made apart: each block by whoever, who knows nothing of the others.

    Whoever makes them so takes no batch, and puts what `count` finds into `books` before the next table's turn.

    Parameters
    ----------
    blocks : all there are.
    rows, count : the rows of some blocks, and the figures of their books; both can be sent to another process.
    books : None where the table has none; then there is nothing to count.
    on_rows : is to be told how many rows there are.
    """

    blocks: range
    rows: Callable[[range], Iterator[pa.RecordBatch]]
    count: Callable[[range], Books]
    books: Books | None
    on_rows: OnRows | None


@dataclass(frozen=True)
class Table:
    """A table to be loaded: its schema and its rows, which are made while they are taken, or `apart`.

    The rows take the place of those that are there, or with `adds_rows` come to them. A table that `may_be_dirty` can
    hold what its schema forbids: nulls, keys that stand twice or lead nowhere.
    """

    schema: TableSchema
    batches: Iterator[pa.RecordBatch]
    adds_rows: bool = False
    may_be_dirty: bool = False
    apart: Apart | None = None

    @property
    def columns(self) -> pa.Schema:
        """The columns as they really are."""
        return schemas.with_nulls(self.schema.columns) if self.may_be_dirty else self.schema.columns


def simulated_tables(
    scenario: Scenario,
    faults: Faults = NO_FAULTS,
    beyond: Extent = NOTHING,
    manner: Manner = IN_TURN,
    on_rows: OnRows | None = None,
) -> Iterator[Table]:
    """All tables in the order of `schemas.TABLES`. Take all rows of one before the next: the sessions fill the books.

    Parameters
    ----------
    scenario : what is simulated, with what is there already.
    faults : go into the rows of `raw`; the books stay right.
    beyond : what is there already, without faults. The large tables have only the rows that are not there.
    manner : how the sessions are made.
    on_rows : is told of each batch as it is taken.
    """
    books = Books(scenario)
    if faults:  # they are put into one month after the other
        manner = replace(manner, months_at_a_time=1)
    batches = _simulated(scenario, books, manner, beyond)
    batches |= {
        schemas.MONTHLY_KPIS: _monthly_kpis(books),
        schemas.EXPECTED_KPIS: _expected_kpis(scenario),
        schemas.INJECTED_FAULTS: _injected_faults(scenario, faults),
        schemas.SIMULATION: _simulation(scenario, faults),
        schemas.LOADED_MONTHS: _loaded_months(scenario, beyond),
    }
    apart = {
        schema: Apart(all_blocks(scenario), rows, partial(books_of, scenario), of_table, on_rows)
        for schema, rows, of_table in (
            (schemas.COMPANIES, partial(_companies, scenario, beyond), None),
            (schemas.SESSIONS, partial(_sessions_apart, scenario, beyond), books),
        )
    }
    added = _added_to(scenario, beyond)
    for schema in schemas.TABLES:
        rows = batches[schema]
        is_dirty = bool(faults.of(schema))
        if is_dirty:
            rows = (batch for batch, _ in with_faults(schema, rows, scenario, faults))
        rows = _reported(schema, rows, on_rows) if on_rows else rows
        yield Table(schema, rows, schema in added, is_dirty, None if faults else apart.get(schema))


def _added_to(scenario: Scenario, beyond: Extent) -> set[TableSchema]:
    """The tables that keep the rows that they have."""
    if beyond == NOTHING:
        return set()
    large = {schemas.PLANS, schemas.COMPANIES, schemas.SESSIONS}
    # New companies have sessions in every month, so every month is loaded anew.
    return large | {schemas.LOADED_MONTHS} if beyond.companies == scenario.companies else large


def _simulated(
    scenario: Scenario, books: Books, manner: Manner = IN_TURN, beyond: Extent = NOTHING
) -> dict[TableSchema, Iterator[pa.RecordBatch]]:
    return {
        schemas.PLANS: _plans(scenario, beyond),
        schemas.COMPANIES: _companies(scenario, beyond),
        schemas.SESSIONS: _sessions(scenario, books, manner, beyond),
    }


def _reported(schema: TableSchema, batches: Iterator[pa.RecordBatch], on_rows: OnRows) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        on_rows(schema, batch.num_rows)
        yield batch


def _plans(scenario: Scenario, beyond: Extent) -> Iterator[pa.RecordBatch]:
    if beyond != NOTHING:
        return
    yield pa.RecordBatch.from_pylist(
        [{"company_size": size.name, "monthly_price": size.monthly_price} for size in scenario.sizes],
        schema=schemas.PLANS.columns,
    )


def _companies(scenario: Scenario, beyond: Extent, blocks: range | None = None) -> Iterator[pa.RecordBatch]:
    sizes = pa.array([size.name for size in scenario.sizes], pa.string())
    acquired_at = pa.scalar(datetime.combine(scenario.first_month, time()), schemas.TIMESTAMP)
    for batch in simulate_companies(scenario, beyond, blocks):
        number = len(batch.company_id)
        yield pa.RecordBatch.from_arrays(
            [
                pa.array(batch.company_id),
                company_names(scenario.seed, int(batch.company_id[0]) - 1, number),
                sizes.take(pa.array(batch.size)),
                pa.repeat(acquired_at, number),
            ],
            schema=schemas.COMPANIES.columns,
        )


def _sessions_apart(scenario: Scenario, beyond: Extent, blocks: range) -> Iterator[pa.RecordBatch]:
    return _sessions(scenario, Books(scenario), IN_TURN, beyond, blocks)


def _sessions(
    scenario: Scenario, books: Books, manner: Manner, beyond: Extent, blocks: range | None = None
) -> Iterator[pa.RecordBatch]:
    for batch in simulate_sessions(scenario, books, manner, beyond, blocks):
        yield pa.RecordBatch.from_arrays(
            [
                pa.array(batch.session_id),
                pa.array(batch.company_id),
                pa.array(batch.created_at).view(schemas.TIMESTAMP),
            ],
            schema=schemas.for_month(schemas.SESSIONS.columns, batch.period),
        )


def _monthly_kpis(books: Books) -> Iterator[pa.RecordBatch]:
    yield pa.RecordBatch.from_pylist(
        [
            {
                "period": period,
                "company_size": size.name,
                "acquired_companies": int(books.acquired[month, column]),
                "opening_companies": int(books.opening[month, column]),
                "churned_companies": int(books.churned[month, column]),
                "active_companies": int(books.active[month, column]),
                "sessions": int(books.sessions[month, column]),
                "monthly_price": size.monthly_price,
                "revenue": books.revenue(month, column),
            }
            for month, period in enumerate(books.scenario.periods)
            for column, size in enumerate(books.scenario.sizes)
        ],
        schema=schemas.MONTHLY_KPIS.columns,
    )


def _expected_kpis(scenario: Scenario) -> Iterator[pa.RecordBatch]:
    rows = [vars(row) for row in expected_kpis(scenario)]
    yield pa.RecordBatch.from_pylist(rows, schema=schemas.EXPECTED_KPIS.columns)


def _injected_faults(scenario: Scenario, faults: Faults) -> Iterator[pa.RecordBatch]:
    """By simulating once more, so that no list of them grows beside the rows."""
    if faults:
        simulated = _simulated(scenario, Books(scenario))
        pairs = (with_faults(schema, batches, scenario, faults) for schema, batches in simulated.items())
        yield from numbered(entry for of_table in pairs for _, entries in of_table for entry in entries)


def _simulation(scenario: Scenario, faults: Faults) -> Iterator[pa.RecordBatch]:
    yield pa.RecordBatch.from_pylist(
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
        schema=schemas.SIMULATION.columns,
    )


def _loaded_months(scenario: Scenario, beyond: Extent) -> Iterator[pa.RecordBatch]:
    """The months that this load writes, with the moment at which it does, by which it is told from any other load."""
    now = datetime.now(UTC).replace(tzinfo=None)
    months = [
        {"period": period, "loaded_at": now}
        for month, period in enumerate(scenario.periods)
        if beyond.companies_in(month) < scenario.companies
    ]
    yield pa.RecordBatch.from_pylist(months, schema=schemas.LOADED_MONTHS.columns)
