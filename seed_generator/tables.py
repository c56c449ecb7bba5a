"""The simulation as tables of Arrow record batches: what every sink is given."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, time

import pyarrow as pa

from seed_generator import schemas
from seed_generator.expectations import expected_kpis
from seed_generator.names import company_names
from seed_generator.scenario import Scenario
from seed_generator.schemas import TableSchema
from seed_generator.simulation import BATCH_SESSIONS, simulate_companies, simulate_sessions
from seed_generator.streams import STREAM_VERSION
from seed_generator.truth import Books

OnRows = Callable[[TableSchema, int], None]


@dataclass(frozen=True)
class Table:
    """A table to be loaded: its schema and its rows, which are made while they are taken."""

    schema: TableSchema
    batches: Iterator[pa.RecordBatch]


def simulated_tables(
    scenario: Scenario, on_rows: OnRows | None = None, batch_sessions: int = BATCH_SESSIONS
) -> Iterator[Table]:
    """All tables in the order of `schemas.TABLES`. Take all rows of one before the next: the sessions fill the books.

    `on_rows` is told of each batch as it is taken.
    """
    books = Books(scenario)
    batches = {
        schemas.PLANS: _plans(scenario),
        schemas.COMPANIES: _companies(scenario),
        schemas.SESSIONS: _sessions(scenario, books, batch_sessions),
        schemas.MONTHLY_KPIS: _monthly_kpis(books),
        schemas.EXPECTED_KPIS: _expected_kpis(scenario),
        schemas.SIMULATION: _simulation(scenario),
    }
    for schema in schemas.TABLES:
        yield Table(schema, _reported(schema, batches[schema], on_rows) if on_rows else batches[schema])


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
            schema=schemas.SESSIONS.columns,
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


def _simulation(scenario: Scenario) -> Iterator[pa.RecordBatch]:
    yield pa.RecordBatch.from_pylist(
        [
            {
                "seed": scenario.seed,
                "companies": scenario.companies,
                "first_month": scenario.first_month,
                "months": scenario.months,
                "stream_version": STREAM_VERSION,
                "scenario": scenario.to_json(),
            }
        ],
        schema=schemas.SIMULATION.columns,
    )
