"""Where the tables go: one small module an engine, all with one protocol."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from seed_generator.errors import InputError
from seed_generator.profiles import Target, schema_prefix
from seed_generator.tables import Table


class Sink(Protocol):
    """A place for the tables.

    `place` names it to people, `next_command` is what they type next.

    Both methods raise `EnvironmentFailure` where the surroundings say no and `InputError` where the place is not one
    that the simulator may fill; then the place is as it was before.
    """

    place: str
    next_command: str

    def load(self, tables: Iterable[Table]) -> None:
        """Replace all tables, completely or not at all."""

    def drop(self) -> list[str]:
        """Remove the tables and what held nothing else; returns a line on each thing removed or kept."""


def target_sink(target: Target) -> Sink:
    """The sink of a target in `profiles.yml`."""
    # An engine's library is imported only when it is used: each costs a noticeable part of a default run.
    if target.type == "duckdb":
        from seed_generator.sinks.duckdb import duckdb_sink  # noqa: PLC0415 - see above

        return duckdb_sink(target, schema_prefix())
    if target.type == "postgres":
        from seed_generator.sinks.postgres import PostgresSink  # noqa: PLC0415 - see above

        return PostgresSink(target, schema_prefix())
    raise InputError(f"the target {target.name} is of type {target.type}; allowed are duckdb and postgres.")


def parquet_sink(folder: Path) -> Sink:
    """The sink of a folder of Parquet files."""
    from seed_generator.sinks.parquet import ParquetSink  # noqa: PLC0415 - see above

    return ParquetSink(folder)
