"""Pages of the documentation that are made of what the tests find."""

import os
from decimal import Decimal
from pathlib import Path


def as_text(value: object) -> str:
    """A value of a row as it is shown: a null as nothing, a small decimal without an exponent."""
    return "" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)


def check_page(path: Path, rendered: str) -> None:
    """The page is what it was made of; with UPDATE_PAGES=1 it becomes so."""
    if os.environ.get("UPDATE_PAGES") == "1":
        path.write_text(rendered)
    assert path.read_text() == rendered, "UPDATE_PAGES=1 makes the page again"
