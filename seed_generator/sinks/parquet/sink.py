"""A folder of Parquet files that any engine can read: `FOLDER/raw/sessions/2021-01-<digest>.parquet` and so on.

The new folder is written beside the old one and takes its place by renaming. File names carry a digest of the
simulation, so that somebody who has listed the old files finds them gone and never reads a mix of two simulations.
"""

import errno
import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from seed_generator.errors import EnvironmentFailure, InputError
from seed_generator.schemas import REPRODUCIBLE, SIMULATION, TABLES, TableSchema
from seed_generator.sinks.parquet.files import link_files, write_files
from seed_generator.sinks.protocol import Take
from seed_generator.sinks.sql import key_order
from seed_generator.tables import Table

_NO_ROOM = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
_READ_ROWS = 131_072
_HOLDER = "holder"  # in the folder that is being written: the process that writes it
_SCHEMAS = {table.schema for table in TABLES}


class ParquetSink:
    """The tables in a folder: a folder a table, a file a month where the rows come in month by month."""

    months_at_a_time = 2
    takes_faults = True

    def __init__(self, folder: Path) -> None:
        self._folder = folder.expanduser().resolve()
        self._new = self._folder.with_name(f".{self._folder.name}.new")
        self._old = self._folder.with_name(f".{self._folder.name}.old")
        self.has_changed = False
        self.description = f"Parquet: {self._folder}"
        self.next_command = f"""duckdb -c "select count(*) from '{self._folder}/raw/sessions/*.parquet'" """.strip()

    @contextmanager
    def change(self) -> Iterator["_ParquetChange"]:
        """A new folder, which takes the place of the old one in the end."""
        with self._new_folder() as folder:
            change = _ParquetChange(self, folder)
            yield change
            if change.is_written:
                self._swap(folder)

    def read(self, take: Take) -> None:
        """Give all rows to `take`, each table's in the order of its primary key."""
        # Only here: a load of Parquet files does without it.
        import duckdb  # noqa: PLC0415 - see above

        from seed_generator.sinks.duckdb import SETTINGS  # noqa: PLC0415 - see above

        self.refuse_incomplete_folder()
        try:
            with duckdb.connect() as connection:
                connection.execute(SETTINGS)
                for table in REPRODUCIBLE:
                    files = sorted(map(str, self.folder_of(table).glob("*.parquet")))
                    rows = connection.read_parquet(files).order(key_order(table))
                    for batch in rows.to_arrow_reader(_READ_ROWS):
                        take(table, batch)
        except duckdb.Error as error:
            raise EnvironmentFailure(f"{self._folder} can't be read: {' '.join(str(error).split())}") from error

    def drop(self) -> list[str]:
        """Remove the folder."""
        with self._new_folder() as folder:
            shutil.rmtree(folder)
            if not self._folder.exists():
                return [f"nothing to remove: there is no {self._folder}"]
            self._folder.rename(self._old)
            shutil.rmtree(self._old)
            return [f"removed {self._folder}"]

    def folder_of(self, table: TableSchema) -> Path:
        """Where the files of a table are."""
        return self._folder / table.schema / table.name

    def refuse_incomplete_folder(self) -> None:
        """Only what this version has loaded can be read or added to.

        Raises
        ------
        InputError : there is nothing, or not all of it.
        """
        if not self._folder.exists():
            raise InputError(f"{self._folder} does not exist; load a simulation first.", key="folder")
        missing = [table.full_name for table in TABLES if not any(self.folder_of(table).glob("*.parquet"))]
        if missing:
            raise InputError(f"{self._folder} lacks {', '.join(missing)}; load a simulation anew.", key="folder")

    def _swap(self, folder: Path) -> None:
        """Put the new folder into the place of the old one."""
        (folder / _HOLDER).unlink()
        if self._folder.exists():
            self._folder.rename(self._old)
        folder.rename(self._folder)
        shutil.rmtree(self._old, ignore_errors=True)

    @contextmanager
    def _new_folder(self) -> Iterator[Path]:
        """The folder beside, empty and ours alone; what a killed run left is mended first."""
        try:
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            lock = self._lock()
            try:
                self._mend()
                self._refuse_files_of_others()
                yield self._new
            except BaseException:
                self._put_back()
                shutil.rmtree(self._new, ignore_errors=True)
                raise
            finally:
                os.close(lock)
        except OSError as error:
            raise self._told(error) from error

    def _lock(self) -> int:
        """A lock on the new folder itself, so that nothing is left behind by a process that is killed."""
        while True:
            self._new.mkdir(exist_ok=True)
            lock = os.open(self._new, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                raise EnvironmentFailure(
                    f"another load of {self._folder} is under way ({self._holder()}); nothing was changed."
                ) from None
            if self._new.exists() and os.path.samestat(os.fstat(lock), self._new.stat()):
                return lock
            os.close(lock)  # the holder finished and moved the folder into place between our two steps

    def _holder(self) -> str:
        try:
            return f"process {(self._new / _HOLDER).read_text()}"
        except OSError:
            return "it has just begun or ended"

    def _mend(self) -> None:
        for path in self._new.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        (self._new / _HOLDER).write_text(str(os.getpid()))
        self._put_back()
        shutil.rmtree(self._old, ignore_errors=True)

    def _put_back(self) -> None:
        """The old folder, if what happened did so between the two renames."""
        if self._old.exists() and not self._folder.exists():
            self._old.rename(self._folder)

    def _refuse_files_of_others(self) -> None:
        if not self._folder.exists():
            return
        if not self._folder.is_dir():
            raise InputError(f"{self._folder} is a file; give a folder.", key="folder")
        entries = {path.name for path in self._folder.iterdir()}
        if entries and (entries - _SCHEMAS or not (self._folder / SIMULATION.schema / SIMULATION.name).is_dir()):
            raise InputError(
                f"{self._folder} holds files that seed_generator did not write; give a new folder.", key="folder"
            )

    def _told(self, error: OSError) -> EnvironmentFailure:
        reason = error.strerror or str(error)
        if error.errno in _NO_ROOM:
            return EnvironmentFailure(f"there is no room left to write {self._folder}; nothing was changed. ({reason})")
        return EnvironmentFailure(f"{self._folder} can't be written: {reason}.")


class _ParquetChange:
    """A new folder that is written beside the old one."""

    def __init__(self, sink: ParquetSink, folder: Path) -> None:
        self.is_written = False
        self._sink = sink
        self._folder = folder

    def simulation(self) -> Sequence[Mapping[str, Any]]:
        """The rows of `raw.simulation`."""
        self._sink.refuse_incomplete_folder()
        rows: list[dict[str, Any]] = pq.read_table(self._sink.folder_of(SIMULATION)).to_pylist()
        return rows

    def write(self, tables: Sequence[Table]) -> None:
        """Write the files that are new, and link those that stay."""
        for table in tables:
            write_files(table, self._folder, self._sink.months_at_a_time)
        digest = _digest(self._folder)
        for path in sorted(self._folder.rglob("*.parquet")):
            path.rename(path.with_stem(f"{path.stem}-{digest}"))
        for schema in (table.schema for table in tables if table.adds_rows):
            link_files(self._sink.folder_of(schema), self._folder / schema.schema / schema.name)
        self.is_written = True


def _digest(folder: Path) -> str:
    """What the simulation is, in eight digits: of the table that says all of it."""
    simulation = pq.read_table(folder / SIMULATION.schema / SIMULATION.name)
    return hashlib.sha256(repr(simulation.to_pylist()).encode()).hexdigest()[:8]
