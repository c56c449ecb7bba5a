"""What folders of tables have in common, whatever their files are.

The new folder is written beside the old one and takes its place by renaming.
"""

import errno
import glob
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from seed_generator.errors import EnvironmentFailure, InputError
from seed_generator.interruption import undisturbed
from seed_generator.schemas import REPRODUCIBLE, TableSchema
from seed_generator.sinks.folder.contents import is_absent_or_empty
from seed_generator.sinks.folder.workspace import Workspace
from seed_generator.sinks.protocol import Take
from seed_generator.sinks.sql import key_order, refuse_older_version
from seed_generator.tables import Table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

_NO_ROOM = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT)
_READ_ROWS = 131_072


class FolderSink(ABC):
    """The tables in files in a folder; a subclass says how the files are written, read and known."""

    takes_faults = True
    kind: str  # what people call such files
    months_at_a_time: int
    sessions: str  # the path of their files below the folder, as a pattern

    def __init__(self, folder: Path) -> None:
        self._folder = Path(os.path.realpath(folder))
        _refuse_current_folder(self._folder)
        self._workspace = Workspace(self._folder)
        self.has_changed = False
        self.description = f"{self.kind}: {self._folder}"
        files = glob.escape(str(self._folder)).replace("'", "''")
        self.next_command = f"""duckdb -c "select count(*) from '{files}/{self.sessions}'" """.strip()

    @abstractmethod
    def _refuse_files_of_others(self, folder: Path) -> None:
        """Never replace or remove a folder that is not proven to be of a load, or that holds anything else.

        Raises
        ------
        InputError : naming what is in the way.
        """

    @abstractmethod
    def _simulation_in(self, folder: Path) -> pa.Table:
        """The rows of `raw.simulation`, if all files are there that its load wrote, and no others.

        Raises
        ------
        InputError : it is not all of it, or something else.
        """

    @abstractmethod
    def _write(self, tables: Sequence[Table], old: Path, new: Path) -> None:
        """Write all files of a folder; of tables whose rows are added, those that `old` has are taken along."""

    @abstractmethod
    def _columns(self, table: TableSchema, folder: Path) -> Sequence[str]:
        """The columns that the files of a table have; none where there is no file."""

    @abstractmethod
    def _rows(self, connection: "DuckDBPyConnection", table: TableSchema, folder: Path) -> "DuckDBPyRelation":
        """All rows of a table, in any order."""

    @contextmanager
    def change(self) -> Iterator["_FolderChange"]:
        """A new folder, which takes the place of the old one in the end."""
        self.has_changed = False
        with self._told(), self._workspace.held():
            self._refuse_others()
            change = _FolderChange(self, self._folder, self._workspace.new)
            yield change
            if change.is_written:
                self._refuse_others()  # that have come meanwhile
                with undisturbed():
                    self._workspace.swap()
                    self.has_changed = True

    def read(self, take: Take) -> None:
        """Give all rows to `take`, each table's in the order of its primary key."""
        # Only here: a load of files does without it.
        import duckdb  # noqa: PLC0415 - see above

        from seed_generator.sinks.duckdb import settle  # noqa: PLC0415 - see above

        with self._told():
            if self._workspace.is_left and not self._folder.exists():
                with self._workspace.held():
                    pass  # a load was killed while it put its folder into place: this puts the old one back
            self.simulation()
        try:
            with duckdb.connect() as connection:
                settle(connection)
                for table in REPRODUCIBLE:
                    rows = self._rows(connection, table, self._folder)
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
                if is_absent_or_empty(self._folder):
                    return nothing
                self._refuse_files_of_others(self._folder)
                with undisturbed():
                    self._workspace.discard()
                    self.has_changed = True
        return [f"removed {self._folder}"]

    def simulation(self) -> pa.Table:
        """The rows of `raw.simulation`.

        Raises
        ------
        InputError : nothing is loaded, or not all of it is there, or something else.
        """
        if is_absent_or_empty(self._folder):
            raise InputError(f"{self._folder} holds no simulation; load one first.", key="folder")
        rows = self._simulation_in(self._folder)
        refuse_older_version(partial(self._columns, folder=self._folder), str(self._folder))
        return rows

    def _refuse_others(self) -> None:
        if not is_absent_or_empty(self._folder):
            self._refuse_files_of_others(self._folder)

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


class _FolderChange:
    """A new folder that is written beside the old one."""

    def __init__(self, sink: FolderSink, old: Path, new: Path) -> None:
        self.is_written = False
        self._sink = sink
        self._old = old
        self._new = new

    def simulation(self) -> Sequence[Mapping[str, Any]]:
        """The rows of `raw.simulation`."""
        rows: list[dict[str, Any]] = self._sink.simulation().to_pylist()
        return rows

    def write(self, tables: Sequence[Table]) -> None:
        """Write all files; the folder takes its place when the change ends."""
        self._sink._write(tables, self._old, self._new)  # noqa: SLF001 - a part of it
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
