"""A PostgreSQL database: all tables in one transaction, one load at a time."""

import functools
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event

import psycopg2
from psycopg2 import errors, extensions

from seed_generator.errors import EnvironmentFailure, SeedError
from seed_generator.profiles import Target
from seed_generator.schemas import TABLES
from seed_generator.sinks.interruptible import interruptibly
from seed_generator.sinks.postgres.change import PostgresChange
from seed_generator.sinks.postgres.locks import (
    TABLES_TIMEOUT_SECONDS,
    in_use,
    is_timeout,
    lock_out_other_loads,
    lock_tables,
)
from seed_generator.sinks.postgres.reading import found_tables, read_tables
from seed_generator.sinks.protocol import Take
from seed_generator.sinks.sql import SqlNames, drop_statements, refuse_incomplete_tables, refuse_tables_of_others


class PostgresSink:
    """The tables in a PostgreSQL database, with primary and foreign keys, built after the rows: four times as fast."""

    months_at_a_time = 1
    takes_faults = True

    def __init__(self, target: Target, prefix: str = "") -> None:
        self._settings = target.settings
        self._names = SqlNames(prefix)
        self._stopped = Event()
        self.has_changed = False
        self._database = str(self._settings.get("dbname") or self._settings.get("database"))
        self._where = f"the database {self._database}"
        self._server = f"{self._settings.get('host')}:{self._settings.get('port')}"
        self.description = (
            f"{target.name}: database {self._database} on {self._server}, schemas {', '.join(self._names.schemas)}"
        )
        self.next_command = f"dbt build --target {target.name}"

    @contextmanager
    def change(self) -> Iterator[PostgresChange]:
        """A transaction that has the tables for itself."""
        with self._transaction() as cursor:
            found = found_tables(cursor, self._names)
            refuse_tables_of_others(found, self._names, self._where)
            change = PostgresChange(cursor, self._names, found, self._stopped)
            change.begin()
            yield change

    def read(self, take: Take) -> None:
        """Give all rows to `take`, each table's in the order of its primary key."""
        with self._transaction(changes=False) as cursor:
            refuse_incomplete_tables(found_tables(cursor, self._names), self._names, self._where)
            interruptibly(functools.partial(read_tables, cursor, self._names, take), cursor.connection.cancel)

    def drop(self) -> list[str]:
        """Remove the tables, dbt's views that read them, and the schemas that then are empty."""
        with self._transaction() as cursor:
            refuse_tables_of_others(found := found_tables(cursor, self._names), self._names, self._where)
            if loaded := [table for table in TABLES if self._names.pair(table) in found.tables]:
                lock_tables(cursor, self._names, loaded)
            statements, lines = drop_statements(found, self._names)
            for statement in statements:
                cursor.execute(f"{statement} cascade" if statement.startswith("drop table") else statement)
        return [*lines, "dbt's views of these tables went with them"] if statements else lines

    @contextmanager
    def _transaction(self, *, changes: bool = True) -> Iterator[extensions.cursor]:
        """A transaction that `changes` the tables, while no other load does, or sees them as they are now."""
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
                    lock_out_other_loads(cursor, self._names)
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
