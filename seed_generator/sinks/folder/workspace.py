"""The hidden folder beside a folder of tables, in which a change of it is prepared, by one process at a time."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from seed_generator.errors import EnvironmentFailure, InputError
from seed_generator.interruption import undisturbed
from seed_generator.sinks.folder.contents import is_absent_or_empty

_HOLDER = "holder"  # the file with the number of the process that makes a change


class Workspace:
    """`.NAME.seed_generator` beside a folder of that name. It is there during a change, and after one that was killed.

    `new` is the folder to come. `old` is the folder of before, while the new one takes its place; it is complete, and
    is put back where it has to be. What is in `garbage` is only to be deleted.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.path = folder.with_name(f".{folder.name}.seed_generator")
        self.new, self._old, self._garbage = (self.path / name for name in ("new", "old", "garbage"))

    @property
    def is_left(self) -> bool:
        """Whether a change is under way, or was killed."""
        return os.path.lexists(self.path)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Ours alone, and empty; what a killed change left is mended first. Nothing of it is left at the end.

        Raises
        ------
        EnvironmentFailure : another process holds it.
        InputError : it holds what seed_generator did not put there.
        """
        missing = [parent for parent in self._folder.parents if not parent.exists()]
        lock = None
        try:
            self._folder.parent.mkdir(parents=True, exist_ok=True)
            with undisturbed():
                lock = self._lock()
            self._mend()
            (self.path / _HOLDER).write_text(str(os.getpid()))
            yield
            self._remove()
        except BaseException:
            if lock is not None:
                with suppress(OSError, InputError):  # what went wrong is told already, and the next change mends
                    self._remove()
            for parent in missing:
                with suppress(OSError):
                    parent.rmdir()
            raise
        finally:
            if lock is not None:
                os.close(lock)

    def swap(self) -> None:
        """Put the new folder into the place of the old one; the same people may read it."""
        if self._folder.exists():
            shutil.copymode(self._folder, self.new)
        if not is_absent_or_empty(self._folder):
            self._folder.rename(self._old)
        self.new.rename(self._folder)

    def discard(self) -> None:
        """Take the folder away, under a name that is never put back."""
        self._folder.rename(self._garbage)

    def _lock(self) -> int:
        """A lock on the workspace itself, which ends with the process."""
        while True:
            with suppress(FileExistsError):
                self.path.mkdir()
            try:
                lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            except FileNotFoundError:
                continue
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if self.path.exists() and os.path.samestat(os.fstat(lock), self.path.stat()):
                    self._refuse_files_of_others()
                    return lock
            except BaseException as error:
                os.close(lock)
                if isinstance(error, BlockingIOError):
                    raise self._under_way() from None
                raise
            os.close(lock)  # the holder finished and removed the workspace between our two steps

    def _under_way(self) -> EnvironmentFailure:
        try:
            holder = f"process {(self.path / _HOLDER).read_text()}"
        except OSError:
            holder = "it has just begun or ended"
        return EnvironmentFailure(f"another load of {self._folder} is under way ({holder}); nothing was changed.")

    def _refuse_files_of_others(self) -> None:
        ours = {_HOLDER, *(path.name for path in (self.new, self._old, self._garbage))}
        if theirs := sorted({path.name for path in self.path.iterdir()} - ours):
            raise InputError(
                f"{self.path}, in which a load is prepared, holds {theirs[0]}, which seed_generator did not write;"
                " move it away.",
                key="folder",
            )

    def _mend(self) -> None:
        """Put the old folder back, if a change ended between the two renames of a swap, and delete the rest."""
        if self._old.exists() and is_absent_or_empty(self._folder):
            self._old.rename(self._folder)
        for left in (self._garbage, self._old, self.new):
            if left.exists():
                left.rename(self._garbage)  # half of it must never be put back
                shutil.rmtree(self._garbage)

    def _remove(self) -> None:
        self._mend()
        (self.path / _HOLDER).unlink(missing_ok=True)
        self.path.rmdir()
