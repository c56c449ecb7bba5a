"""Tables of Spark's catalog."""

from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

from seed_generator.marts import Read
from seed_generator.profiles import Target
from seed_generator.sinks.spark.session import spark_session
from seed_generator.sinks.sql import SqlNames


@contextmanager
def reader(target: Target) -> Iterator[Read]:
    """What reads the tables of the target."""
    with spark_session(target) as spark:

        def read(schema: str, name: str) -> pa.Table | None:
            table = SqlNames("", quote="`").in_quotes(schema, name)
            if not spark.catalog.tableExists(table):
                return None
            found = spark.table(table).toArrow()
            return pa.Table.from_arrays(found.columns, found.column_names)  # without Spark's notes on each column

        yield read
