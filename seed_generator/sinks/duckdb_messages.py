"""What DuckDB says of a file that it can't use, apart from the sink, so that a reader need not import the simulator."""

import re

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
