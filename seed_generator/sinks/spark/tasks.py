"""Rows that Spark's workers make: each task those of some blocks of companies, in numpy."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from seed_generator.schemas import Batch, TableSchema
from seed_generator.simulation.books import Books
from seed_generator.simulation.portion import Portion
from seed_generator.sinks.sql import sql_type
from seed_generator.tables import Blockwise

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

PERIOD = "period"

# So many blocks are made by one task at most, and so many tasks there are at least where there are as many blocks.
BLOCKS_A_TASK = 16
TASKS = 256

# A task has a file open for each month, which takes a megabyte of Java's memory, up to so many; from there on Spark
# sorts a task's rows by month, to have one file open at a time.
_FILES_AT_A_TIME = 60

# Numbers as differences and not through a dictionary, which only the second version of the format has: half of the time
# and of the bytes of Spark's own choice.
_FORMAT = {
    "parquet.writer.version": "PARQUET_2_0",
    "parquet.enable.dictionary": "false",
    "compression": "zstd",
    "parquet.compression.codec.zstd.level": "1",
}
_OTHER_TYPES = {"text": "string", "timestamp": "timestamp_ntz"}  # than those of `sql_type`

Make = Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]  # of places of blocks, by a task


def made_by_tasks(spark: "SparkSession", portion: Portion, tasks: int | None, make: Make, columns: str) -> "DataFrame":
    """What `make` makes of a portion's blocks, by so many tasks, or as many as is good."""
    blocks = len(portion.blocks)
    tasks = tasks or min(blocks, max(TASKS, -(-blocks // BLOCKS_A_TASK)))
    return spark.range(0, blocks, 1, tasks).mapInArrow(make, columns)


def rows_of_blocks(table: TableSchema, blockwise: Blockwise) -> tuple[Make, str]:
    """How a task makes rows of a table, and their columns."""
    return partial(_rows, blockwise.portion, blockwise.rows), spark_columns(table)


def books_of_blocks(blockwise: Blockwise) -> tuple[Make, str]:
    """How a task counts for the books of a table, and the columns of what it counts."""
    return partial(_figures, blockwise.portion, blockwise.count), "position bigint, figure bigint"


def create_table(spark: "SparkSession", name: str, table: TableSchema) -> None:
    """An empty table of a schema, ready for rows, by month where they come month by month."""
    options = ", ".join(f"'{option}' = '{value}'" for option, value in _FORMAT.items())
    partitions = f"partitioned by ({PERIOD})" if table.clustered_by else ""
    spark.conf.set("spark.sql.maxConcurrentOutputFileWriters", str(_FILES_AT_A_TIME))
    spark.sql(f"create table {name} ({spark_columns(table)}) using parquet options ({options}) {partitions}")


def spark_columns(table: TableSchema) -> str:
    """The columns of a table as Spark is told them, with the month of rows that come month by month."""
    types = [sql_type(column.type) for column in table.columns]
    columns = [
        f"{name} {_OTHER_TYPES.get(type_, type_)}" for name, type_ in zip(table.columns.names, types, strict=True)
    ]
    return ", ".join([*columns, *([f"{PERIOD} date"] if table.clustered_by else [])])


def _of_task(portion: Portion, batches: Iterator[pa.RecordBatch]) -> Portion | None:
    """What a task is to make: it is given places among the portion's blocks, without gaps, in one column."""
    places = [place for batch in batches for place in batch.column(0).to_pylist()]
    return portion.of(portion.blocks[places[0] : places[-1] + 1]) if places else None


def _rows(
    portion: Portion, make: Callable[[Portion], Iterator[Batch]], batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Run by a task: the rows of its blocks, with their month where they are of one."""
    if of_task := _of_task(portion, batches):
        for rows, period in make(of_task):
            if period:
                month = pa.repeat(pa.scalar(period, pa.date32()), rows.num_rows)
                yield pa.RecordBatch.from_arrays([*rows.columns, month], names=[*rows.schema.names, PERIOD])
            else:
                yield rows


def _figures(
    portion: Portion, count: Callable[[Portion], Books], batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """Run by a task: the figures of its blocks' books that are not 0, each with its position among them."""
    if of_task := _of_task(portion, batches):
        figures = count(of_task).figures
        position = np.flatnonzero(figures)
        yield pa.RecordBatch.from_arrays(
            [pa.array(position), pa.array(figures[position])], names=["position", "figure"]
        )
