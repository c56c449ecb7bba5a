"""A line on a terminal that says how far something is, and that nothing is left of; in a pipe there is none."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


class TerminalLine:
    """The line; standard error has it, so that output can be kept without it.

    Parameters
    ----------
    is_shown : whether to show it, where there is a terminal.
    """

    def __init__(self, *, is_shown: bool = True) -> None:
        self._terminal = sys.stderr if is_shown and sys.stderr.isatty() else None
        self._is_drawn = False

    def draw(self, text: str) -> None:
        """Show this in place of what it showed."""
        if self._terminal:
            self._terminal.write(f"\r\x1b[2K{text}")
            self._terminal.flush()
            self._is_drawn = True

    def clear(self) -> None:
        """Wipe it."""
        if self._is_drawn:
            self.draw("")
            self._is_drawn = False


@contextmanager
def shown_as(text: str) -> Iterator[None]:
    """What is done while the line says so."""
    line = TerminalLine()
    line.draw(text)
    try:
        yield
    finally:
        line.clear()
