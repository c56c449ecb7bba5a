"""What a person sees while sessions are loaded: rows, rate and time left, on a terminal only."""

import time
from collections import Counter

from seed_generator.schemas import SESSIONS, TableSchema
from seed_generator.terminal_line import TerminalLine

_SECONDS_BETWEEN_LINES = 0.2


class Progress:
    """Counts the rows of every table, and draws a line about the sessions where somebody watches.

    Parameters
    ----------
    is_shown : whether to draw, where there is a terminal.

    `expected_sessions` is to be set before the first of them: how many there will be, about.
    """

    def __init__(self, *, is_shown: bool) -> None:
        self.rows: Counter[TableSchema] = Counter()
        self.expected_sessions = 0.0
        self._line = TerminalLine(is_shown=is_shown)
        self._began = time.monotonic()
        self._drawn = self._began

    @property
    def seconds(self) -> float:
        """Since the beginning."""
        return time.monotonic() - self._began

    def add(self, table: TableSchema, rows: int) -> None:
        """Another batch of a table has been taken."""
        self.rows[table] += rows
        now = time.monotonic()
        if table is SESSIONS and now - self._drawn >= _SECONDS_BETWEEN_LINES:
            self._drawn = now
            self._draw(self.rows[table])

    def clear(self) -> None:
        """Wipe the line."""
        self._line.clear()

    def _draw(self, sessions: int) -> None:
        rate = sessions / self.seconds
        left = max(self.expected_sessions - sessions, 0) / rate
        share = min(sessions / max(self.expected_sessions, 1), 1)
        self._line.draw(f"{sessions:,} sessions ({share:.0%}), {rate:,.0f} a second, {left:.0f} s left")
