"""What is in a folder of Parquet files: whose it is, and whether all is there that a load wrote.

A file is called after the month or the table that it holds and a digest of the simulation, as in
`raw/sessions/2021-01-3b203286.parquet`. The file of `raw.simulation` lists all others.
"""

import hashlib
import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from seed_generator.errors import InputError
from seed_generator.schemas import SIMULATION, TABLES, TableSchema
from seed_generator.sinks.folder.contents import refuse_other_names, refuse_other_sizes
from seed_generator.sinks.parquet.files import EMPTY, write_rows

_LISTING = b"seed_generator.files"  # in the metadata of the file of raw.simulation: the others' paths and sizes
_DIGEST = "[0-9a-f]{8}"
_MONTH = "[0-9]{4}-(0[1-9]|1[0-2])"
_SIMULATION_FILE = f"{SIMULATION.schema}/{SIMULATION.name}/{SIMULATION.name}-<digest>.parquet"  # as people are told


def folder_of(table: TableSchema, folder: Path) -> Path:
    """Where the files of a table are."""
    return folder / table.schema / table.name


def name_after_simulation(folder: Path) -> None:
    """Put the digest of the simulation into the names of all files."""
    digest = _digest(_rows_in(folder_of(SIMULATION, folder) / f"{SIMULATION.name}.parquet"))
    for path in sorted(folder.rglob("*.parquet")):
        path.rename(path.with_stem(f"{path.stem}-{digest}"))


def list_files(folder: Path) -> None:
    """Write the paths and sizes of all files into the one of `raw.simulation`, when all others are written."""
    (simulation,) = folder_of(SIMULATION, folder).iterdir()
    listing = json.dumps(_sizes(folder, simulation))
    write_rows(_rows_in(simulation).replace_schema_metadata({_LISTING: listing}), simulation)


def simulation_in(folder: Path) -> pa.Table:
    """The rows of `raw.simulation`, if all files are there that its load wrote, and no others.

    Raises
    ------
    InputError : it is not all of it, or something else.
    """
    simulation = _simulation_file(folder)
    if simulation is None:
        raise InputError(
            f"{folder} lacks the {_SIMULATION_FILE} of a load; load a simulation into a new folder.", key="folder"
        )
    rows = _rows_in(simulation)
    listing = (rows.schema.metadata or {}).get(_LISTING)
    if listing is None:
        raise InputError(
            f"{folder} was written by a version of seed_generator that did not list its files; load a simulation anew.",
            key="folder",
        )
    refuse_other_sizes(folder, json.loads(listing), _sizes(folder, simulation))
    return rows


def refuse_files_of_others(folder: Path) -> None:
    """Never replace or remove a folder that is not proven to be of a load, or that holds anything else.

    Raises
    ------
    InputError : naming what is in the way.
    """
    refuse_other_names(folder, _FOLDERS, _FILES)
    if _simulation_file(folder) is None:
        raise InputError(
            f"{folder} lacks the {_SIMULATION_FILE} of a load, so seed_generator did not write it; give a new folder.",
            key="folder",
        )


def _sizes(folder: Path, simulation: Path) -> dict[str, int]:
    """The bytes of all files that a reader of the tables would read, but for that one, by their paths below `folder`.

    Those of a symbolic link are its own: a load makes none.
    """
    return {
        f"{table.schema}/{table.name}/{path.name}": path.lstat().st_size
        for table in TABLES
        for path in folder_of(table, folder).glob("*.parquet")
        if path != simulation
    }


def _simulation_file(folder: Path) -> Path | None:
    """The file of `raw.simulation` whose name has the digest of its rows: the proof of a load. None without one."""
    for path in sorted(folder_of(SIMULATION, folder).glob(f"{SIMULATION.name}-*.parquet")):
        try:
            if path.name == f"{SIMULATION.name}-{_digest(_rows_in(path))}.parquet":
                return path
        except (OSError, pa.ArrowException):
            continue
    return None


def _rows_in(path: Path) -> pa.Table:
    return pq.ParquetFile(path).read()


def _digest(simulation: pa.Table) -> str:
    """What the simulation is, in eight digits: of the table that says all of it."""
    return hashlib.sha256(repr(simulation.to_pylist()).encode()).hexdigest()[:8]


def _file_pattern(table: TableSchema) -> re.Pattern[str]:
    stems = [table.name, EMPTY, *([_MONTH] if table.clustered_by else [])]
    return re.compile(f"{table.schema}/{table.name}/({'|'.join(stems)})-{_DIGEST}[.]parquet")


_FOLDERS = {name for table in TABLES for name in (table.schema, f"{table.schema}/{table.name}")}
_FILES = [_file_pattern(table) for table in TABLES]
