"""Files that appear whole or not at all."""

import os
import tempfile
from pathlib import Path

from seed_generator.errors import EnvironmentFailure

_READABLE = 0o644


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
