"""Tables of Apache Spark: Spark's own workers make the rows, each those of some blocks of companies, and store them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from seed_generator.interruption import undisturbed
from seed_generator.profiles import Target
from seed_generator.schemas import REPRODUCIBLE, TableSchema
from seed_generator.sinks.protocol import Take
from seed_generator.sinks.spark.catalog import SparkCatalog, parts_of
from seed_generator.sinks.spark.change import SparkChange
from seed_generator.sinks.spark.session import NO_CHANGE, spark_session
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
        self._outcome = NO_CHANGE
        self.description = f"{target.name}: Spark, schemas {', '.join(self._names.schemas)}"
        self.next_command = f"dbt build --target {target.name}"

    @contextmanager
    def change(self) -> Iterator[SparkChange]:
        """Each table is replaced completely or not at all, `raw.simulation` as the last."""
        with self._session() as spark:
            change = SparkChange(spark, self._names, self._target.name, self._tasks, self._reach)
            change.begin()
            yield change

    def read(self, take: Take) -> None:
        """Give all rows to `take`, each table's in the order of its primary key; sessions a month at a time."""
        with self._session() as spark:
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
        with self._session() as spark:
            found = SparkCatalog(spark, self._names).found()
            refuse_tables_of_others(found, self._names, self._target.name)
            drop = drop_statements(found, self._names, kind="view", parts=parts_of(found.tables))
            with undisturbed():
                for statement in drop.tables:
                    spark.sql(statement)
                    self._reach("some of the tables are removed; run --drop again")
                self._reach(
                    "the tables are removed, but not all that they consisted of; run --drop again", is_complete=True
                )
            for statement in (*drop.parts, *drop.schemas):
                spark.sql(statement)
        return drop.lines

    @contextmanager
    def _session(self) -> Iterator["SparkSession"]:
        """A session, of which nothing is changed yet."""
        self._reach(NO_CHANGE)
        with spark_session(self._target, lambda: self._outcome) as spark:
            yield spark

    def _reach(self, outcome: str, *, is_complete: bool = False) -> None:
        """From here on a failure is told with these words."""
        self._outcome = outcome
        self.has_changed = is_complete

    def _conditions(self, spark: "SparkSession", table: TableSchema) -> list[str]:
        """Conditions that together let every row through once, in the order of the key."""
        if not table.clustered_by:
            return [""]
        months = spark.sql(f"select distinct {PERIOD} from {self._names.quoted(table)} order by {PERIOD}").collect()
        return [f"where {PERIOD} = date '{row[0]}'" for row in months] or [""]
