"""Which sink a target of `profiles.yml`, or a file or folder, has. Engines are imported only when they are used."""

# ruff: noqa: PLC0415 - each engine's library costs a noticeable part of a default run

from pathlib import Path

from seed_generator.profiles import Target, schema_prefix
from seed_generator.sinks.duckdb_file import file_of
from seed_generator.sinks.protocol import Sink


def target_sink(target: Target, workers: int | None = None) -> Sink:
    """The sink of a target in `profiles.yml`; `workers` says how many tasks simulate where the engine does that."""
    return target.chosen_by_type(_SINKS)(target, workers)


def duckdb_sink(path: Path) -> Sink:
    """The sink of a DuckDB file."""
    from seed_generator.sinks.duckdb import DuckDBSink

    return DuckDBSink(path, schema_prefix())


def parquet_sink(folder: Path) -> Sink:
    """The sink of a folder of Parquet files."""
    from seed_generator.sinks.parquet.sink import ParquetSink

    return ParquetSink(folder)


def csv_sink(folder: Path) -> Sink:
    """The sink of a folder of CSV files."""
    from seed_generator.sinks.csv.sink import CsvSink

    return CsvSink(folder)


def _duckdb(target: Target, _: int | None) -> Sink:
    from seed_generator.sinks.duckdb import DuckDBSink

    # The target's path is relative to the current folder, as it is for dbt.
    return DuckDBSink(file_of(target), schema_prefix(), f"{target.name}: ", f"dbt build --target {target.name}")


def _postgres(target: Target, _: int | None) -> Sink:
    from seed_generator.sinks.postgres.sink import PostgresSink

    return PostgresSink(target, schema_prefix())


def _spark(target: Target, workers: int | None) -> Sink:
    from seed_generator.sinks.spark.sink import SparkSink

    return SparkSink(target, schema_prefix(), workers)


# By the target's type.
_SINKS = {"duckdb": _duckdb, "postgres": _postgres, "spark": _spark}
