"""A change of the tables in a PostgreSQL database, inside a transaction.

Rows are replaced, not tables: dbt's views hold on to a table itself, so a renamed one would leave them on old rows and
a dropped one would take them along.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from threading import Event
from typing import Any

from psycopg2 import extensions

from seed_generator.errors import InputError
from seed_generator.schemas import LOADED_MONTHS, SIMULATION, TABLES, TableSchema
from seed_generator.sinks.interruptible import interruptibly
from seed_generator.sinks.postgres.copy import copy_file, copy_format, copy_in
from seed_generator.sinks.postgres.dependents import naming_dependents
from seed_generator.sinks.postgres.keys import (
    add_foreign_keys,
    add_indexes,
    add_primary_keys,
    extend_indexes,
    remove_foreign_keys,
    remove_primary_keys,
)
from seed_generator.sinks.postgres.locks import listed, lock_relations
from seed_generator.sinks.postgres.making import make_schema, make_table
from seed_generator.sinks.sql import (
    Found,
    SqlNames,
    refuse_incomplete_tables,
    refuse_missing_months,
    refuse_older_version,
    sql_type,
)
from seed_generator.tables import Table


class PostgresChange:
    """A change in a transaction that no other load is beside.

    Parameters
    ----------
    cursor : of the transaction.
    names : of the tables.
    found : what the schemas held before.
    stopped : set on Ctrl-C, so that no more rows are made.
    """

    def __init__(self, cursor: extensions.cursor, names: SqlNames, found: Found, stopped: Event) -> None:
        self._cursor = cursor
        self._names = names
        self._found = found
        self._stopped = stopped
        self._columns: dict[TableSchema, list[str]] = {}  # that each table had before, or has been made with

    def begin(self) -> None:
        """Make the tables that are missing, and lock all of them."""
        self._create_tables()
        self._interruptibly(lock_relations, self._cursor, listed(self._names, TABLES))

    def simulation(self) -> Sequence[Mapping[str, Any]]:
        """The rows of `raw.simulation`."""
        place = f"the database {self._database}"
        refuse_older_version(self._columns_before, place)
        refuse_incomplete_tables(self._found, self._names, place)
        self._cursor.execute(f"select period from {self._names.quoted(LOADED_MONTHS)}")
        loaded = [period for (period,) in self._cursor.fetchall()]
        self._cursor.execute(f"select * from {self._names.quoted(SIMULATION)}")
        rows = [dict(zip(SIMULATION.columns.names, row, strict=True)) for row in self._cursor.fetchall()]
        refuse_missing_months(rows, loaded, place)
        return rows

    def write(self, tables: Sequence[Table]) -> None:
        """Fill the tables, with keys and indexes after the rows."""
        self._interruptibly(self._write, tables)

    def _interruptibly(self, work: Callable[..., object], *arguments: object) -> None:
        def stop() -> None:
            self._stopped.set()
            self._cursor.connection.cancel()

        interruptibly(functools.partial(work, *arguments), stop)

    def _write(self, tables: Sequence[Table]) -> None:
        # A foreign key is far quicker to check for all rows than for each that comes; a primary key of rows that are
        # added is not.
        remove_foreign_keys(self._cursor, self._names)
        if any(table.adds_rows for table in tables):
            self._copy(tables)
            add_foreign_keys(self._cursor, self._names)
            extend_indexes(self._cursor, self._names)
            return
        with naming_dependents(f"the database {self._database}", "can't be replaced"):
            remove_primary_keys(self._cursor, self._names)
        self._copy(tables)
        if not any(table.may_be_dirty for table in tables):
            add_primary_keys(self._cursor, self._names)
            add_foreign_keys(self._cursor, self._names)
        add_indexes(self._cursor, self._names)

    def _copy(self, tables: Sequence[Table]) -> None:
        for table in tables:
            name = self._names.quoted(table.schema)
            if not table.adds_rows:
                with naming_dependents(f"the database {self._database}", "can't be replaced"):
                    self._cursor.execute(f"truncate {name}")
                self._add_columns(table.schema)
                self._allow_nulls(table)
            statement = f"copy {name} from stdin (format {copy_format(table.columns)})"
            copy_in(self._cursor, statement, copy_file(table, self._stopped))
        self._cursor.execute(f"analyze {', '.join(listed(self._names, TABLES))}")

    def _create_tables(self) -> None:
        for schema in self._names.schemas:
            make_schema(self._cursor, schema)
        for table in TABLES:
            if self._names.pair(table) not in self._found.tables:
                make_table(self._cursor, self._names, table)
            self._cursor.execute(
                "select attname, format_type(atttypid, atttypmod) from pg_attribute"
                " where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
                (self._names.quoted(table),),
            )
            found = self._cursor.fetchall()
            wanted = [
                (column.name, sql_type(column.type).replace("timestamp", "timestamp without time zone"))
                for column in table.columns
            ]
            self._columns[table] = [name for name, _ in found]
            if found != wanted[: len(found)]:
                raise InputError(
                    f"{table.full_name} in the database {self._database} has other columns than this version fills;"
                    " drop the simulation first."
                )

    def _columns_before(self, table: TableSchema) -> list[str]:
        """The columns of a table before the change; none where it was not there."""
        return self._columns[table] if self._names.pair(table) in self._found.tables else []

    def _add_columns(self, table: TableSchema) -> None:
        """Those that the version that made a table did not have yet, at its end; views that read it stay."""
        for column in list(table.columns)[len(self._columns[table]) :]:
            self._cursor.execute(
                f"alter table {self._names.quoted(table)} add column {column.name} {sql_type(column.type)}"
            )

    def _allow_nulls(self, table: Table) -> None:
        """In the columns that may have them and in no other, while the table is empty and has nothing to check."""
        actions = [
            f"alter column {column.name} {'drop' if column.nullable else 'set'} not null" for column in table.columns
        ]
        self._cursor.execute(f"alter table {self._names.quoted(table.schema)} {', '.join(actions)}")

    @property
    def _database(self) -> str:
        name: str = self._cursor.connection.info.dbname
        return name
