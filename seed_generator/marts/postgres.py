"""Tables of a PostgreSQL database, in one transaction that only reads."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg2
import pyarrow as pa
from psycopg2 import extensions

from seed_generator.marts import Read
from seed_generator.profiles import Target
from seed_generator.sinks.postgres.connection import Address, begin, connect, told
from seed_generator.sinks.sql import SqlNames

_NUMERIC = 1700
# The types that marts have, by the numbers that PostgreSQL gives them.
_TYPES = {20: pa.int64(), 25: pa.string(), 1082: pa.date32(), 1114: pa.timestamp("us")}


@contextmanager
def reader(target: Target) -> Iterator[Read]:
    """What reads the tables of the target."""
    address = Address.of_settings(target.settings)
    with closing(connect(target.settings, address)) as connection, connection.cursor() as cursor:

        def read(schema: str, name: str) -> pa.Table | None:
            table = SqlNames("").in_quotes(schema, name)
            cursor.execute("select to_regclass(%s)", (table,))
            if cursor.fetchall() == [(None,)]:
                return None
            cursor.execute(f"select * from {table}")
            columns = [list(values) for values in zip(*cursor.fetchall(), strict=True)]
            description = cursor.description or ()
            schema_ = pa.schema([(column.name, _type(column)) for column in description])
            return pa.table(columns or [[] for _ in description], schema_)

        try:
            begin(connection, cursor, changes=False)
            yield read
        except psycopg2.Error as error:
            raise told(error, address) from error


def _type(column: extensions.Column) -> pa.DataType:
    if column.type_code == _NUMERIC:
        return pa.decimal128(column.precision, column.scale)
    return _TYPES[column.type_code]
