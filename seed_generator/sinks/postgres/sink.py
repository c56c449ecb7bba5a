"""A PostgreSQL database: all tables in one transaction, rows through COPY.

Rows are replaced, not tables: dbt's views hold on to a table itself, so a renamed one would leave them on old rows and
a dropped one would take them along.
"""

import functools
import os
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from threading import Event

import psycopg2
import pyarrow as pa
from psycopg2 import errors, extensions

from seed_generator.errors import EnvironmentFailure, InputError, SeedError
from seed_generator.profiles import Target
from seed_generator.schemas import SIMULATED, SIMULATION, TABLES, TableSchema, with_nulls
from seed_generator.sinks.interruptible import interruptibly
from seed_generator.sinks.postgres.copy import CopyTarget, copy_file, copy_format, copy_in
from seed_generator.sinks.postgres.keys import (
    add_foreign_keys,
    add_indexes,
    add_primary_keys,
    extend_indexes,
    remove_foreign_keys,
    remove_primary_keys,
)
from seed_generator.sinks.postgres.locks import (
    TABLES_TIMEOUT_SECONDS,
    in_use,
    is_timeout,
    listed,
    lock_tables,
    take_the_place,
)
from seed_generator.sinks.protocol import More, Take
from seed_generator.sinks.sql import (
    Found,
    SqlNames,
    column_definitions,
    drop_statements,
    key_order,
    refuse_incomplete_tables,
    refuse_tables_of_others,
    sql_type,
)
from seed_generator.tables import Table

_BYTE_BY_BYTE = ' collate "C"'


