"""What every sink has: the places that the tables go to differ in how, and not in what."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from seed_generator.schemas import TableSchema
from seed_generator.tables import Table

More = Callable[[Sequence[Mapping[str, Any]]], Iterable[Table]]
Take = Callable[[TableSchema, pa.RecordBatch], None]


class Sink(Protocol):
    """A place for the tables.

    `place` names it to people, `next_command` is what they type next. `months_at_a_time` is how many months of sessions
    it can take in at the same time.

    All methods raise `EnvironmentFailure` where the surroundings say no and `InputError` where the place is not one
    that the simulator may fill, or read; then the place is as it was before.
    """

    place: str
    next_command: str
    months_at_a_time: int

    def load(self, tables: Iterable[Table]) -> None:
        """Replace all tables, completely or not at all."""

    def extend(self, more: More) -> None:
        """Add to the tables, completely or not at all: `more` makes them, given the rows of `raw.simulation`."""

    def read(self, take: Take) -> None:
        """Give all rows of `schemas.SIMULATED` to `take`, each table's in the order of its primary key."""

    def drop(self) -> list[str]:
        """Remove the tables and what held nothing else; returns a line on each thing removed or kept."""
