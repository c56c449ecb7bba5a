"""What every sink has; how an engine takes the tables in is its own."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

import pyarrow as pa

from seed_generator.schemas import TableSchema
from seed_generator.tables import Table

Take = Callable[[TableSchema, pa.RecordBatch], None]


class Change(Protocol):
    """A change of a sink's tables under way: the only one, which readers see when it is complete, or not at all."""

    def simulation(self) -> Sequence[Mapping[str, Any]]:
        """The rows of `raw.simulation`, which say what is loaded.

        Raises
        ------
        InputError : nothing is loaded, or not all tables.
        """

    def write(self, tables: Sequence[Table]) -> None:
        """Take in all tables, once, in their order: their rows replace what is loaded, or come to it."""


class Sink(Protocol):
    """A place that holds the tables.

    `description` names it to people, `next_command` is what they type next. `months_at_a_time` is how many months of
    sessions it can take in at the same time. `takes_faults` is whether one process makes the rows, as faults need it.
    `has_changed` is whether a change is complete: nothing that fails or is interrupted after it undoes it.

    All methods raise `EnvironmentFailure` where the surroundings say no and `InputError` where the place is not one
    that the simulator may fill, or read; then the tables are as they were before.
    """

    description: str
    next_command: str
    months_at_a_time: int
    takes_faults: bool
    has_changed: bool

    def change(self) -> AbstractContextManager[Change]:
        """Begin a change, which is complete when its block ends; an error in the block leaves the tables as they were.

        A second change at the same time is refused, and told who makes the first.
        """

    def read(self, take: Take) -> None:
        """Give all rows of `schemas.REPRODUCIBLE` to `take`, each table's in the order of its primary key."""

    def drop(self) -> list[str]:
        """Remove the tables and what held nothing else; returns a line on each thing removed or kept."""
