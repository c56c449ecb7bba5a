"""What one test has made and others use again: files in a folder of the test run, for all of its workers."""

import hashlib
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock


class Shared:
    """Where they are; nowhere without `shared_in`."""

    folder: Path | None = None


@contextmanager
def shared_in(folder: Path) -> Iterator[None]:
    """Share files in a folder that is there, as long as this lasts."""
    with mock.patch.object(Shared, "folder", folder):
        yield


def shared_file(suffix: str, *what: object) -> Path | None:
    """Where a file is, or will be, that is told from others by what it is made of."""
    return Shared.folder and Shared.folder / f"{hashlib.sha256(repr(what).encode()).hexdigest()}{suffix}"


def share(own: Path, shared: Path | None) -> None:
    """Copy a file to where other workers find it, unless it is there. It appears there whole, by a rename."""
    if shared is None or shared.exists():
        return
    unfinished = shared.with_suffix(f".{os.getpid()}")
    shutil.copy(own, unfinished)
    unfinished.rename(shared)


def take(shared: Path | None, own: Path) -> bool:
    """Copy a file that another test has made, if it is there; returns whether it was."""
    if shared is None or not shared.exists():
        return False
    own.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(shared, own)
    return True
