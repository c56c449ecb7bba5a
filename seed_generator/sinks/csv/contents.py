"""What is in a folder of CSV files: whose it is, and whether all is there that a load wrote.

The hidden file `.seed_generator.json` beside the tables says so: it has the paths and sizes of all files, and a digest
of that of `raw.simulation`.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from seed_generator.errors import InputError
from seed_generator.schemas import SIMULATION, TABLES, TableSchema
from seed_generator.sinks.csv.files import read_small
from seed_generator.sinks.folder.contents import refuse_other_names, refuse_other_sizes

_LISTING = ".seed_generator.json"
_FOLDERS = {table.schema for table in TABLES}
_FILES = [re.compile(re.escape(name)) for name in (_LISTING, *(f"{table.schema}/{table.name}.csv" for table in TABLES))]


def file_of(table: TableSchema, folder: Path) -> Path:
    """Where a table is."""
    return folder / table.schema / f"{table.name}.csv"


def list_files(folder: Path) -> None:
    """Write the paths and sizes of all files down, when they are written."""
    listing = {"simulation": _digest(folder), "files": _sizes(folder)}
    (folder / _LISTING).write_text(json.dumps(listing, indent=2) + "\n")


def simulation_in(folder: Path) -> pa.Table:
    """The rows of `raw.simulation`, if all files are there that its load wrote, and no others.

    Raises
    ------
    InputError : it is not all of it, or something else.
    """
    refuse_other_sizes(folder, _listed(folder), _sizes(folder))
    return read_small(SIMULATION.columns, file_of(SIMULATION, folder))


def refuse_files_of_others(folder: Path) -> None:
    """Never replace or remove a folder that is not proven to be of a load, or that holds anything else.

    Raises
    ------
    InputError : naming what is in the way.
    """
    refuse_other_names(folder, _FOLDERS, _FILES)
    _listed(folder)


def _listed(folder: Path) -> Mapping[str, int]:
    """The sizes that a load wrote down.

    Raises
    ------
    InputError : no load did, or not of the simulation that is there.
    """
    try:
        listing = json.loads((folder / _LISTING).read_text())
        if listing["simulation"] == _digest(folder):
            sizes: Mapping[str, int] = listing["files"]
            return sizes
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise InputError(
        f"{folder} lacks the {_LISTING} of a load, so seed_generator did not write it; give a new folder.", key="folder"
    )


def _sizes(folder: Path) -> dict[str, int]:
    """The bytes of all files of tables by their paths below `folder`."""
    files = {f"{table.schema}/{table.name}.csv": file_of(table, folder) for table in TABLES}
    return {name: path.lstat().st_size for name, path in files.items() if path.exists()}


def _digest(folder: Path) -> str:
    """What the simulation is: of the file that says all of it."""
    return hashlib.sha256(file_of(SIMULATION, folder).read_bytes()).hexdigest()[:16]
