"""Who may change the tables of a PostgreSQL database: one load at a time, and no reader meanwhile."""

import time
import zlib
from collections.abc import Iterable

import psycopg2
from psycopg2 import errors, extensions

from seed_generator.errors import EnvironmentFailure
from seed_generator.schemas import RAW, TABLES, TableSchema
from seed_generator.sinks.sql import SqlNames

# How long a load waits before it gives up and says who is in the way, together less than 10 seconds: for another load
# (one that was killed lets go as soon as its server process notices), and for those who read the tables.
_OTHER_LOAD_TIMEOUT_SECONDS = 4.0
TABLES_TIMEOUT_SECONDS = 5

# When somebody has waited a second for a lock, the server looks for deadlocks, and ends a query where it finds one.
_MILLISECONDS_A_TRY = 600
_SECONDS_BETWEEN_TRIES = 0.2
_LOCK_CLASS = zlib.crc32(b"seed_generator") & 0x7FFFFFFF


def lock_out_other_loads(cursor: extensions.cursor, names: SqlNames) -> None:
    """One load at a time, to the end of its transaction.

    Raises
    ------
    EnvironmentFailure : naming the other load that is under way.
    """
    key = (_LOCK_CLASS, zlib.crc32(names.schema(RAW).encode()) & 0x7FFFFFFF)
    gives_up = time.monotonic() + _OTHER_LOAD_TIMEOUT_SECONDS
    while time.monotonic() < gives_up:
        cursor.execute("select pg_try_advisory_xact_lock(%s, %s)", key)
        if cursor.fetchone() == (True,):
            return
        time.sleep(_SECONDS_BETWEEN_TRIES)
    cursor.execute(
        "select application_name, activity.pid, to_char(xact_start, 'HH24:MI:SS TZ')"
        " from pg_locks join pg_stat_activity as activity on activity.pid = pg_locks.pid"
        " where locktype = 'advisory' and classid = %s and objid = %s and granted",
        key,
    )
    holders = [f"{name} (server process {pid}, since {since})" for name, pid, since in cursor.fetchall()]
    raise EnvironmentFailure(
        f"another load of the database {_database(cursor)} is under way:"
        f" {' and '.join(holders) or 'it has just ended'}; nothing was changed."
    )


def lock_tables(cursor: extensions.cursor, names: SqlNames, tables: Iterable[TableSchema] = TABLES) -> None:
    """All that a change needs, in one go: from here on it waits for nobody.

    Raises
    ------
    psycopg2.errors.QueryCanceled : somebody has one of the tables, all the time that we wait.
    """
    # A reader who has one of the tables may want another that we have by then; so no try lasts until the server would
    # end his query or our change for that.
    cursor.execute(f"set local statement_timeout = {_MILLISECONDS_A_TRY}")
    cursor.execute("savepoint before_locks")
    statement = f"lock table {listed(names, tables)} in access exclusive mode"
    gives_up = time.monotonic() + TABLES_TIMEOUT_SECONDS
    while True:
        try:
            cursor.execute(statement)
            break
        except errors.QueryCanceled as error:
            if not is_timeout(error) or time.monotonic() > gives_up:
                raise
            cursor.execute("rollback to savepoint before_locks")
            time.sleep(_SECONDS_BETWEEN_TRIES)
    cursor.execute("set local statement_timeout = 0")


def in_use(connection: extensions.connection, names: SqlNames) -> EnvironmentFailure:
    """Says who holds a lock on one of the tables, after our own transaction has been rolled back."""
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "select distinct coalesce(nullif(application_name, ''), usename), activity.pid"
            " from pg_locks join pg_stat_activity as activity on activity.pid = pg_locks.pid"
            " join pg_class on pg_class.oid = relation join pg_namespace on pg_namespace.oid = relnamespace"
            " where nspname = any(%s) and relname = any(%s) and granted and activity.pid <> pg_backend_pid()",
            (names.schemas, [table.name for table in TABLES]),
        )
        holders = " and ".join(f"{name} (server process {pid})" for name, pid in cursor.fetchall()) or "somebody"
        return EnvironmentFailure(
            f"the tables in the database {_database(cursor)} are in use by {holders}; nothing was changed."
        )


def is_timeout(error: psycopg2.Error) -> bool:
    """Whether a query ended because it had waited for long enough, and not because somebody has ended it."""
    return "timeout" in str(error)


def listed(names: SqlNames, tables: Iterable[TableSchema]) -> str:
    """Tables as a statement lists them."""
    return ", ".join(names.quoted(table) for table in tables)


def _database(cursor: extensions.cursor) -> str:
    return cursor.connection.info.dbname
