"""Versions of the published marts: folders beside a link, each with a mark that says whose it is.

A publication replaces and removes nothing but what one of the same link made.
"""

import fcntl
import json
import os
import re
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from seed_generator.errors import EnvironmentFailure, InputError

# Not `marts.duckdb`: a file called like a schema in it would make `marts.fct_revenue` ambiguous.
DATABASE = "saas_kpis.duckdb"
SCHEMA = "marts"
MARK = ".saas_kpis_version"

_UNUSED_LINK = ".link"
_READ_ONLY, _OPEN_TO_READERS, _OURS_ALONE = 0o444, 0o755, 0o700


@dataclass(frozen=True)
class _Mark:
    """What the mark of a version says.

    Parameters
    ----------
    link : the name of the link that owns it.
    version : its own name, so that a copy of it, which a user made, is not taken for one.
    files : what was published in it; None until it is complete.
    """

    link: str
    version: str
    files: Sequence[str] | None = None

    def write(self) -> str:
        """As a text that also tells a person what it is."""
        about = f"A version of the published marts {self.link}. A later publication of {self.link} removes it."
        return json.dumps({"about": about, "link": self.link, "version": self.version, "files": self.files}, indent=2)


def _mark_of(version: Path) -> _Mark | None:
    """The mark of a folder; None where it has none that we wrote for it."""
    path = version / MARK
    try:
        if version.is_symlink() or path.is_symlink() or not path.is_file():
            return None
        found = json.loads(path.read_text(encoding="utf-8"))
        mark = _Mark(found["link"], found["version"], found["files"])
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
    return mark if mark.version == version.name else None


def _put_mark(folder: Path, mark: _Mark) -> None:
    unfinished = folder / f"{MARK}.new"
    unfinished.write_text(mark.write(), encoding="utf-8")
    unfinished.replace(folder / MARK)


def new_version(folder: Path) -> tuple[Path, int]:
    """An empty version that no other process takes for one of a killed run, and the lock that keeps it so."""
    for version, _ in _versions(folder):
        if _is_in_work(version):
            raise EnvironmentFailure(f"another process is publishing {folder}; nothing was changed.")
    version = folder.with_name(f".{folder.name}-{secrets.token_hex(8)}")
    version.mkdir(mode=_OURS_ALONE)
    lock = os.open(version, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _put_mark(version, _Mark(folder.name, version.name))
    except BaseException:
        os.close(lock)
        shutil.rmtree(version, ignore_errors=True)
        raise
    return version, lock


def complete(version: Path) -> None:
    """Everyone may read it, whatever this process makes its files for; and the mark lists what is in it."""
    files = sorted(path.relative_to(version).as_posix() for path in version.rglob("*") if path.is_file())
    mark = _mark_of(version)
    if mark is None:
        raise FileNotFoundError(f"{version / MARK} is gone")
    _put_mark(version, replace(mark, files=[file for file in files if file != MARK]))
    for path in version.rglob("*"):
        path.chmod(_OPEN_TO_READERS if path.is_dir() else _READ_ONLY)
    version.chmod(_OPEN_TO_READERS)


def _versions(folder: Path) -> Iterator[tuple[Path, _Mark]]:
    """The versions that the link owns."""
    for path in folder.parent.iterdir():
        mark = _mark_of(path)
        if mark and mark.link == folder.name:
            yield path, mark


def _is_in_work(version: Path) -> bool:
    """Whether a process that lives is filling it."""
    lock = os.open(version, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


def remove_old_versions(folder: Path, kept: set[str]) -> None:
    """Remove what this link owned, and what runs that were killed left of it."""
    with only_here(folder):
        beside = list(folder.parent.iterdir())
        linked = [Path(os.path.realpath(path)) for path in beside if path.is_symlink() and path != folder]
        for version, mark in list(_versions(folder)):
            is_linked = any(version in (at, *at.parents) for at in linked)  # by a link that a user made
            if version.name not in kept and not is_linked and not _is_in_work(version):
                _remove(version, mark)
        for path in beside:
            # Of a run that was killed before it wrote the mark; only an empty folder is removed.
            if path.name not in kept and _is_name_of_version(path.name, folder) and not path.is_symlink():
                remove_empty([path])


def _remove(version: Path, mark: _Mark) -> None:
    """Remove a version, but no file that a user has put into it."""
    if mark.files is None:
        shutil.rmtree(version, ignore_errors=True)
        return
    with suppress(OSError):
        for file in map(PurePosixPath, mark.files):
            if not file.is_absolute() and ".." not in file.parts:
                (version / file).unlink(missing_ok=True)
        remove_empty([version / SCHEMA])
        (version / _UNUSED_LINK).unlink(missing_ok=True)
        (version / MARK).unlink(missing_ok=True)  # so late that the next run finds what a killed one leaves
        version.rmdir()


def refuse_what_is_not_ours(folder: Path) -> None:
    """Refuse whatever is there but a link that an earlier publication made under this name."""
    if not os.path.lexists(folder):
        return
    if not folder.is_symlink():
        raise InputError(f"{folder} is there and was not published; give a folder that is not there.", key="folder")
    target = folder.readlink()
    version = folder.with_name(target.name)
    mark = _mark_of(version)
    is_ours = target == Path(target.name) and (
        (mark is not None and mark.link == folder.name)
        or (not os.path.lexists(version) and _is_name_of_version(version.name, folder))
        or _was_published_without_a_mark(version, folder)
    )
    if not is_ours:
        raise InputError(
            f"{folder} is a link to {target}, which was not published under this name; give a folder that is not"
            " there, or remove the link.",
            key="folder",
        )


def _is_name_of_version(name: str, folder: Path) -> bool:
    return re.fullmatch(rf"\.{re.escape(folder.name)}-[0-9a-f]{{16}}", name) is not None


def _was_published_without_a_mark(version: Path, folder: Path) -> bool:
    """Whether a release that made no marks published it. The link to it is replaced, the folder never removed."""
    is_named_so = re.fullmatch(rf"\.{re.escape(folder.name)}-[a-z0-9_]{{8}}", version.name) is not None
    return is_named_so and not version.is_symlink() and (version / DATABASE).is_file() and (version / SCHEMA).is_dir()


def point(folder: Path, version: Path) -> None:
    """Let the link lead to the version, in one step."""
    if not folder.is_symlink():
        folder.symlink_to(version.name)  # which never replaces anything
        return
    # Made inside the version, where no file of a user is.
    link = version / _UNUSED_LINK
    link.symlink_to(version.name)
    link.replace(folder)


def leads_to(folder: Path, version: Path) -> bool:
    """Whether the link leads to the version."""
    return folder.is_symlink() and folder.readlink() == Path(version.name)


@contextmanager
def only_here(folder: Path) -> Iterator[None]:
    """A lock on the folder around, for moments; nothing is left behind by a process that is killed."""
    lock = os.open(folder.parent, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def made_parents(folder: Path) -> list[Path]:
    """Make the folders around that are not there, for everyone to read; returns them, the inmost last."""
    missing = [parent for parent in folder.parents if not parent.exists()][::-1]
    made: list[Path] = []
    try:
        for parent in missing:
            parent.mkdir()
            made += [parent]
            parent.chmod(_OPEN_TO_READERS)
    except BaseException:
        remove_empty(made)
        raise
    return made


def remove_empty(folders: Sequence[Path]) -> None:
    """Remove folders, the last one first, as far as they are empty."""
    for folder in reversed(folders):
        with suppress(OSError):
            folder.rmdir()
