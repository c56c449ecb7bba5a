"""Schemas and tables in a PostgreSQL database, made where they are missing."""

from psycopg2 import extensions

from seed_generator.schemas import TableSchema
from seed_generator.sinks.sql import MARK, SqlNames, column_definitions


def make_schema(cursor: extensions.cursor, schema: str) -> None:
    """A schema that is there is not asked for: `if not exists` needs the right to make one all the same."""
    cursor.execute("select from pg_namespace where nspname = %s", (schema,))
    if not cursor.rowcount:
        cursor.execute(f'create schema "{schema}"')


def make_table(cursor: extensions.cursor, names: SqlNames, table: TableSchema) -> None:
    """A table without rows and keys, with the mark of a load."""
    name = names.quoted(table)
    cursor.execute(f"create table if not exists {name} ({column_definitions(table.columns)})")
    cursor.execute(f"comment on table {name} is '{MARK}'")