class PostgresSink:
    """The tables in a PostgreSQL database, with primary and foreign keys, built after the rows: four times as fast."""

    months_at_a_time = 1

    def __init__(self, target: Target, prefix: str = "") -> None:
        self._settings = target.settings
        self._names = SqlNames(prefix)
        self._stopped = Event()
        self._database = str(self._settings.get("dbname") or self._settings.get("database"))
        self._where = f"the database {self._database}"
        self._server = f"{self._settings.get('host')}:{self._settings.get('port')}"
        self.place = (
            f"{target.name}: database {self._database} on {self._server}, schemas {', '.join(self._names.schemas)}"
        )
        self.next_command = f"dbt build --target {target.name}"

    def load(self, tables: Iterable[Table]) -> None:
        """Replace all rows, completely or not at all."""
        with self._transaction() as cursor:
            interruptibly(functools.partial(self._load, cursor, tables), functools.partial(self._stop, cursor))

    def extend(self, more: More) -> None:
        """Add to the tables, completely or not at all."""
        with self._transaction() as cursor:
            interruptibly(functools.partial(self._extend, cursor, more), functools.partial(self._stop, cursor))

    def read(self, take: Take) -> None:
        """Give all rows to `take`, each table's in the order of its primary key."""
        with self._transaction(changes=False) as cursor:
            interruptibly(functools.partial(self._read, cursor, take), functools.partial(self._stop, cursor))

    def drop(self) -> list[str]:
        """Remove the tables, dbt's views that read them, and the schemas that then are empty."""
        with self._transaction() as cursor:
            refuse_tables_of_others(found := self._found(cursor), self._names, self._where)
            if there := [table for table in TABLES if self._names.pair(table) in found]:
                lock_tables(cursor, self._names, there)
            statements, lines = drop_statements(found, self._names, cascade=" cascade")
            for statement in statements:
                cursor.execute(statement)
        return [*lines, "dbt's views of these tables went with them"] if statements else lines

    def _stop(self, cursor: extensions.cursor) -> None:
        self._stopped.set()
        cursor.connection.cancel()

    def _load(self, cursor: extensions.cursor, tables: Iterable[Table]) -> None:
        refuse_tables_of_others(self._found(cursor), self._names, self._where)
        self._create_tables(cursor)
        lock_tables(cursor, self._names)
        remove_foreign_keys(cursor, self._names)
        remove_primary_keys(cursor, self._names)
        are_clean = self._write(cursor, tables)
        if are_clean:
            add_primary_keys(cursor, self._names)
            add_foreign_keys(cursor, self._names)
        add_indexes(cursor, self._names)

    def _extend(self, cursor: extensions.cursor, more: More) -> None:
        refuse_incomplete_tables(self._found(cursor), self._names, self._where)
        self._create_tables(cursor)
        lock_tables(cursor, self._names)
        cursor.execute(f"select * from {self._names.quoted(SIMULATION)}")
        tables = more([dict(zip(SIMULATION.columns.names, row, strict=True)) for row in cursor.fetchall()])
        # A foreign key is far quicker to check for all rows than for each that comes; a primary key is not.
        remove_foreign_keys(cursor, self._names)
        self._write(cursor, tables)
        add_foreign_keys(cursor, self._names)
        extend_indexes(cursor, self._names)

    def _read(self, cursor: extensions.cursor, take: Take) -> None:
        refuse_incomplete_tables(self._found(cursor), self._names, self._where)
        for table in SIMULATED:
            columns = self._columns(cursor, table)
            rows = f"select * from {self._names.quoted(table)} order by {key_order(table, _BYTE_BY_BYTE)}"
            target = CopyTarget(columns, functools.partial(take, table))
            cursor.copy_expert(f"copy ({rows}) to stdout (format {copy_format(columns)})", target)
            target.flush()

    def _write(self, cursor: extensions.cursor, tables: Iterable[Table]) -> bool:
        """Fill the tables; returns whether no row of them can break a key."""
        are_clean = True
        for table in tables:
            name = self._names.quoted(table.schema)
            if not table.adds_rows:
                cursor.execute(f"truncate {name}")
                self._allow_nulls(cursor, table)
            statement = f"copy {name} from stdin (format {copy_format(table.columns)})"
            copy_in(cursor, statement, copy_file(table, self._stopped))
            are_clean &= not table.may_be_dirty
        cursor.execute(f"analyze {listed(self._names, TABLES)}")
        return are_clean

    @contextmanager
    def _transaction(self, *, changes: bool = True) -> Iterator[extensions.cursor]:
        """A transaction that `changes` the tables and so has the place for itself, or sees them as they are now."""
        self._stopped.clear()
        connection = self._connect()
        try:
            if not changes:
                connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
            with connection, connection.cursor() as cursor:
                cursor.execute(f"set local lock_timeout = '{TABLES_TIMEOUT_SECONDS}s'")
                # So that the server process of a load that is killed notices, even while it builds a key.
                cursor.execute(
                    "select set_config(name, '1s', true) from pg_settings"
                    " where name = 'client_connection_check_interval'"
                )
                if changes:
                    take_the_place(cursor, self._names)
                yield cursor
        except (errors.LockNotAvailable, errors.QueryCanceled) as error:
            raise (in_use(connection, self._names) if is_timeout(error) else self._told(error)) from error
        except psycopg2.Error as error:
            raise self._told(error) from error
        finally:
            connection.close()

    def _connect(self) -> extensions.connection:
        settings = self._settings
        options = {key: settings[key] for key in ("sslmode", "sslcert", "sslkey", "sslrootcert") if key in settings}
        try:
            connection: extensions.connection = psycopg2.connect(
                host=settings.get("host"),
                port=settings.get("port"),
                user=settings.get("user"),
                password=settings.get("password") or settings.get("pass"),
                dbname=self._database,
                connect_timeout=settings.get("connect_timeout", 10),
                application_name=f"seed_generator, process {os.getpid()} on {socket.gethostname()}"[:63],
                **options,
            )
        except psycopg2.Error as error:
            reason = str(error).strip().splitlines()[0].removeprefix("connection to server ").strip()
            raise EnvironmentFailure(
                f"can't connect to database {self._database} on {self._server} as {settings.get('user')}: {reason}."
            ) from error
        if settings.get("role"):
            with connection.cursor() as cursor:
                cursor.execute("select set_config('role', %s, false)", (settings["role"],))
            connection.commit()
        return connection

    def _told(self, error: psycopg2.Error) -> SeedError:
        reason = error.diag.message_primary or " ".join(str(error).split()) or type(error).__name__
        if isinstance(error, errors.DiskFull):
            return EnvironmentFailure(f"the server {self._server} has no room left; nothing was changed. ({reason})")
        return EnvironmentFailure(f"the server {self._server} said no; nothing was changed. ({reason})")

    def _found(self, cursor: extensions.cursor) -> Found:
        cursor.execute(
            "select nspname, relname from pg_class join pg_namespace on pg_namespace.oid = relnamespace"
            " where nspname = any(%s) and relkind in ('r', 'p', 'v', 'm', 'f')",
            (self._names.schemas,),
        )
        return set(cursor.fetchall())

    def _create_tables(self, cursor: extensions.cursor) -> None:
        for schema in self._names.schemas:
            cursor.execute(f'create schema if not exists "{schema}"')
        for table in TABLES:
            cursor.execute(
                f"create table if not exists {self._names.quoted(table)} ({column_definitions(table.columns)})"
            )
            cursor.execute(
                "select attname, format_type(atttypid, atttypmod) from pg_attribute"
                " where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
                (self._names.quoted(table),),
            )
            there = cursor.fetchall()
            wanted = [
                (column.name, sql_type(column.type).replace("timestamp", "timestamp without time zone"))
                for column in table.columns
            ]
            if there != wanted:
                raise InputError(
                    f"{table.full_name} in the database {self._database} has other columns than this version fills;"
                    " run with --drop first."
                )

    def _columns(self, cursor: extensions.cursor, table: TableSchema) -> pa.Schema:
        """The columns of a table, which may have nulls where those of the contract must not: a load with faults."""
        cursor.execute(
            "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attnotnull",
            (self._names.quoted(table),),
        )
        nullable = [name for (name,) in cursor.fetchall()]
        return with_nulls(table.columns, *nullable) if nullable else table.columns

    def _allow_nulls(self, cursor: extensions.cursor, table: Table) -> None:
        """In the columns that may have them and in no other, while the table is empty and has nothing to check."""
        actions = [
            f"alter column {column.name} {'drop' if column.nullable else 'set'} not null" for column in table.columns
        ]
        cursor.execute(f"alter table {self._names.quoted(table.schema)} {', '.join(actions)}")
