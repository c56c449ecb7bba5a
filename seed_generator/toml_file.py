"""TOML files that a user writes."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from seed_generator.errors import InputError


def read_toml(path: Path, key: str) -> dict[str, Any]:
    """The values of a TOML file, those with a point as decimals; a byte order mark, as some editors write, is no error.

    Raises
    ------
    InputError : the file can't be read or is not TOML; its key is `key`.
    """
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"), parse_float=Decimal)
    except OSError as error:
        raise InputError(f"{path} can't be read: {error.strerror}.", key) from error
    # Beside its own error tomllib raises what numbers and dates do that Python has no value for.
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise InputError(f"{path} is not TOML: {' '.join(str(error).split())}.", key) from error
