"""What is in a folder of tables: whose it is, and whether all is there that a load wrote."""

import os
import stat
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from seed_generator.errors import InputError

_NAMED_AT_MOST = 3


class Pattern(Protocol):
    """What a path below the folder is matched with, as a compiled regular expression does."""

    def fullmatch(self, string: str, /) -> object:
        """Whether all of it is of the pattern."""


def is_absent_or_empty(folder: Path) -> bool:
    """Whether there is nothing yet.

    Raises
    ------
    InputError : there is something else than a folder.
    """
    if not os.path.lexists(folder):
        return True
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder; give a new one.", key="folder")
    return not any(folder.iterdir())


def refuse_other_names(folder: Path, folders: Collection[str], files: Iterable[Pattern]) -> None:
    """Refuse what no load makes: another name, and a symbolic link of any name.

    Parameters
    ----------
    folders, files : the paths below `folder` of those that a load makes.

    Raises
    ------
    InputError : naming the first that is none of them.
    """
    for name, path in _entries(folder):
        mode = path.lstat().st_mode  # of a symbolic link itself: a load makes none
        is_ours = (stat.S_ISDIR(mode) and name in folders) or (
            stat.S_ISREG(mode) and any(pattern.fullmatch(name) for pattern in files)
        )
        if not is_ours:
            raise InputError(
                f"{folder} holds {name}, which seed_generator did not write; give a new folder.", key="folder"
            )


def refuse_other_sizes(folder: Path, written: Mapping[str, int], found: Mapping[str, int]) -> None:
    """Refuse a folder whose files are not those that its load wrote.

    Parameters
    ----------
    written, found : the bytes of each file, by its path below `folder`.

    Raises
    ------
    InputError : naming some that are missing, too many or of another size.
    """
    for is_wrong, names in (
        ("lacks files that its load wrote", written.keys() - found.keys()),
        ("holds files that its load did not write", found.keys() - written.keys()),
        ("holds files that its load wrote otherwise", {name for name in found if found[name] != written.get(name)}),
    ):
        if names:
            raise InputError(f"{folder} {is_wrong}, {_some(names)}; load a simulation anew.", key="folder")


def _some(names: Iterable[str]) -> str:
    """The first of the names, and how many more there are."""
    first = sorted(names)
    more = len(first) - _NAMED_AT_MOST
    return ", ".join(first[:_NAMED_AT_MOST]) + (f" and {more:,} more" if more > 0 else "")


def _entries(folder: Path) -> Iterator[tuple[str, Path]]:
    """All folders and files below a folder, links not followed, with their paths below it."""
    for path in sorted(folder.iterdir()):
        yield path.name, path
        if path.is_dir() and not path.is_symlink():
            yield from ((f"{path.name}/{name}", below) for name, below in _entries(path))
