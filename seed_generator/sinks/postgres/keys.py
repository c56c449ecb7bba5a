"""Keys and indexes of the tables in a PostgreSQL database, which cost least when they are built after the rows."""

from psycopg2 import extensions

from seed_generator.schemas import TABLES, TableSchema
from seed_generator.sinks.sql import SqlNames


def remove_foreign_keys(cursor: extensions.cursor, names: SqlNames) -> None:
    """They go first: a primary key can't go while one points to it."""
    for table in TABLES:
        for column in table.foreign_keys:
            _drop_constraint(cursor, names, table, _foreign_key(table, column))


def remove_primary_keys(cursor: extensions.cursor, names: SqlNames) -> None:
    """Primary keys and indexes."""
    for table in TABLES:
        _drop_constraint(cursor, names, table, _primary_key(table))
        if table.clustered_by:
            cursor.execute(f"drop index if exists {_block_range_index(names, table)}")


def add_primary_keys(cursor: extensions.cursor, names: SqlNames) -> None:
    """To all tables."""
    for table in TABLES:
        cursor.execute(
            f"alter table {names.quoted(table)}"
            f" add constraint {_primary_key(table)} primary key ({', '.join(table.primary_key)})"
        )


def add_foreign_keys(cursor: extensions.cursor, names: SqlNames) -> None:
    """To all tables that have some, whose parents have their primary keys."""
    for table in TABLES:
        for column, parent in table.foreign_keys.items():
            cursor.execute(
                f"alter table {names.quoted(table)} add constraint {_foreign_key(table, column)}"
                f" foreign key ({column}) references {names.quoted(parent)}"
            )


def add_indexes(cursor: extensions.cursor, names: SqlNames) -> None:
    """A few pages for all months, because rows come in month by month; a b-tree would be as large as the table."""
    for table in TABLES:
        if table.clustered_by:
            cursor.execute(
                f"create index {_block_range_name(table)} on {names.quoted(table)} using brin ({table.clustered_by})"
            )


def extend_indexes(cursor: extensions.cursor, names: SqlNames) -> None:
    """Tell the indexes of rows that have come. Until then, or a vacuum, every query reads all of these."""
    for table in TABLES:
        if table.clustered_by:
            cursor.execute("select brin_summarize_new_values(%s)", (_block_range_index(names, table),))


def _drop_constraint(cursor: extensions.cursor, names: SqlNames, table: TableSchema, constraint: str) -> None:
    cursor.execute(f"alter table {names.quoted(table)} drop constraint if exists {constraint}")


def _primary_key(table: TableSchema) -> str:
    return f"{table.name}_pkey"


def _foreign_key(table: TableSchema, column: str) -> str:
    return f"{table.name}_{column}_fkey"


def _block_range_name(table: TableSchema) -> str:
    return f"{table.name}_{table.clustered_by}_brin"


def _block_range_index(names: SqlNames, table: TableSchema) -> str:
    return f'"{names.schema(table.schema)}".{_block_range_name(table)}'
