"""Files that appear whole or not at all."""

import os
import tempfile
from pathlib import Path

from seed_generator.errors import EnvironmentFailure, InputError

_READABLE = 0o644
_HEAD = 4096  # bytes
_HTML = (b"<!doctype html", b"<html")


def write_whole(path: Path, text: str) -> None:
    """Replace a file's text; whoever reads it meanwhile has the old one or the new.

    Raises
    ------
    EnvironmentFailure : it can't be written; what was there stays.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                file.write(text)
            Path(name).chmod(_READABLE)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise EnvironmentFailure(f"{path} can't be written: {error.strerror or error}.") from error


def page_file(given: Path) -> Path:
    """The file that the page is written into; where it is a link, the file that the link leads to.

    Raises
    ------
    InputError : something else than a page is there; the key is `page`.
    EnvironmentFailure : the file can't be written.
    """
    path = Path(os.path.realpath(given))
    try:
        if path.is_dir():
            raise InputError(f"{path} is a folder; give a file in it, such as {path / 'kpis.html'}.", key="page")
        if os.path.lexists(path):
            _refuse_what_is_no_page(path)
        with tempfile.TemporaryFile(dir=path.parent):
            pass  # a file can be made there
    except OSError as error:
        raise EnvironmentFailure(f"{path} can't be written: {error.strerror or error}.") from error
    return path


def _refuse_what_is_no_page(path: Path) -> None:
    """Never write over a warehouse, a program or a device."""
    if not path.is_file():
        raise InputError(f"{path} is not a file that can be replaced; give another.", key="page")
    with path.open("rb") as file:
        head = file.read(_HEAD).lstrip().lower()
    if head and not head.startswith(_HTML):
        raise InputError(f"{path} is there and is not an HTML page; give another file.", key="page")
