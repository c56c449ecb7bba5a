"""Tables of Apache Spark: Spark's own workers make the rows, each those of some blocks of companies, and store them.

Nothing that is stored is ever changed. A load writes its rows into tables of its own, the parts, and a table of the
contract is a view of the parts that it consists of, which one statement switches.
"""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from seed_generator.errors import EnvironmentFailure, InputError
from seed_generator.profiles import Target
from seed_generator.scenario import MAX_MONTHS
from seed_generator.schemas import SIMULATED, SIMULATION, TABLES, TableSchema, period_of
from seed_generator.sinks.protocol import More, Take
from seed_generator.sinks.spark.session import spark_session
from seed_generator.sinks.sql import (
    Found,
    SqlNames,
    drop_statements,
    key_order,
    refuse_incomplete_tables,
    refuse_tables_of_others,
    sql_type,
)
from seed_generator.tables import Apart, Table

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# So many blocks are made by one task at most, which has a file open for each month, and so many tasks there are at
# least where there are as many blocks.
BLOCKS_A_TASK = 16
TASKS = 256

# Numbers as differences and not through a dictionary, which only the second version of the format has: half of the time
# and of the bytes of Spark's own choice.
_FORMAT = {
    "parquet.writer.version": "PARQUET_2_0",
    "parquet.enable.dictionary": "false",
    "compression": "zstd",
    "parquet.compression.codec.zstd.level": "1",
}

# The properties of a view: the load that has switched it last, and the loads whose parts it consists of.
_LOAD, _PARTS = "seed_generator.load", "seed_generator.parts"
_PART = re.compile(r"(?P<table>\w+)__(?P<load>\d{8}t\d{6}_[0-9a-f]{8})")
_PERIOD = "period"
_OTHER_TYPES = {"text": "string", "timestamp": "timestamp_ntz"}  # than those of `sql_type`

Make = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]  # of numbers of blocks, by a task


