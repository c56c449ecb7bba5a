"""What other people have made on the tables in a PostgreSQL database: it is named, and never taken along."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from psycopg2 import errors, extensions

from seed_generator.errors import InputError
from seed_generator.schemas import TABLES
from seed_generator.sinks.sql import SqlNames

_STAGING = "staging"


@contextmanager
def naming_dependents(where: str, refused: str) -> Iterator[None]:
    """What the server does not do because something else depends on a table is refused, as `refused` says it.

    Raises
    ------
    InputError : naming all that depends on the tables.
    """
    try:
        yield
    except (errors.DependentObjectsStillExist, errors.FeatureNotSupported) as error:
        raise _refusal(where, refused, [error]) from error


def staging_views(cursor: extensions.cursor, names: SqlNames) -> list[str]:
    """The views that dbt has made of the tables, as a statement names them: each a `stg_<table>` in staging."""
    schema = names.schema(_STAGING)
    views = {f"stg_{table.name}": names.quoted(table) for table in TABLES}
    cursor.execute(
        "select distinct relname"
        " from pg_class join pg_namespace on pg_namespace.oid = relnamespace"
        " join pg_rewrite on ev_class = pg_class.oid"
        " join pg_depend on classid = 'pg_rewrite'::regclass and objid = pg_rewrite.oid"
        " join unnest(%s, %s) as pairs (view, read) on view = relname and refobjid = to_regclass(read)"
        " where nspname = %s and relkind = 'v' and refclassid = 'pg_class'::regclass"
        " order by relname",
        (list(views.keys()), list(views.values()), schema),
    )
    return [names.in_quotes(schema, view) for (view,) in cursor.fetchall()]


def drop_views_and_tables(cursor: extensions.cursor, views: Sequence[str], tables: Sequence[str], where: str) -> None:
    """Remove them, and nothing that depends on them.

    Raises
    ------
    InputError : naming all that depends on the views and the tables. The transaction is of no use then.
    """
    refused: list[errors.DependentObjectsStillExist] = []
    for kind, objects in (("view", views), ("table", tables)):
        if not objects:
            continue
        statement = f"drop {kind} {', '.join(objects)}"
        cursor.execute("savepoint before_drop")
        try:
            cursor.execute(statement)
        except errors.DependentObjectsStillExist as error:
            refused.append(error)
            cursor.execute("rollback to savepoint before_drop")
            # Only to learn what depends on the tables beside these views: the whole transaction is taken back.
            cursor.execute(f"{statement} cascade")
    if refused:
        raise _refusal(where, "can't be dropped", refused)


def _refusal(where: str, refused: str, errors_of: Sequence[errors.Error]) -> InputError:
    details = [error.diag.message_detail or error.diag.message_primary or "" for error in errors_of]
    listed = ", ".join(line.rstrip(".") for detail in details for line in detail.splitlines())
    return InputError(
        f"the simulation in {where} {refused} while other things depend on its tables ({listed});"
        " remove these first. Nothing was changed."
    )
