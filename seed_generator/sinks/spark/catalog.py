"""The tables in Spark's catalog. Nothing that is stored is ever changed.

A load writes its rows into tables of its own, the parts, and a table of the contract is a view of the parts that it
consists of, which one statement switches.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from seed_generator.schemas import TABLES, TableSchema
from seed_generator.sinks.spark.tasks import PERIOD
from seed_generator.sinks.sql import Found, Pairs, SqlNames

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# The properties of a view: the load that has switched it last, and the loads whose parts it consists of.
_LOAD, _PARTS = "seed_generator.load", "seed_generator.parts"
_PART = re.compile(r"(?P<table>\w+)__(?P<load>\d{8}t\d{6}_[0-9a-f]{8})")


class SparkCatalog:
    """The views and parts of a session's catalog."""

    def __init__(self, spark: "SparkSession", names: SqlNames) -> None:
        self._spark = spark
        self._names = names

    def found(self) -> Found:
        """All tables and views in our schemas, the user's own too. A view's mark is the load that it names."""
        tables = self._tables()
        marked = {self._names.pair(table) for table in TABLES if self.load_of(table)}
        return Found(tables, marked | parts_of(tables))

    def create_schemas(self) -> None:
        """Those that are missing."""
        for schema in self._names.schemas:
            self._spark.sql(f"create database if not exists {self._names.in_quotes(schema)}")

    def load_of(self, table: TableSchema) -> str | None:
        """The load that has switched a view last; None where there is none."""
        return self._property(table, _LOAD)

    def parts(self, table: TableSchema) -> list[str]:
        """The loads whose parts a view consists of; none where it is not there."""
        parts = self._property(table, _PARTS)
        return parts.split(",") if parts else []

    def part(self, table: TableSchema, load: str) -> str:
        """The part of a load, as a statement names it."""
        return self._names.in_quotes(self._names.schema(table.schema), f"{table.name}__{load}")

    def switch(self, table: TableSchema, load: str, parts: list[str]) -> None:
        """Let a view consist of these parts."""
        columns = ", ".join([*table.columns.names, *([PERIOD] if table.clustered_by else [])])
        selects = " union all ".join(f"select {columns} from {self.part(table, part)}" for part in parts)
        self._spark.sql(
            f"create or replace view {self._names.quoted(table)}"
            f" tblproperties ('{_LOAD}' = '{load}', '{_PARTS}' = '{','.join(parts)}') as {selects}"
        )

    def forget(self, is_kept: Callable[[TableSchema, str], bool]) -> None:
        """Drop the parts that are not to be kept."""
        of_name = {self._names.pair(table): table for table in TABLES}
        for schema, name in sorted(self._tables()):
            part = _PART.fullmatch(name)
            table = of_name.get((schema, part["table"])) if part else None
            if part and table and not is_kept(table, part["load"]):
                self._spark.sql(f"drop table if exists {self._names.in_quotes(schema, name)}")

    def _tables(self) -> Pairs:
        databases = {row[0] for row in self._spark.sql("show databases").collect()}
        return {
            (schema, row[1])
            for schema in self._names.schemas
            if schema in databases
            for row in self._spark.sql(f"show tables in {self._names.in_quotes(schema)}").collect()
        }

    def _property(self, table: TableSchema, name: str) -> str | None:
        if not self._spark.catalog.tableExists(self._names.quoted(table)):
            return None
        properties = dict(self._spark.sql(f"show tblproperties {self._names.quoted(table)}").collect())
        return properties.get(name)


def parts_of(tables: Pairs) -> Pairs:
    """Those that are parts."""
    return {(schema, name) for schema, name in tables if _PART.fullmatch(name)}
