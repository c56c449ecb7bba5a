"""What a PostgreSQL database holds of the tables: which there are, and their rows."""

import functools
from collections import defaultdict

import pyarrow as pa
from psycopg2 import extensions

from seed_generator.schemas import REPRODUCIBLE, TableSchema, with_nulls
from seed_generator.sinks.postgres.copy import CopyTarget, copy_format
from seed_generator.sinks.protocol import Take
from seed_generator.sinks.sql import MARK, Found, SqlNames, key_order

_BYTE_BY_BYTE = ' collate "C"'


def found_tables(cursor: extensions.cursor, names: SqlNames) -> Found:
    """All that stands in our schemas, the user's own things too."""
    cursor.execute(
        "select nspname, relname, obj_description(pg_class.oid, 'pg_class')"
        " from pg_class join pg_namespace on pg_namespace.oid = relnamespace"
        " where nspname = any(%s) and relkind in ('r', 'p', 'v', 'm', 'f')",
        (names.schemas,),
    )
    comments = {(schema, table): comment for schema, table, comment in cursor.fetchall()}
    # What depends on a schema stands in it; tables are above, and what belongs to them depends on them.
    cursor.execute(
        "select nspname, pg_describe_object(classid, objid, 0)"
        " from pg_depend join pg_namespace on refclassid = 'pg_namespace'::regclass and refobjid = pg_namespace.oid"
        " where nspname = any(%s) and deptype = 'n' and not (classid = 'pg_class'::regclass and exists ("
        "select from pg_class where pg_class.oid = objid and relkind in ('r', 'p', 'v', 'm', 'f')))",
        (names.schemas,),
    )
    others = defaultdict[str, set[str]](set)
    for schema, other in cursor.fetchall():
        others[schema].add(other)
    cursor.execute(
        "select nspname, pg_get_userbyid(nspowner) from pg_namespace"
        " where nspname = any(%s) and not pg_has_role(nspowner, 'USAGE')",
        (names.schemas,),
    )
    marked = {table for table, comment in comments.items() if comment == MARK}
    return Found(comments.keys(), marked, others, dict(cursor.fetchall()))


def read_tables(cursor: extensions.cursor, names: SqlNames, take: Take) -> None:
    """Give all rows to `take`, each table's in the order of its primary key."""
    for table in REPRODUCIBLE:
        columns = _columns(cursor, names, table)
        rows = f"select * from {names.quoted(table)} order by {key_order(table, _BYTE_BY_BYTE)}"
        target = CopyTarget(columns, functools.partial(take, table))
        cursor.copy_expert(f"copy ({rows}) to stdout (format {copy_format(columns)})", target)
        target.flush()


def _columns(cursor: extensions.cursor, names: SqlNames, table: TableSchema) -> pa.Schema:
    """The columns of a table, which may have nulls where those of the contract must not: a load with faults."""
    cursor.execute(
        "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0 and not attnotnull",
        (names.quoted(table),),
    )
    nullable = [name for (name,) in cursor.fetchall()]
    return with_nulls(table.columns, *nullable) if nullable else table.columns
