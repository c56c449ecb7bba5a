"""The files of a table: one a month where its rows come month by month, else one."""

import os
import shutil
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from seed_generator.scenario import add_months
from seed_generator.schemas import TIMESTAMP
from seed_generator.sinks.folder.writing import FileInThread
from seed_generator.tables import Table

EMPTY = "empty"  # what the file of a table without rows is called
_NUMBERS = (pa.int64(), pa.date32(), TIMESTAMP)


def write_files(table: Table, folder: Path, months_at_a_time: int) -> None:
    """Write a table into a folder of its own below `folder`: a file a month where its rows come month by month."""
    of_table = folder / table.schema.schema / table.schema.name
    of_table.mkdir(parents=True)
    files: dict[date | None, FileInThread] = {}
    try:
        for batch in table.batches:
            if batch.period not in files:
                _close_complete(files, batch.period, months_at_a_time)
                name = f"{batch.period:%Y-%m}" if batch.period else table.schema.name
                files[batch.period] = _opened(of_table / f"{name}.parquet", table.columns)
            files[batch.period].write(batch.rows)
        for file in files.values():
            file.close()
    finally:
        for file in files.values():
            file.abandon()
    if not any(of_table.iterdir()) and not table.adds_rows:  # so that the columns can be read where there are no rows
        _opened(of_table / f"{EMPTY}.parquet", table.columns).close()


def _close_complete(files: dict[date | None, FileInThread], period: date | None, months_at_a_time: int) -> None:
    """Close the files of months of which no row comes any more when `period` begins."""
    for other in [other for other in files if other and period and add_months(other, months_at_a_time) <= period]:
        files[other].close()
        del files[other]


def link_files(old: Path, new: Path) -> None:
    """The files of a table that stay as they are, at no cost where the file system can give one file two names."""
    for path in old.glob("*.parquet"):
        if path.stem.partition("-")[0] == EMPTY and any(new.iterdir()):
            continue
        try:
            os.link(path, new / path.name)
        except OSError:
            shutil.copy2(path, new / path.name)


def write_rows(rows: pa.Table, path: Path) -> None:
    """Write a small table into a file, with the metadata of its schema."""
    file = _opened(path, rows.schema)
    for batch in rows.to_batches():
        file.write(batch)
    file.close()


def _opened(path: Path, columns: pa.Schema) -> FileInThread:
    """A Parquet file to be written.

    Numbers are stored as differences, not through a dictionary: a third of the default's bytes, and twice as fast. A
    fast level of zstd leaves a hundredth more of that than its default, for a tenth of the time less.
    """
    encodings = {column.name: "DELTA_BINARY_PACKED" for column in columns if column.type in _NUMBERS}
    file = pq.ParquetWriter(
        path, columns, compression="zstd", compression_level=-1, use_dictionary=False, column_encoding=encodings
    )
    return FileInThread(path.name, file)
