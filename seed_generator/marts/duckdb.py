"""Tables of a DuckDB file, opened for reading, so that others can read it at the same time."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from seed_generator.errors import EnvironmentFailure, InputError
from seed_generator.marts import Read
from seed_generator.profiles import Target
from seed_generator.sinks.duckdb_file import file_of
from seed_generator.sinks.duckdb_messages import refused
from seed_generator.sinks.sql import SqlNames


@contextmanager
def reader(target: Target) -> Iterator[Read]:
    """What reads the tables of the target."""
    path = file_of(target).absolute()
    if not path.exists():
        raise InputError(f"{path} does not exist; load a simulation first.")
    try:
        with _connected(path) as connection:
            ((catalog,),) = connection.execute("select current_database()").fetchall()

            def read(schema: str, name: str) -> pa.Table | None:
                try:
                    return connection.sql(f"from {SqlNames('').in_quotes(catalog, schema, name)}").to_arrow_table()
                except duckdb.CatalogException:
                    return None

            yield read
    except duckdb.Error as error:
        message = " ".join(str(error).split())
        raise refused(path, message) or EnvironmentFailure(f"DuckDB could not read {path}. ({message})") from error


def _connected(path: Path) -> duckdb.DuckDBPyConnection:
    try:
        return duckdb.connect(path, read_only=True)
    except duckdb.ConnectionException:  # this process has it open to write, and then all its connections are such
        return duckdb.connect(path)
