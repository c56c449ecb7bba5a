"""A folder of Parquet files that any engine can read: `FOLDER/raw/sessions/2021-01-<digest>.parquet` and so on.

The new folder is written beside the old one and takes its place by renaming. File names carry a digest of the
simulation, so that a reader that has listed the old files finds them gone and never reads a mix of two simulations.
"""

import errno
import glob
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from seed_generator.errors import EnvironmentFailure, InputError
from seed_generator.interruption import undisturbed
from seed_generator.schemas import REPRODUCIBLE
from seed_generator.sinks.parquet.contents import (
    folder_of,
    is_absent_or_empty,
    list_files,
    name_after_simulation,
    refuse_files_of_others,
    simulation_in,
)
from seed_generator.sinks.parquet.files import link_files, write_files
from seed_generator.sinks.parquet.workspace import Workspace
from seed_generator.sinks.protocol import Take
from seed_generator.sinks.sql import key_order
from seed_generator.tables import Table

_NO_ROOM = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
_READ_ROWS = 131_072


class ParquetSink:
    """The tables in a folder: a folder a table, a file a month where the rows come in month by month."""

    months_at_a_time = 2
    takes_faults = True

    def __init__(self, folder: Path) -> None:
        self._folder = Path(os.path.realpath(folder))
        _refuse_current_folder(self._folder)
        self._workspace = Workspace(self._folder)
        self.has_changed = False
        self.description = f"Parquet: {self._folder}"
        files = glob.escape(str(self._folder)).replace("'", "''")
        self.next_command = f"""duckdb -c "select count(*) from '{files}/raw/sessions/*.parquet'" """.strip()

    @contextmanager
    def change(self) -> Iterator["_ParquetChange"]:
        """A new folder, which takes the place of the old one in the end."""
        self.has_changed = False
        with self._told(), self._workspace.held():
            refuse_files_of_others(self._folder)
            change = _ParquetChange(self, self._folder, self._workspace.new)
            yield change
            if change.is_written:
                refuse_files_of_others(self._folder)  # that have come meanwhile
                with undisturbed():
                    self._workspace.swap()
                    self.has_changed = True

    def read(self, take: Take) -> None:
        """Give all rows to `take`, each table's in the order of its primary key."""
        # Only here: a load of Parquet files does without it.
        import duckdb  # noqa: PLC0415 - see above

        from seed_generator.sinks.duckdb import SETTINGS  # noqa: PLC0415 - see above

        with self._told():
            if self._workspace.is_left and not self._folder.exists():
                with self._workspace.held():
                    pass  # a load was killed while it put its folder into place: this puts the old one back
            simulation_in(self._folder)
        try:
            with duckdb.connect() as connection:
                connection.execute(SETTINGS)
                for table in REPRODUCIBLE:
                    files = sorted(folder_of(table, self._folder).glob("*.parquet"))
                    rows = connection.read_parquet([glob.escape(str(file)) for file in files])
                    for batch in rows.order(key_order(table)).to_arrow_reader(_READ_ROWS):
                        take(table, batch)
        except duckdb.Error as error:
            raise EnvironmentFailure(f"{self._folder} can't be read: {' '.join(str(error).split())}") from error

    def drop(self) -> list[str]:
        """Remove the folder."""
        self.has_changed = False
        nothing = [f"nothing to remove: there is nothing in {self._folder}"]
        with self._told():
            if not self._workspace.is_left and is_absent_or_empty(self._folder):
                return nothing
            with self._workspace.held():
                refuse_files_of_others(self._folder)
                if is_absent_or_empty(self._folder):
                    return nothing
                with undisturbed():
                    self._workspace.discard()
                    self.has_changed = True
        return [f"removed {self._folder}"]

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What the system says no to, in one sentence, which says on which side of the change that was."""
        try:
            yield
        except OSError as error:
            reason = error.strerror or str(error)
            if self.has_changed:
                told = (
                    f"the change of {self._folder} is complete, but what it left in {self._workspace.path}"
                    f" can't be removed: {reason}."
                )
            elif error.errno in _NO_ROOM:
                told = f"there is no room left to write {self._folder}; nothing was changed. ({reason})"
            else:
                where = "" if error.filename in {None, str(self._folder)} else f" ({error.filename})"
                told = f"{self._folder} can't be written: {reason}{where}."
            raise EnvironmentFailure(told) from error


class _ParquetChange:
    """A new folder that is written beside the old one."""

    def __init__(self, sink: ParquetSink, old: Path, new: Path) -> None:
        self.is_written = False
        self._months_at_a_time = sink.months_at_a_time
        self._old = old
        self._new = new

    def simulation(self) -> Sequence[Mapping[str, Any]]:
        """The rows of `raw.simulation`."""
        rows: list[dict[str, Any]] = simulation_in(self._old).to_pylist()
        return rows

    def write(self, tables: Sequence[Table]) -> None:
        """Write the files that are new, and link those that stay."""
        for table in tables:
            write_files(table, self._new, self._months_at_a_time)
        name_after_simulation(self._new)
        for schema in (table.schema for table in tables if table.adds_rows):
            link_files(folder_of(schema, self._old), folder_of(schema, self._new))
        list_files(self._new)
        self.is_written = True


def _refuse_current_folder(folder: Path) -> None:
    """A load puts a new folder into the place of the old one.

    Raises
    ------
    InputError : this would leave a shell in a folder that is gone, or can't be: of the root.
    """
    with suppress(FileNotFoundError):  # the current folder was removed
        if Path.cwd().is_relative_to(folder):
            raise InputError(
                f"{folder} is or holds the current folder, and a load puts a new folder into its place; give another.",
                key="folder",
            )
