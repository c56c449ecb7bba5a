"""A change of the tables in Spark's catalog."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from seed_generator.errors import EnvironmentFailure, InputError
from seed_generator.interruption import undisturbed
from seed_generator.schemas import LOADED_MONTHS, SIMULATION, TABLES, TableSchema
from seed_generator.sinks.spark.catalog import SparkCatalog
from seed_generator.sinks.spark.tasks import (
    books_of_blocks,
    create_table,
    made_by_tasks,
    rows_of_blocks,
    spark_columns,
)
from seed_generator.sinks.sql import (
    Found,
    SqlNames,
    refuse_incomplete_tables,
    refuse_missing_months,
    refuse_older_version,
    refuse_tables_of_others,
)
from seed_generator.tables import Blockwise, Table

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class Reach(Protocol):
    """Is told what has been changed so far, and whether that is all."""

    def __call__(self, outcome: str, *, is_complete: bool = False) -> None:
        """A failure is told with these words from here on."""


class SparkChange:
    """A change that is complete table by table, `raw.simulation` as the last.

    Parameters
    ----------
    spark : the session.
    names : of the tables.
    target : its name, for people.
    tasks : how many make rows; None for as many as is good.
    reach : is called with what to say of a failure from then on.
    """

    def __init__(self, spark: "SparkSession", names: SqlNames, target: str, tasks: int | None, reach: Reach) -> None:
        self._spark = spark
        self._names = names
        self._target = target
        self._tasks = tasks
        self._reach = reach
        self._catalog = SparkCatalog(spark, names)

    def begin(self) -> None:
        """Refuse tables that seed_generator did not make."""
        refuse_tables_of_others(self._catalog.found(), self._names, self._target)

    def simulation(self) -> Sequence[Mapping[str, Any]]:
        """The rows of `raw.simulation`."""
        found = self._catalog.found()
        refuse_older_version(partial(self._columns, found), self._target)
        refuse_incomplete_tables(found, self._names, self._target)
        if len({self._catalog.load_of(table) for table in TABLES}) > 1:
            raise InputError(f"the tables of {self._target} are of two loads, one of which was ended; load anew.")
        rows: list[dict[str, Any]] = self._spark.table(self._names.quoted(SIMULATION)).toArrow().to_pylist()
        loaded = self._spark.table(self._names.quoted(LOADED_MONTHS)).toArrow().to_pylist()
        refuse_missing_months(rows, [row["period"] for row in loaded], self._target)
        return rows

    def _columns(self, found: Found, table: TableSchema) -> list[str]:
        """The columns of a table; none where it is not there."""
        if self._names.pair(table) not in found.tables:
            return []
        names: list[str] = self._spark.table(self._names.quoted(table)).columns
        return names

    def write(self, tables: Sequence[Table]) -> None:
        """Write the parts of a new load, switch the views to them, and drop the parts that no view has any more."""
        self._catalog.create_schemas()
        load = f"{datetime.now(UTC):%Y%m%dt%H%M%S}_{secrets.token_hex(4)}"
        before = {table: self._catalog.parts(table) for table in TABLES}
        loaded_before = self._catalog.load_of(SIMULATION)
        after: dict[TableSchema, list[str]] = {}
        try:
            for table in tables:
                rows = self._write(table, load)
                kept = before[table.schema] if table.adds_rows else []
                after[table.schema] = [*kept, load] if rows or not kept else kept
            self._refuse_another_load_since(loaded_before)
        except BaseException:
            self._catalog.forget(lambda _, of_load: of_load != load)
            raise
        with undisturbed():
            for schema in sorted(after, key=lambda schema: schema is SIMULATION):
                self._catalog.switch(schema, load, after[schema])
                self._reach("some tables are of this load and others of the one before; load anew")
            self._reach(
                "the load is complete, but not all is removed that it took the place of; the next load does that",
                is_complete=True,
            )
        # A reader that has begun with the parts of before goes on.
        self._catalog.forget(lambda table, of_load: of_load in {*before[table], *after[table]})

    def _write(self, table: Table, load: str) -> int:
        """Returns how many rows there were to write."""
        if table.blockwise:
            portion, made = table.blockwise.portion, rows_of_blocks(table.schema, table.blockwise)
            rows = made_by_tasks(self._spark, portion, self._tasks, *made)
            self._keep_books(table.blockwise)
        else:
            batches = [batch.rows for batch in table.batches]
            rows = self._spark.createDataFrame(
                pa.Table.from_batches(batches, table.schema.columns), schema=spark_columns(table.schema)
            )
        part = self._catalog.part(table.schema, load)
        # Into the catalog first, so that what a killed load leaves is found and dropped by the next.
        create_table(self._spark, part, table.schema)
        rows.write.insertInto(part)
        written: int = self._spark.table(part).count()
        if table.blockwise and table.blockwise.on_rows:
            table.blockwise.on_rows(table.schema, written)
        return written

    def _keep_books(self, blockwise: Blockwise) -> None:
        """The figures of all blocks, summed up: a second pass over the draws, which is cheap beside the rows."""
        if blockwise.books is None:
            return
        figures = made_by_tasks(self._spark, blockwise.portion, self._tasks, *books_of_blocks(blockwise))
        sums = figures.groupBy("position").sum("figure").collect()
        blockwise.books.figures[[row[0] for row in sums]] = [row[1] for row in sums]

    def _refuse_another_load_since(self, load: str | None) -> None:
        if self._catalog.load_of(SIMULATION) != load:
            raise EnvironmentFailure(f"another load has filled {self._target} meanwhile; nothing was changed.")
