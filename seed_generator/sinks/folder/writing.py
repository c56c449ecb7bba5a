"""A file that is written by a thread of its own, while the next rows are made."""

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Protocol

import pyarrow as pa

from seed_generator.interruption import undisturbed

_ROWS = 131_072  # at least, so that a whole batch is written at once: each time costs a little to begin
_AHEAD = 1


class Writer(Protocol):
    """A writer of a format, as pyarrow has them."""

    def write_table(self, rows: pa.Table, size: int, /) -> None:
        """Write rows, up to so many together."""

    def close(self) -> None:
        """Write what ends the file."""


class FileInThread:
    """A file that takes in rows.

    Parameters
    ----------
    name : of its thread.
    writer : of the file.
    """

    def __init__(self, name: str, writer: Writer) -> None:
        self._writer = writer
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=name)
        self._pending: deque[Future[None]] = deque()
        self._held: list[pa.RecordBatch] = []

    def close(self) -> None:
        """When all that was written is in the file."""
        self._write_held()
        while self._pending:
            self._pending.popleft().result()
        self._thread.shutdown()
        self._writer.close()

    def abandon(self) -> None:
        """Let go of what is still open after an error, which is told already."""
        self._thread.shutdown(cancel_futures=True)
        with suppress(OSError, pa.ArrowException):
            self._writer.close()

    def write(self, batch: pa.RecordBatch) -> None:
        """Soon; an earlier batch that could not be written raises its error."""
        self._held.append(batch)
        if sum(held.num_rows for held in self._held) >= _ROWS:
            self._write_held()

    def _write_held(self) -> None:
        if self._held:
            rows = pa.Table.from_batches(self._held)
            self._held = []
            with undisturbed():  # else the thread may write when the file is closed: its pool does not know it
                self._pending.append(self._thread.submit(self._writer.write_table, rows, rows.num_rows))
        if len(self._pending) > _AHEAD:
            self._pending.popleft().result()
