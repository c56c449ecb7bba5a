"""What the SQL engines share: names, types and statements for the tables of `schemas`, and whose they are."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import pyarrow as pa

from seed_generator.errors import InputError
from seed_generator.scenario import add_months
from seed_generator.schemas import MONTHLY_KPIS, MRR_MOVEMENTS, TABLES, TableSchema

# A load gives it to each table as its comment, which proves whose the table is: a name alone proves nothing.
MARK = "Made by seed_generator: a load replaces this table, and --drop removes it."

Pairs = AbstractSet[tuple[str, str]]  # (schema, table), as the engine's catalog has them


@dataclass(frozen=True)
class Found:
    """What our schemas hold, the user's own things too.

    Parameters
    ----------
    tables : all tables and views.
    marked : those of them that bear the mark of a load.
    others : what else stands in each schema, such as functions, as it is told to people.
    owners : of the schemas that another role owns, its name.
    """

    tables: Pairs
    marked: Pairs
    others: Mapping[str, AbstractSet[str]] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)


class SqlNames:
    """The names of schemas and tables under a prefix, with the engine's quotes around them."""

    def __init__(self, prefix: str, quote: str = '"', catalog: str | None = None) -> None:
        self._prefix = prefix
        self._quote = quote
        self._catalog = catalog

    def within(self, catalog: str) -> "SqlNames":
        """The same names, with a catalog in front of those of tables."""
        return SqlNames(self._prefix, self._quote, catalog)

    def schema(self, name: str) -> str:
        """A schema of the contract, as the engine knows it."""
        return self._prefix + name

    @property
    def schemas(self) -> list[str]:
        """All schemas that the tables stand in."""
        return sorted({self.schema(table.schema) for table in TABLES})

    def pair(self, table: TableSchema) -> tuple[str, str]:
        """A table as the catalog has it."""
        return self.schema(table.schema), table.name

    def in_quotes(self, *names: str) -> str:
        """A schema, or a schema and something in it, as a statement names it."""
        quote = self._quote
        return ".".join(f"{quote}{name.replace(quote, quote * 2)}{quote}" for name in names)

    def quoted(self, table: TableSchema) -> str:
        """A table as a statement names it."""
        return self.in_quotes(*([] if self._catalog is None else [self._catalog]), *self.pair(table))


def sql_type(arrow_type: pa.DataType) -> str:
    """The SQL type of a column, the same text on every engine."""
    if pa.types.is_decimal(arrow_type):
        return f"numeric({arrow_type.precision},{arrow_type.scale})"
    return {pa.int64(): "bigint", pa.string(): "text", pa.date32(): "date", pa.timestamp("us"): "timestamp"}[arrow_type]


def column_definitions(columns: pa.Schema, compression: Mapping[str, str] | None = None) -> str:
    """The columns of a table, as `create table` takes them; `compression` names methods for some of them."""
    methods = {name: f" using compression {method}" for name, method in (compression or {}).items()}
    return ", ".join(
        f"{column.name} {sql_type(column.type)}{'' if column.nullable else ' not null'}{methods.get(column.name, '')}"
        for column in columns
    )


def key_order(table: TableSchema, text_order: str = "") -> str:
    """What to order a table's rows by: its primary key, and all else, so that dirty rows have one order too.

    `text_order` is what makes an engine compare texts byte by byte.
    """
    names = dict.fromkeys((*table.primary_key, *table.columns.names))
    orders = (text_order if table.columns.field(name).type == pa.string() else "" for name in names)
    return ", ".join(f"{name}{order} nulls last" for name, order in zip(names, orders, strict=True))


def refuse_incomplete_tables(found: Found, names: SqlNames, place: str) -> None:
    """Only what this version has loaded can be read or added to.

    Raises
    ------
    InputError : there is nothing, or not all of it.
    """
    missing = sorted(table.full_name for table in TABLES if names.pair(table) not in found.tables)
    if len(missing) == len(TABLES):
        raise InputError(f"{place} holds no simulation; load one first.")
    if missing:
        raise InputError(f"{place} lacks {', '.join(missing)}; load a simulation anew.")


def refuse_older_version(columns: Callable[[TableSchema], Collection[str]], place: str) -> None:
    """Only tables with the columns of this version can be read or added to.

    Parameters
    ----------
    columns : those that a table has; none where there is no such table. The books show whether all are there.

    Raises
    ------
    InputError : there are books, and some of their columns are missing.
    """
    books = (MONTHLY_KPIS, MRR_MOVEMENTS)
    if columns(MONTHLY_KPIS) and any(not set(table.columns.names).issubset(columns(table)) for table in books):
        raise InputError(f"{place} was loaded by an older version of seed_generator; load anew.")


def refuse_missing_months(simulation: Sequence[Mapping[str, Any]], loaded: Sequence[date], place: str) -> None:
    """Only what is loaded month by month can be added to.

    Parameters
    ----------
    simulation : all rows of `raw.simulation`.
    loaded : the months of `raw.loaded_months`.

    Raises
    ------
    InputError : a month of the simulation is not among them, or stands twice, or another one is there.
    """
    expected = Counter(add_months(row["first_month"], month) for row in simulation for month in range(row["months"]))
    found = Counter(loaded)
    if wrong := sorted({*(expected - found), *(found - expected)}):
        raise InputError(
            f"raw.loaded_months in {place} does not have each month of the simulation once, see {wrong[0]:%Y-%m};"
            " load a simulation anew."
        )


def refuse_tables_of_others(found: Found, names: SqlNames, place: str) -> None:
    """Never touch a `raw.sessions` that bears no mark of a load.

    Raises
    ------
    InputError : naming the tables in the way.
    """
    in_the_way = sorted({names.pair(table) for table in TABLES} & (found.tables - found.marked))
    if in_the_way:
        listed = ", ".join(f"{schema}.{table}" for schema, table in in_the_way)
        raise InputError(
            f"{place} holds {listed} without the mark of a load (a comment), so seed_generator did not make them;"
            " choose another database, or set SCHEMA_PREFIX."
        )


class DropStatements(NamedTuple):
    """Statements that remove what loads made, and lines about it for people.

    Parameters
    ----------
    tables : of the contract's tables.
    parts : of the tables that these consist of.
    schemas : of the schemas that then are empty.
    lines : what becomes of each schema.
    """

    tables: list[str]
    parts: list[str]
    schemas: list[str]
    lines: list[str]


def drop_statements(found: Found, names: SqlNames, kind: str = "table", parts: Pairs = frozenset()) -> DropStatements:
    """The statements that remove our tables and the schemas that then are empty.

    Parameters
    ----------
    found : what is there.
    kind : what the tables of the contract are to the engine.
    parts : those of `found` that are ours too, tables which the others consist of.
    """
    ours = {names.pair(table) for table in TABLES} | parts
    schemas, lines = [], []
    for schema in names.schemas:
        others = {table for place, table in found.tables - ours if place == schema} | found.others.get(schema, set())
        if others:
            lines.append(f"kept schema {schema}: it also holds {', '.join(sorted(others))}")
        elif all(place != schema for place, _ in found.tables):
            continue
        elif owner := found.owners.get(schema):
            lines.append(f"kept schema {schema}: it belongs to the role {owner}")
        else:
            schemas.append(f"drop schema {names.in_quotes(schema)}")
            lines.append(f"removed schema {schema}")
    return DropStatements(
        [f"drop {kind} {names.quoted(table)}" for table in reversed(TABLES) if names.pair(table) in found.tables],
        [f"drop table {names.in_quotes(*part)}" for part in sorted(parts)],
        schemas,
        lines or ["nothing to remove"],
    )
