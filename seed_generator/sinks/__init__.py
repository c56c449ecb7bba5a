"""Where the tables go: one small module an engine, all with one protocol."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from seed_generator.errors import InputError
from seed_generator.profiles import Target, schema_prefix
from seed_generator.schemas import TableSchema
from seed_generator.tables import Table

More = Callable[[Sequence[Mapping[str, Any]]], Iterable[Table]]
Take = Callable[[TableSchema, pa.RecordBatch], None]


class Sink(Protocol):
    """A place for the tables.

    `place` names it to people, `next_command` is what they type next. `months_at_a_time` is how many months of sessions
    it can take in at the same time.

    All methods raise `EnvironmentFailure` where the surroundings say no and `InputError` where the place is not one
    that the simulator may fill, or read; then the place is as it was before.
    """

    place: str
    next_command: str
    months_at_a_time: int

    def load(self, tables: Iterable[Table]) -> None:
        """Replace all tables, completely or not at all."""

    def extend(self, more: More) -> None:
        """Add to the tables, completely or not at all: `more` makes them, given the rows of `raw.simulation`."""

    def read(self, take: Take) -> None:
        """Give all rows of `schemas.SIMULATED` to `take`, each table's in the order of its primary key."""

    def drop(self) -> list[str]:
        """Remove the tables and what held nothing else; returns a line on each thing removed or kept."""


def target_sink(target: Target, workers: int | None = None) -> Sink:
    """The sink of a target in `profiles.yml`; `workers` says how many tasks simulate where the engine does that."""
    # An engine's library is imported only when it is used: each costs a noticeable part of a default run.
    if target.type == "duckdb":
        from seed_generator.sinks.duckdb import duckdb_sink  # noqa: PLC0415 - see above

        return duckdb_sink(target, schema_prefix())
    if target.type == "postgres":
        from seed_generator.sinks.postgres import PostgresSink  # noqa: PLC0415 - see above

        return PostgresSink(target, schema_prefix())
    if target.type == "spark":
        from seed_generator.sinks.spark import SparkSink  # noqa: PLC0415 - see above

        return SparkSink(target, schema_prefix(), workers)
    raise InputError(f"the target {target.name} is of type {target.type}; allowed are duckdb, postgres and spark.")


def parquet_sink(folder: Path) -> Sink:
    """The sink of a folder of Parquet files."""
    from seed_generator.sinks.parquet import ParquetSink  # noqa: PLC0415 - see above

    return ParquetSink(folder)
