"""What DuckDB says of a file that it can't use, apart from the sink, so that a reader need not import the simulator."""

import re
from pathlib import Path

from seed_generator.errors import EnvironmentFailure, InputError, SeedError

# A full disk.
NO_ROOM = ("No space left", "File too large", "Disk quota exceeded")

_HOLDER = re.compile(r'lock on file "(?P<file>.+?)".*lock is held in (?P<program>.+?) \(PID (?P<pid>\d+)\)')


def in_use(message: str) -> str | None:
    """Who holds a file, where that is what DuckDB complains of."""
    holder = _HOLDER.search(message)
    return holder and (
        f"{holder['file']} is in use by process {holder['pid']} ({holder['program']});"
        " a DuckDB file has one writer: wait for it or end it."
    )


def refused(path: Path, message: str) -> SeedError | None:
    """Why a file could not be opened, where that is what DuckDB complains of."""
    if told := in_use(message):
        return EnvironmentFailure(told)
    if "not a valid DuckDB database" in message or "Is a directory" in message:
        return InputError(f"{path} is not a DuckDB file; choose another with DUCKDB_PATH.")
    return None
