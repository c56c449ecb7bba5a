"""Which sink a target of `profiles.yml`, or a folder, has. An engine's library is imported only when it is used."""

# ruff: noqa: PLC0415 - each engine's library costs a noticeable part of a default run

from pathlib import Path

from seed_generator.errors import InputError
from seed_generator.profiles import Target, schema_prefix
from seed_generator.sinks.protocol import Sink


def target_sink(target: Target, workers: int | None = None) -> Sink:
    """The sink of a target in `profiles.yml`; `workers` says how many tasks simulate where the engine does that."""
    if target.type not in _SINKS:
        raise InputError(f"the target {target.name} is of type {target.type}; allowed are {', '.join(_SINKS)}.")
    return _SINKS[target.type](target, workers)


def parquet_sink(folder: Path) -> Sink:
    """The sink of a folder of Parquet files."""
    from seed_generator.sinks.parquet.sink import ParquetSink

    return ParquetSink(folder)


def csv_sink(folder: Path) -> Sink:
    """The sink of a folder of CSV files."""
    from seed_generator.sinks.csv.sink import CsvSink

    return CsvSink(folder)


def _duckdb(target: Target, _: int | None) -> Sink:
    from seed_generator.sinks.duckdb import duckdb_sink

    return duckdb_sink(target, schema_prefix())


def _postgres(target: Target, _: int | None) -> Sink:
    from seed_generator.sinks.postgres.sink import PostgresSink

    return PostgresSink(target, schema_prefix())


def _spark(target: Target, workers: int | None) -> Sink:
    from seed_generator.sinks.spark.sink import SparkSink

    return SparkSink(target, schema_prefix(), workers)


# By the target's type.
_SINKS = {"duckdb": _duckdb, "postgres": _postgres, "spark": _spark}
