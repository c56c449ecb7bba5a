"""A scratch warehouse of the target `spark`, filled and built by the project's commands and read from its files."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from kpis_in_python import KEYS, Mart
from places import load
from seed_generator.scenario import Scenario
from seed_generator.schemas import REPRODUCIBLE
from seed_generator.sinks.checksum import checksums
from seed_generator.sinks.duckdb import DuckDBSink
from seed_generator.sinks.protocol import Take
from seed_generator.sinks.sql import key_order
from warehouses import PROJECT, seed_generator

DBT = Path(sys.executable).parent / "dbt"
Checksums = dict[str, str]
# Spark's and Java's own defaults are for data that hundreds of tasks shuffle and for processes that live long: most of
# the time here would go into compiling well what runs once. Java then also has less room for what it compiled, and a
# build would fill it: it gets what it has by default.
JAVA = "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC"
SETTINGS = f"""
spark.sql.shuffle.partitions 2
spark.driver.defaultJavaOptions {JAVA}
spark.executor.defaultJavaOptions {JAVA}
"""


@dataclass(frozen=True)
class SparkWarehouse:
    """A warehouse folder and a catalog; `environment` has Spark's address too, where it is not this machine.

    `artifacts` is where dbt leaves what it parsed, for the next warehouse too.
    """

    folder: Path
    environment: Mapping[str, str]
    artifacts: Path

    @classmethod
    def of(cls, folder: Path, master: str, artifacts: Path) -> "SparkWarehouse":
        (folder / "conf").mkdir()
        (folder / "conf" / "spark-defaults.conf").write_text(SETTINGS)
        places = {"SPARK_WAREHOUSE": str(folder / "warehouse"), "SPARK_METASTORE": str(folder / "metastore")}
        conf = {"SPARK_CONF_DIR": str(folder / "conf"), "SPARK_LOCAL_IP": "127.0.0.1"}
        return cls(folder, {**places, **conf, "MASTER": master}, artifacts)

    def seed(self, *options: str) -> subprocess.CompletedProcess[str]:
        return seed_generator("--target", "spark", *options, environment=self.environment, timeout=300)

    def start(self, *command: str | Path) -> subprocess.Popen[str]:
        """A command of this Python as a process, with what it says in `told`."""
        with (self.folder / "told.txt").open("w") as told:
            return subprocess.Popen(
                [str(part) for part in command],
                cwd=PROJECT,
                env={**os.environ, **self.environment},
                stdout=told,
                stderr=subprocess.STDOUT,
                text=True,
            )

    @property
    def told(self) -> str:
        return (self.folder / "told.txt").read_text()

    def start_dbt(self, command: str, *options: str) -> subprocess.Popen[str]:
        folders = ("--target-path", str(self.artifacts), "--log-path", str(self.artifacts))
        return self.start(DBT, command, "--target", "spark", *folders, *options)

    def dbt(self, command: str, *options: str) -> int:
        return self.start_dbt(command, *options).wait(600)

    def checksums(self) -> Checksums:
        """What `--checksum` prints, by table."""
        result = self.seed("--checksum", "--quiet")
        assert result.returncode == 0, result.stderr
        return {name: digits for name, _, digits in map(str.split, result.stdout.splitlines())}

    def checksums_of_files(self) -> Checksums:
        """Of what the last load stored, read by another engine: a fraction of the time that Spark takes to start."""

        def read(take: Take) -> None:
            with duckdb.connect() as connection:
                for table in REPRODUCIBLE:
                    *_, last = sorted(self.folder.glob(f"warehouse/{table.schema}.db/{table.name}__*"))
                    rows = connection.sql(
                        f"select {', '.join(table.columns.names)} from read_parquet('{last}/**/*.parquet')"
                        f" order by {key_order(table)}"
                    )
                    for batch in rows.to_arrow_reader():
                        take(table, batch)

        return {table.full_name: found.digits() for table, found in checksums(read).items()}

    def rows(self, schema: str, table: str, columns: str = "*") -> list[tuple[Any, ...]]:
        """A table that dbt built, in order, read by another engine from Spark's files."""
        files = self.folder / "warehouse" / f"{schema}.db" / table / "**" / "*.parquet"
        with duckdb.connect() as connection:
            query = f"select {columns} from read_parquet('{files}', hive_partitioning = true) order by all"
            return connection.execute(query).fetchall()

    def marts(self) -> dict[str, Mart]:
        """Every mart as rows by their key, read by another engine from Spark's files."""
        found: dict[str, Mart] = {}
        with duckdb.connect() as connection:
            for mart, key in KEYS.items():
                rows = connection.read_parquet(str(self.folder / "warehouse" / "marts.db" / mart / "*.parquet"))
                named: list[dict[str, Any]] = [dict(zip(rows.columns, row, strict=True)) for row in rows.fetchall()]
                found[mart] = {tuple(row.pop(name) for name in key): row for row in named}
                assert len(found[mart]) == len(named), f"{mart} has two rows of one key"
        return found


def expected_checksums(scenario: Scenario) -> Checksums:
    """Of the rows that one process makes, in a file of DuckDB's."""
    with tempfile.TemporaryDirectory() as folder:
        sink = DuckDBSink(Path(folder) / "expected.duckdb")
        load(sink, scenario)
        return {table.full_name: found.digits() for table, found in checksums(sink.read).items()}
