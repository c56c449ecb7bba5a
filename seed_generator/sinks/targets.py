"""Which sink a target of `profiles.yml`, or a folder, has."""

from pathlib import Path

from seed_generator.errors import InputError
from seed_generator.profiles import Target, schema_prefix
from seed_generator.sinks.protocol import Sink


def target_sink(target: Target, workers: int | None = None) -> Sink:
    """The sink of a target in `profiles.yml`; `workers` says how many tasks simulate where the engine does that."""
    # An engine's library is imported only when it is used: each costs a noticeable part of a default run.
    if target.type == "duckdb":
        from seed_generator.sinks.duckdb import duckdb_sink  # noqa: PLC0415 - see above

        return duckdb_sink(target, schema_prefix())
    if target.type == "postgres":
        from seed_generator.sinks.postgres.sink import PostgresSink  # noqa: PLC0415 - see above

        return PostgresSink(target, schema_prefix())
    if target.type == "spark":
        from seed_generator.sinks.spark.sink import SparkSink  # noqa: PLC0415 - see above

        return SparkSink(target, schema_prefix(), workers)
    raise InputError(f"the target {target.name} is of type {target.type}; allowed are duckdb, postgres and spark.")


def parquet_sink(folder: Path) -> Sink:
    """The sink of a folder of Parquet files."""
    from seed_generator.sinks.parquet.sink import ParquetSink  # noqa: PLC0415 - see above

    return ParquetSink(folder)
