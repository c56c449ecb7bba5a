"""What a person sees of `dbt build`: how far it is, what went wrong, and one line for all that did not."""

from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from threading import Lock

from dbt.artifacts.resources.types import NodeType
from dbt.artifacts.schemas.results import NodeResult, NodeStatus
from dbt_common.events.base_types import EventMsg

from seed_generator.terminal_line import TerminalLine

_TOLD_LEVELS = ("warn", "error")
# What a macro says, and where the query of a failed test is.
_TOLD_EVENTS = ("JinjaLogInfo", "SQLCompiledPath")
_WORDS = {
    NodeStatus.Success: "tables and views built",
    NodeStatus.Pass: "tests passed",
    NodeStatus.Warn: "warned",
    NodeStatus.Fail: "failed",
    NodeStatus.Error: "with an error",
    NodeStatus.PartialSuccess: "built in part",
    NodeStatus.Skipped: "skipped",
}


class BuildOutput:
    """Hears what dbt tells of a build, from any of its threads."""

    def __init__(self) -> None:
        self._line = TerminalLine()
        self._lock = Lock()
        self._nodes = self._ended = 0

    def hear(self, event: EventMsg) -> None:
        """Another event of dbt."""
        name = event.info.name
        with self._lock, suppress(OSError):  # a reader that has left is told of at the end
            if name == "ConcurrencyLine":
                self._nodes = event.data.node_count
            elif name == "NodeFinished":
                self._ended += 1
                self._line.draw(f"dbt build: {self._ended} of {self._nodes}")
            elif event.info.level in _TOLD_LEVELS or name in _TOLD_EVENTS:
                self._line.clear()
                print(event.info.msg)  # type: ignore[attr-defined]  # of a type that dbt makes as it runs

    def end(self, results: Iterable[NodeResult]) -> None:
        """Say how many nodes had which end."""
        self._line.clear()
        ends = Counter(str(result.status) for result in results if result.node.resource_type != NodeType.Operation)
        counts = [f"{ends[status]} {words}" for status, words in _WORDS.items() if ends[status]]
        if counts:
            print(f"dbt build: {', '.join(counts)}.")
