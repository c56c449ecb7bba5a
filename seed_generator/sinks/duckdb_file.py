"""Which file a DuckDB target means, apart from the sink, so that a reader need not import the simulator."""

import os
import re
from pathlib import Path

from seed_generator.errors import InputError
from seed_generator.profiles import Target

_IN_MEMORY = ":memory:"


def names_a_file(target: Target) -> bool:
    """Whether the target's path is one of a file, and not of memory or of a server."""
    given = _path(target)
    return given.rpartition("/")[2] not in {"", ".", ".."} and not re.match(rf"{_IN_MEMORY}|\w+:", given)


def file_of(target: Target) -> Path:
    """The path as DuckDB takes it from dbt: it puts HOME into the place of a ~, whatever follows, and knows no users.

    Raises
    ------
    InputError : the target has no path of a file, or one whose ~ would lead anywhere.
    """
    given = _path(target)
    if not names_a_file(target):
        raise InputError(
            f"the target {target.name} has {f'the path {given}' if given else 'no path'}; seed_generator needs a file,"
            " such as warehouse.duckdb."
        )
    home = os.environ.get("HOME")
    if not given.startswith("~"):
        return Path(given)
    if not home or not given.startswith("~/"):
        raise InputError(
            f"the target {target.name} has the path {given}; a path with ~ must begin with ~/, where HOME is set."
        )
    return Path(f"{home}{given[1:]}")


def _path(target: Target) -> str:
    return str(target.settings.get("path", _IN_MEMORY) or "")
