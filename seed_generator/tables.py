"""The simulation as tables of Arrow record batches: what every sink is given."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time

import pyarrow as pa

from seed_generator import schemas
from seed_generator.expectations import expected_kpis
from seed_generator.faults import Faults, numbered, with_faults
from seed_generator.names import company_names
from seed_generator.scenario import Scenario
from seed_generator.schemas import TableSchema
from seed_generator.simulation import BATCH_SESSIONS, simulate_companies, simulate_sessions
from seed_generator.streams import STREAM_VERSION
from seed_generator.truth import Books

NO_FAULTS = Faults()

OnRows = Callable[[TableSchema, int], None]


@dataclass(frozen=True)
class Table:
    """A table to be loaded: its schema and its rows, which are made while they are taken.

    A table that `may_be_dirty` can hold what its schema forbids: nulls, keys that stand twice or lead nowhere.
    """

    schema: TableSchema
    batches: Iterator[pa.RecordBatch]
    may_be_dirty: bool = False

    @property
    def columns(self) -> pa.Schema:
        """The columns as they really are."""
        return schemas.with_nulls(self.schema.columns) if self.may_be_dirty else self.schema.columns


def simulated_tables(
    scenario: Scenario,
    on_rows: OnRows | None = None,
    batch_sessions: int = BATCH_SESSIONS,
    faults: Faults = NO_FAULTS,
) -> Iterator[Table]:
    """All tables in the order of `schemas.TABLES`. Take all rows of one before the next: the sessions fill the books.

    `on_rows` is told of each batch as it is taken. `faults` go into the rows of `raw`; the books stay right.
    """
    books = Books(scenario)
    batches = _simulated(scenario, books, batch_sessions)
    batches |= {
        schemas.MONTHLY_KPIS: _monthly_kpis(books),
        schemas.EXPECTED_KPIS: _expected_kpis(scenario),
        schemas.INJECTED_FAULTS: _injected_faults(scenario, faults),
        schemas.SIMULATION: _simulation(scenario, faults),
    }
    for schema in schemas.TABLES:
        rows = batches[schema]
        is_dirty = bool(faults.of(schema))
        if is_dirty:
            rows = (batch for batch, _ in with_faults(schema, rows, scenario, faults))
        yield Table(schema, _reported(schema, rows, on_rows) if on_rows else rows, is_dirty)


def _simulated(scenario: Scenario, books: Books, batch_sessions: int) -> dict[TableSchema, Iterator[pa.RecordBatch]]:
    return {
        schemas.PLANS: _plans(scenario),
        schemas.COMPANIES: _companies(scenario),
        schemas.SESSIONS: _sessions(scenario, books, batch_sessions),
    }


def _reported(schema: TableSchema, batches: Iterator[pa.RecordBatch], on_rows: OnRows) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        on_rows(schema, batch.num_rows)
        yield batch


def _plans(scenario: Scenario) -> Iterator[pa.RecordBatch]:
    yield pa.RecordBatch.from_pylist(
        [{"company_size": size.name, "monthly_price": size.monthly_price} for size in scenario.sizes],
        schema=schemas.PLANS.columns,
    )


def _companies(scenario: Scenario) -> Iterator[pa.RecordBatch]:
    sizes = pa.array([size.name for size in scenario.sizes], pa.string())
    acquired_at = pa.scalar(datetime.combine(scenario.first_month, time()), schemas.TIMESTAMP)
    for batch in simulate_companies(scenario):
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


def _sessions(scenario: Scenario, books: Books, batch_sessions: int) -> Iterator[pa.RecordBatch]:
    for batch in simulate_sessions(scenario, books, batch_sessions):
        yield pa.RecordBatch.from_arrays(
            [
                pa.array(batch.session_id),
                pa.array(batch.company_id),
                pa.array(batch.created_at).view(schemas.TIMESTAMP),
            ],
            schema=schemas.SESSIONS.columns.with_metadata({schemas.MONTH: f"{batch.period:%Y-%m}"}),
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
        simulated = _simulated(scenario, Books(scenario), BATCH_SESSIONS)
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
