"""Tables of Apache Spark: Spark's own workers make the rows, each those of some blocks of companies, and store them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from seed_generator.profiles import Target
from seed_generator.schemas import REPRODUCIBLE, TableSchema
from seed_generator.sinks.protocol import Take
from seed_generator.sinks.spark.catalog import SparkCatalog, parts_of
from seed_generator.sinks.spark.change import SparkChange
from seed_generator.sinks.spark.session import spark_session
from seed_generator.sinks.spark.tasks import PERIOD
from seed_generator.sinks.sql import (
    SqlNames,
    drop_statements,
    key_order,
    refuse_incomplete_tables,
    refuse_tables_of_others,
)

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


class SparkSink:
    """The tables in Spark's catalog; sessions have a column more, the month that their files are partitioned by."""

    months_at_a_time = 1
    takes_faults = False

    def __init__(self, target: Target, prefix: str = "", tasks: int | None = None) -> None:
        self._target = target
        self._names = SqlNames(prefix, quote="`")
        self._tasks = tasks
        self.has_changed = False
        self.description = f"{target.name}: Spark, schemas {', '.join(self._names.schemas)}"
        self.next_command = f"dbt build --target {target.name}"

    @contextmanager
    def change(self) -> Iterator[SparkChange]:
        """Each table is replaced completely or not at all, `raw.simulation` as the last."""
        with spark_session(self._target) as spark:
            change = SparkChange(spark, self._names, self._target.name, self._tasks)
            change.begin()
            yield change

    def read(self, take: Take) -> None:
        """Give all rows to `take`, each table's in the order of its primary key; sessions a month at a time."""
        with spark_session(self._target) as spark:
            refuse_incomplete_tables(SparkCatalog(spark, self._names).found(), self._names, self._target.name)
            for table in REPRODUCIBLE:
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
            found = SparkCatalog(spark, self._names).found()
            refuse_tables_of_others(found, self._names, self._target.name)
            statements, lines = drop_statements(found, self._names, kind="view", parts=parts_of(found.tables))
            for statement in statements:
                spark.sql(statement)
        return lines

    def _conditions(self, spark: "SparkSession", table: TableSchema) -> list[str]:
        """Conditions that together let every row through once, in the order of the key."""
        if not table.clustered_by:
            return [""]
        months = spark.sql(f"select distinct {PERIOD} from {self._names.quoted(table)} order by {PERIOD}").collect()
        return [f"where {PERIOD} = date '{row[0]}'" for row in months] or [""]
