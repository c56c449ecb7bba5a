"""A place for tables of each kind, filled and read through the product, for tests of what loads leave behind."""

import functools
import subprocess
from collections.abc import Iterable
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset
import pytest

from postgres_server import Database
from seed_generator.extension import Extension
from seed_generator.profiles import Target
from seed_generator.scenario import Scenario
from seed_generator.schemas import REPRODUCIBLE, TableSchema
from seed_generator.simulation.portion import Portion
from seed_generator.simulation.sessions import IN_TURN, Manner
from seed_generator.sinks.checksum import checksums
from seed_generator.sinks.csv.files import read_small
from seed_generator.sinks.csv.sink import CsvSink
from seed_generator.sinks.duckdb import DuckDBSink
from seed_generator.sinks.folder.sink import FolderSink
from seed_generator.sinks.parquet.sink import ParquetSink
from seed_generator.sinks.postgres.sink import PostgresSink
from seed_generator.sinks.protocol import Sink
from seed_generator.tables import simulated_tables
from warehouses import seeded

PREFIX = "places_"
KINDS = ("duckdb", "postgres", "parquet", "csv")
FOLDERS = {"parquet": ParquetSink, "csv": CsvSink}
# CSV files have tests of their own; all else is that of any folder.
everywhere = pytest.mark.parametrize(
    "place",
    [*KINDS[:-1], pytest.param(KINDS[-1], marks=pytest.mark.slow("a folder of other files"))],
    indirect=True,
)
Checksums = dict[str, str]
Rows = dict[str, list[tuple[object, ...]]]


@functools.lru_cache(maxsize=4)
def made_rows(scenario: Scenario) -> Rows:
    """All rows as they were made."""
    made = {table.schema: _rows(batch.rows for batch in table.batches) for table in simulated_tables(Portion(scenario))}
    return {table.full_name: made[table] for table in REPRODUCIBLE}


def _rows(batches: Iterable[pa.RecordBatch]) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]


class Place:
    """A place for tables, with the command-line options that mean it, and a way to read it."""

    def __init__(self, kind: str, folder: Path, database: Database) -> None:
        self.kind = kind
        self.folder = folder
        self.database = database
        self.file = folder / "warehouse.duckdb"
        self.tables = folder / f"files_of_{kind}"
        self.environment = {**database.environment, "DUCKDB_PATH": str(self.file), "SCHEMA_PREFIX": PREFIX}
        self.options = [f"--{kind}", str(self.tables)] if kind in FOLDERS else ["--target", kind]

    def sink(self) -> DuckDBSink | PostgresSink | FolderSink:
        """The sink itself, for what the command line can't ask for."""
        if self.kind == "duckdb":
            return DuckDBSink(self.file, PREFIX)
        if self.kind in FOLDERS:
            return FOLDERS[self.kind](self.tables)
        names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password", "PGDATABASE": "dbname"}
        settings = {names[variable]: value for variable, value in self.database.environment.items()}
        return PostgresSink(Target("postgres", "postgres", settings), PREFIX)

    @property
    def is_folder(self) -> bool:
        """Whether its tables are files in a folder, and no SQL reaches them."""
        return self.kind in FOLDERS

    @property
    def own(self) -> set[str]:
        """What stands in `folder` for as long as the place holds tables."""
        if self.is_folder:
            return {self.tables.name}
        return {self.file.name} if self.kind == "duckdb" else set()

    def seed(self, *options: str) -> subprocess.CompletedProcess[str]:
        """`python -m seed_generator` with these options, in this process."""
        return seeded(*self.options, *options, environment=self.environment)

    def load(self, scenario: Scenario, manner: Manner = IN_TURN) -> None:
        """Replace what is loaded."""
        load(self.sink(), scenario, manner)

    def extend(self, months: int, companies: int, manner: Manner = IN_TURN) -> Scenario:
        """Add months and companies, none of one of them where it is 0; returns what is loaded then."""
        with self.sink().change() as change:
            portion = Extension(months or None, companies or None).applied(change.simulation())
            change.write(simulated_tables(portion, manner=manner))
        return portion.scenario

    def drop_schemas(self) -> None:
        """What loads and builds made on the server, which others use after us."""
        if self.kind == "postgres":
            schemas = ("raw", "truth", "staging", "intermediate", "marts")
            self.execute(*(f"drop schema if exists {PREFIX}{schema} cascade" for schema in schemas))

    def execute(self, *statements: str) -> list[tuple[object, ...]]:
        """Run statements, in which `{raw}` and `{truth}` are the schemas; returns the last one's rows."""
        rows: list[tuple[object, ...]] = []
        statements = tuple(statement.format(raw=f"{PREFIX}raw", truth=f"{PREFIX}truth") for statement in statements)
        if self.kind == "duckdb":
            with duckdb.connect(self.file) as file:
                for statement in statements:
                    rows = file.execute(statement).fetchall()
            return rows
        return self.database.execute(*statements)

    def rows(self) -> Rows:
        """All tables, in the order in which they are stored."""
        return {table.full_name: self.rows_of(table) for table in REPRODUCIBLE}

    def rows_of(self, table: TableSchema) -> list[tuple[object, ...]]:
        """One table, in the order in which it is stored."""
        if not self.is_folder:
            return self.execute(f"select * from {PREFIX}{table.full_name}")
        if self.kind == "csv":
            return _rows(read_small(table.columns, self.tables / table.schema / f"{table.name}.csv").to_batches())
        files = sorted((self.tables / table.schema / table.name).glob("*.parquet"))
        return _rows(pa.dataset.dataset(files).to_batches())

    def checksums(self) -> dict[str, str]:
        """What `--checksum` prints, by table."""
        result = self.seed("--checksum", "--quiet")
        assert result.returncode == 0, result.stderr
        lines = [line.split() for line in result.stdout.splitlines()]
        return {name: digits for name, _, digits in lines}

    def is_empty(self) -> bool:
        if self.is_folder:
            return list(self.folder.iterdir()) == []
        return (
            self.execute(f"select schema_name from information_schema.schemata where schema_name like '{PREFIX}%'")
            == []
        )


def load(sink: Sink, scenario: Scenario, manner: Manner = IN_TURN) -> None:
    """Replace what a sink holds, as the command line does."""
    with sink.change() as change:
        change.write(simulated_tables(Portion(scenario), manner=manner))


def checksums_of(place: Place) -> Checksums:
    """By table, read in this process; `Place.checksums` asks the command line."""
    return {table.full_name: found.digits() for table, found in checksums(place.sink().read).items()}
