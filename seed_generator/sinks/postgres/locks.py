"""Who may change the tables of a PostgreSQL database: one load at a time, and no reader meanwhile."""

import time
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from psycopg2 import errors, extensions

from seed_generator.errors import EnvironmentFailure
from seed_generator.schemas import PLANS, RAW, TABLES, TableSchema
from seed_generator.sinks.postgres.making import make_schema, make_table
from seed_generator.sinks.postgres.reading import found_tables
from seed_generator.sinks.sql import Found, SqlNames, refuse_tables_of_others

# How long a load waits before it gives up and says who is in the way, together less than 10 seconds: for another load
# (one that was killed lets go as soon as its server process notices), and for readers of the tables.
_OTHER_LOAD_TIMEOUT_SECONDS = 4.0
TABLES_TIMEOUT_SECONDS = 5

# When a session has waited a second for a lock, the server looks for deadlocks, and ends a query where it finds one.
_SECONDS_A_TRY = 0.6
_SECONDS_BETWEEN_TRIES = 0.2
# A statement that took this part of its time limit, and was cancelled, has reached it: two clocks never agree.
_PART_OF_A_TIMEOUT = 0.99

_LABEL_CLASS = zlib.crc32(b"seed_generator") & 0x7FFFFFFF

# A lock without a session belongs to a transaction that was prepared for a commit in two phases.
# One without a user is a process of the server's own, as autovacuum is.
_SESSION = (
    "coalesce(coalesce(nullif(application_name, ''), usename, nullif(backend_type, ''), 'the server itself')"
    " || ' (server process ' || pg_locks.pid || ')', 'a prepared transaction (pg_prepared_xacts)')"
)
_LOCKS = (
    "from pg_locks left join pg_stat_activity as activity on activity.pid = pg_locks.pid"
    " where granted and pg_locks.pid is distinct from pg_backend_pid()"
    " and database = (select oid from pg_database where datname = current_database())"
)

# Another load made or dropped the table between two of our statements.
_HAS_CHANGED_MEANWHILE = (
    errors.UniqueViolation,
    errors.DuplicateSchema,
    errors.DuplicateTable,
    errors.InvalidSchemaName,
    errors.UndefinedTable,
)


def lock_out_other_loads(cursor: extensions.cursor, names: SqlNames) -> Found:
    """One load at a time, to the end of its transaction; returns what the schemas held before it.

    The lock is one on `raw.plans`, which needs the right to write there: a reader can't take it. Where there is no
    such table, making it is the lock: a second load that makes it too waits for the end of the first.

    Raises
    ------
    EnvironmentFailure : naming the other load that is under way.
    InputError : one of the tables is not ours.
    """
    gives_up = time.monotonic() + _OTHER_LOAD_TIMEOUT_SECONDS
    cursor.execute("savepoint before_lock")
    while (seconds := gives_up - time.monotonic()) > 0:
        is_there = names.pair(PLANS) in _ours(cursor, names).tables
        try:
            cursor.execute(f"set local lock_timeout = '{1 + int(1000 * seconds)}ms'")
            if is_there:
                cursor.execute(f"lock table {names.quoted(PLANS)} in share update exclusive mode")
            else:
                make_schema(cursor, names.schema(RAW))
                make_table(cursor, names, PLANS)
        except _HAS_CHANGED_MEANWHILE:
            cursor.execute("rollback to savepoint before_lock")
            continue
        except errors.LockNotAvailable:
            cursor.execute("rollback to savepoint before_lock")
            break
        cursor.execute(f"set local lock_timeout = '{TABLES_TIMEOUT_SECONDS}s'")
        # It locks nothing out: it only tells another load who we are.
        cursor.execute("select pg_try_advisory_xact_lock_shared(%s, %s)", _label(names))
        found = _ours(cursor, names)
        made = set() if is_there else {names.pair(PLANS)}
        return replace(found, tables=found.tables - made, marked=found.marked - made)
    raise _under_way(cursor, names)


def lock_relations(cursor: extensions.cursor, relations: Sequence[str]) -> None:
    """All that a change needs, as a statement names it, in one go: from here on it waits for no session.

    Raises
    ------
    EnvironmentFailure : naming who has one of them, all the time that we wait.
    """
    gives_up = time.monotonic() + TABLES_TIMEOUT_SECONDS
    # Autovacuum lets go of a table once a session has waited for it for a second (deadlock_timeout). This lock waits
    # for it and keeps it away, and no reader is in its way.
    if not _is_locked(cursor, relations, "share update exclusive", TABLES_TIMEOUT_SECONDS):
        raise in_use(cursor, relations)
    # A reader who has one of the tables may want another that we have by then; so no try lasts until the server would
    # end his query or our change for that.
    while not _is_locked(cursor, relations, "access exclusive", _SECONDS_A_TRY):
        if time.monotonic() > gives_up:
            raise in_use(cursor, relations)
        time.sleep(_SECONDS_BETWEEN_TRIES)


def _is_locked(cursor: extensions.cursor, relations: Sequence[str], mode: str, seconds: float) -> bool:
    """Lock them, or lock none of them after a wait of so many seconds; returns which."""
    cursor.execute("savepoint before_locks")
    cursor.execute(f"set local statement_timeout = '{seconds}s'")
    began = time.monotonic()
    try:
        cursor.execute(f"lock table {', '.join(relations)} in {mode} mode")
    except errors.QueryCanceled:
        if time.monotonic() - began < _PART_OF_A_TIMEOUT * seconds:  # a person has cancelled it
            raise
        cursor.execute("rollback to savepoint before_locks")
        return False
    cursor.execute("set local statement_timeout = 0")
    return True


def in_use(cursor: extensions.cursor, relations: Sequence[str]) -> EnvironmentFailure:
    """Says who else holds a lock on one of the relations."""
    cursor.execute(
        f"select distinct {_SESSION} {_LOCKS} and relation = any(select to_regclass(name) from unnest(%s) as name)",
        (list(relations),),
    )
    holders = " and ".join(name for (name,) in cursor.fetchall()) or "a session that has just ended"
    return EnvironmentFailure(
        f"the tables in the database {_database(cursor)} are in use by {holders}; nothing was changed."
    )


def listed(names: SqlNames, tables: Iterable[TableSchema]) -> list[str]:
    """Tables as a statement names them."""
    return [names.quoted(table) for table in tables]


def _ours(cursor: extensions.cursor, names: SqlNames) -> Found:
    found = found_tables(cursor, names)
    refuse_tables_of_others(found, names, f"the database {_database(cursor)}")
    return found


def _label(names: SqlNames) -> tuple[int, int]:
    return _LABEL_CLASS, zlib.crc32(names.schema(RAW).encode()) & 0x7FFFFFFF


def _under_way(cursor: extensions.cursor, names: SqlNames) -> EnvironmentFailure:
    cursor.execute(
        f"select {_SESSION}, to_char(xact_start, 'HH24:MI:SS TZ') {_LOCKS}"
        " and locktype = 'advisory' and mode = 'ShareLock' and classid = %s and objid = %s",
        _label(names),
    )
    if holders := [f"{name}, since {since}" if since else name for name, since in cursor.fetchall()]:
        return EnvironmentFailure(
            f"another load of the database {_database(cursor)} is under way:"
            f" {' and '.join(holders)}; nothing was changed."
        )
    return in_use(cursor, listed(names, TABLES))


def _database(cursor: extensions.cursor) -> str:
    return cursor.connection.info.dbname
