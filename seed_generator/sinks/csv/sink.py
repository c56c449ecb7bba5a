"""A folder of CSV files, for any other tool: `FOLDER/raw/sessions.csv` and so on, a file a table."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from seed_generator.schemas import TableSchema
from seed_generator.sinks.csv.contents import file_of, list_files, refuse_files_of_others, simulation_in
from seed_generator.sinks.csv.files import column_names, read_rows, write_file
from seed_generator.sinks.folder.sink import FolderSink
from seed_generator.tables import Table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation


class CsvSink(FolderSink):
    """The tables in a folder, a file a table."""

    kind = "CSV"
    months_at_a_time = 1  # a file has its rows in the order of their months
    sessions = "raw/sessions.csv"

    def _refuse_files_of_others(self, folder: Path) -> None:
        refuse_files_of_others(folder)

    def _simulation_in(self, folder: Path) -> pa.Table:
        return simulation_in(folder)

    def _write(self, tables: Sequence[Table], old: Path, new: Path) -> None:
        """Write all files; what is added to a table stands after what was there."""
        for table in tables:
            write_file(table, file_of(table.schema, new), file_of(table.schema, old) if table.adds_rows else None)
        list_files(new)

    def _columns(self, table: TableSchema, folder: Path) -> Sequence[str]:
        file = file_of(table, folder)
        return column_names(file) if file.exists() else []

    def _rows(self, connection: "DuckDBPyConnection", table: TableSchema, folder: Path) -> "DuckDBPyRelation":
        return read_rows(connection, table.columns, file_of(table, folder))
