"""A folder of Parquet files that any engine can read: `FOLDER/raw/sessions/2021-01-<digest>.parquet` and so on.

File names carry a digest of the simulation, so that a reader that has listed the old files finds them gone and never
reads a mix of two simulations.
"""

import glob
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from seed_generator.schemas import TableSchema
from seed_generator.sinks.folder.sink import FolderSink
from seed_generator.sinks.parquet.contents import (
    folder_of,
    list_files,
    name_after_simulation,
    refuse_files_of_others,
    simulation_in,
)
from seed_generator.sinks.parquet.files import link_files, write_files
from seed_generator.tables import Table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation


class ParquetSink(FolderSink):
    """The tables in a folder: a folder a table, a file a month where the rows come in month by month."""

    kind = "Parquet"
    months_at_a_time = 2
    sessions = "raw/sessions/*.parquet"

    def _refuse_files_of_others(self, folder: Path) -> None:
        refuse_files_of_others(folder)

    def _simulation_in(self, folder: Path) -> pa.Table:
        return simulation_in(folder)

    def _write(self, tables: Sequence[Table], old: Path, new: Path) -> None:
        """Write the files that are new, and link those that stay."""
        for table in tables:
            write_files(table, new, self.months_at_a_time)
        name_after_simulation(new)
        for schema in (table.schema for table in tables if table.adds_rows):
            link_files(folder_of(schema, old), folder_of(schema, new))
        list_files(new)

    def _columns(self, table: TableSchema, folder: Path) -> Sequence[str]:
        file = next(folder_of(table, folder).glob("*.parquet"), None)
        names: list[str] = pq.read_schema(file).names if file else []
        return names

    def _rows(self, connection: "DuckDBPyConnection", table: TableSchema, folder: Path) -> "DuckDBPyRelation":
        files = sorted(folder_of(table, folder).glob("*.parquet"))
        return connection.read_parquet([glob.escape(str(file)) for file in files])