class SparkSink:
    """The tables in Spark's catalog; sessions have a column more, the month that their files are partitioned by."""

    months_at_a_time = 1

    def __init__(self, target: Target, prefix: str = "", tasks: int | None = None) -> None:
        self._target = target
        self._names = SqlNames(prefix, quote="`")
        self._tasks = tasks
        self.place = f"{target.name}: Spark, schemas {', '.join(self._names.schemas)}"
        self.next_command = f"dbt build --target {target.name}"

    def load(self, tables: Iterable[Table]) -> None:
        """Replace all tables: each completely or not at all, `raw.simulation` as the last."""
        tables = list(tables)
        if any(table.may_be_dirty for table in tables):
            raise InputError(
                f"--fault and --faults go into rows that one process makes, and those of the target {self._target.name}"
                " are made by many; choose another target, or --parquet."
            )
        with spark_session(self._target) as spark:
            refuse_tables_of_others(self._found(spark), self._names, self._target.name)
            for schema in self._names.schemas:
                spark.sql(f"create database if not exists {self._names.in_quotes(schema)}")
            self._fill(spark, tables)

    def extend(self, more: More) -> None:
        """Add to the tables, as `load` replaces them."""
        with spark_session(self._target) as spark:
            self._refuse_incomplete(spark)
            if len({self._property(spark, table, _LOAD) for table in TABLES}) > 1:
                raise InputError(f"the tables of {self.place} are of two loads, one of which was ended; load anew.")
            simulation = spark.table(self._names.quoted(SIMULATION)).toArrow().to_pylist()
            self._fill(spark, more(simulation))

    def read(self, take: Take) -> None:
        """Give all rows to `take`, each table's in the order of its primary key; sessions a month at a time."""
        with spark_session(self._target) as spark:
            self._refuse_incomplete(spark)
            for table in SIMULATED:
                columns = ", ".join(table.columns.names)
                for condition in self._conditions(spark, table):
                    rows = spark.sql(
                        f"select {columns} from {self._names.quoted(table)} {condition} order by {key_order(table)}"
                    )
                    for batch in rows.toArrow().to_batches():
                        take(table, batch)

    def drop(self) -> list[str]:
        """Remove the tables and the schemas that then are empty."""
        with spark_session(self._target) as spark:
            found = self._found(spark)
            refuse_tables_of_others(found, self._names, self._target.name)
            parts = {(schema, name) for schema, name in found if _PART.fullmatch(name)}
            statements, lines = drop_statements(found, self._names, kind="view", parts=parts)
            for statement in statements:
                spark.sql(statement)
        return lines

    def _fill(self, spark: "SparkSession", tables: Iterable[Table]) -> None:
        """Write the parts of a new load, switch the views to them, and forget what is in use no more."""
        load = f"{datetime.now(UTC):%Y%m%dt%H%M%S}_{secrets.token_hex(4)}"
        before = {table: self._parts(spark, table) for table in TABLES}
        loaded_before = self._property(spark, SIMULATION, _LOAD)
        after: dict[TableSchema, list[str]] = {}
        try:
            for table in tables:
                rows = self._write(spark, table, load)
                kept = before[table.schema] if table.adds_rows else []
                after[table.schema] = [*kept, load] if rows or not kept else kept
            self._refuse_another_load_since(spark, loaded_before)
        except BaseException:
            self._forget(spark, lambda _, of_load: of_load != load)
            raise
        for schema in sorted(after, key=lambda schema: schema is SIMULATION):
            self._switch(spark, schema, load, after[schema])
        # Who has begun to read the parts of before goes on.
        self._forget(spark, lambda table, of_load: of_load in {*before[table], *after[table]})

    def _write(self, spark: "SparkSession", table: Table, load: str) -> int:
        """Returns how many rows there were to write."""
        if table.apart:
            rows = made_by_tasks(spark, table.apart, self._tasks, *rows_of_blocks(table.schema, table.apart))
            self._keep_books(spark, table.apart)
        else:
            made = pa.Table.from_batches(table.batches, table.schema.columns)
            rows = spark.createDataFrame(made, schema=_columns(table.schema))
        part = self._part(table.schema, load)
        # Into the catalog first, so that what a killed load leaves is found and dropped by the next.
        create_table(spark, part, table.schema)
        rows.write.insertInto(part)
        written: int = spark.table(part).count()
        if table.apart and table.apart.on_rows:
            table.apart.on_rows(table.schema, written)
        return written

    def _keep_books(self, spark: "SparkSession", apart: Apart) -> None:
        """The figures of all blocks, summed up: a second pass over the draws, which is cheap beside the rows."""
        if apart.books is None:
            return
        make = partial(_figures, apart.count)
        figures = made_by_tasks(spark, apart, self._tasks, make, "position bigint, figure bigint")
        sums = figures.groupBy("position").sum("figure").collect()
        apart.books.figures.flat[[row[0] for row in sums]] = [row[1] for row in sums]

    def _switch(self, spark: "SparkSession", table: TableSchema, load: str, parts: list[str]) -> None:
        columns = ", ".join([*table.columns.names, *([_PERIOD] if table.clustered_by else [])])
        selects = " union all ".join(f"select {columns} from {self._part(table, part)}" for part in parts)
        spark.sql(
            f"create or replace view {self._names.quoted(table)}"
            f" tblproperties ('{_LOAD}' = '{load}', '{_PARTS}' = '{','.join(parts)}') as {selects}"
        )

    def _forget(self, spark: "SparkSession", is_kept: Callable[[TableSchema, str], bool]) -> None:
        """Drop the parts that are not to be kept."""
        of_name = {self._names.pair(table): table for table in TABLES}
        for schema, name in sorted(self._found(spark)):
            part = _PART.fullmatch(name)
            table = of_name.get((schema, part["table"])) if part else None
            if part and table and not is_kept(table, part["load"]):
                spark.sql(f"drop table if exists {self._names.in_quotes(schema, name)}")

    def _refuse_incomplete(self, spark: "SparkSession") -> None:
        refuse_incomplete_tables(self._found(spark), self._names, self._target.name)

    def _refuse_another_load_since(self, spark: "SparkSession", load: str | None) -> None:
        if self._property(spark, SIMULATION, _LOAD) != load:
            raise EnvironmentFailure(f"another load has filled {self.place} meanwhile; nothing was changed.")

    def _conditions(self, spark: "SparkSession", table: TableSchema) -> list[str]:
        """Conditions that together let every row through once, in the order of the key."""
        if not table.clustered_by:
            return [""]
        months = spark.sql(f"select distinct {_PERIOD} from {self._names.quoted(table)} order by {_PERIOD}").collect()
        return [f"where {_PERIOD} = date '{row[0]}'" for row in months] or [""]

    def _found(self, spark: "SparkSession") -> Found:
        there = {row[0] for row in spark.sql("show databases").collect()}
        return {
            (schema, row[1])
            for schema in self._names.schemas
            if schema in there
            for row in spark.sql(f"show tables in {self._names.in_quotes(schema)}").collect()
        }

    def _parts(self, spark: "SparkSession", table: TableSchema) -> list[str]:
        """The loads whose parts a table consists of; none where it is not there."""
        parts = self._property(spark, table, _PARTS)
        return parts.split(",") if parts else []

    def _property(self, spark: "SparkSession", table: TableSchema, name: str) -> str | None:
        if not spark.catalog.tableExists(self._names.quoted(table)):
            return None
        properties = dict(spark.sql(f"show tblproperties {self._names.quoted(table)}").collect())
        return properties.get(name)

    def _part(self, table: TableSchema, load: str) -> str:
        return self._names.in_quotes(self._names.schema(table.schema), f"{table.name}__{load}")


def made_by_tasks(spark: "SparkSession", apart: Apart, tasks: int | None, make: Make, columns: str) -> "DataFrame":
    """What `make` makes of all blocks, by so many tasks, or as many as is good."""
    blocks = len(apart.blocks)
    tasks = tasks or min(blocks, max(TASKS, -(-blocks // BLOCKS_A_TASK)))
    return spark.range(0, blocks, 1, tasks).mapInArrow(make, columns)


def rows_of_blocks(table: TableSchema, apart: Apart) -> tuple[Make, str]:
    """How a task makes rows of a table, and their columns."""
    return partial(_rows, apart.rows), _columns(table)


def create_table(spark: "SparkSession", name: str, table: TableSchema) -> None:
    """An empty table of a schema, ready for rows, by month where they come month by month."""
    options = ", ".join(f"'{option}' = '{value}'" for option, value in _FORMAT.items())
    partitions = f"partitioned by ({_PERIOD})" if table.clustered_by else ""
    # Else Spark would sort all rows of a task by month, to have one file open at a time.
    spark.conf.set("spark.sql.maxConcurrentOutputFileWriters", str(MAX_MONTHS))
    spark.sql(f"create table {name} ({_columns(table)}) using parquet options ({options}) {partitions}")


def _columns(table: TableSchema) -> str:
    """As Spark is told them."""
    types = [sql_type(column.type) for column in table.columns]
    columns = [
        f"{name} {_OTHER_TYPES.get(type_, type_)}" for name, type_ in zip(table.columns.names, types, strict=True)
    ]
    return ", ".join([*columns, *([f"{_PERIOD} date"] if table.clustered_by else [])])


def _blocks(batches: Iterator[pa.RecordBatch]) -> range | None:
    """The blocks that a task is given: numbers without gaps, in one column."""
    numbers = [number for batch in batches for number in batch.column(0).to_pylist()]
    return range(numbers[0], numbers[-1] + 1) if numbers else None


def _rows(
    make: Callable[[range], Iterator[pa.RecordBatch]], batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Run by a task: the rows of its blocks, with their month where they are of one."""
    if blocks := _blocks(batches):
        for batch in make(blocks):
            if period := period_of(batch):
                month = pa.repeat(pa.scalar(period, pa.date32()), batch.num_rows)
                yield pa.RecordBatch.from_arrays([*batch.columns, month], names=[*batch.schema.names, _PERIOD])
            else:
                yield batch


def _figures(count: Callable[[range], Any], batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Run by a task: the figures of its blocks' books, each with its position among them."""
    if blocks := _blocks(batches):
        figures = count(blocks).figures.ravel()
        yield pa.RecordBatch.from_arrays(
            [pa.array(np.arange(len(figures))), pa.array(figures)], names=["position", "figure"]
        )
