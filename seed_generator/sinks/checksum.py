"""Checksums of tables: the same for the same rows, wherever they are and however they came there."""

import hashlib
from collections.abc import Callable, Iterable

import pyarrow as pa
import pyarrow.compute as pc

from seed_generator.schemas import REPRODUCIBLE, TIMESTAMP, TableSchema

_ROWS = 65_536  # are hashed column by column; another number would give other checksums
_DIGITS = 16


class Checksum:
    """SHA-256 of a table's columns and of its rows in the order of its primary key, whatever the batches are."""

    def __init__(self, table: TableSchema) -> None:
        self.rows = 0
        self._columns = table.columns
        self._held: list[pa.RecordBatch] = []
        self._held_rows = 0
        self._digest = hashlib.sha256(", ".join(f"{column.name} {column.type}" for column in table.columns).encode())

    def add(self, batch: pa.RecordBatch) -> None:
        """The rows that come next; their columns are cast to the types of the schema."""
        self._held.append(batch)
        self._held_rows += batch.num_rows
        self.rows += batch.num_rows
        if self._held_rows >= _ROWS:
            self._hash(self._held_rows - self._held_rows % _ROWS)

    def digits(self) -> str:
        """Of all rows added: sixteen hexadecimal digits. Add no more rows then."""
        self._hash(self._held_rows)
        return self._digest.hexdigest()[:_DIGITS]

    def _hash(self, rows: int) -> None:
        """So many of the rows held; the rest stays."""
        if not rows:
            return
        held = pa.Table.from_batches(self._held)
        for first in range(0, rows, _ROWS):
            chunk = held.slice(first, min(_ROWS, rows - first))
            for name, type_ in zip(self._columns.names, self._columns.types, strict=True):
                for part in _bytes(chunk.column(name).cast(type_).combine_chunks()):
                    self._digest.update(part)
        rest = held.slice(rows)
        self._held, self._held_rows = rest.to_batches(), rest.num_rows


def checksums(read: Callable[[Callable[[TableSchema, pa.RecordBatch], None]], None]) -> dict[TableSchema, Checksum]:
    """The checksum of each of `REPRODUCIBLE`, with the rows that `read` gives: a sink's."""
    found = {table: Checksum(table) for table in REPRODUCIBLE}
    read(lambda table, batch: found[table].add(batch))
    return found


def _bytes(values: pa.Array) -> Iterable[memoryview | bytes]:
    """Of one column: which rows are null if any is, and the values."""
    if values.null_count:
        yield values.is_null().cast(pa.uint8()).to_numpy(zero_copy_only=False)
    if values.type in (pa.int64(), TIMESTAMP, pa.date32()):
        if values.type == pa.date32():
            values = values.cast(pa.int32())
        yield values.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False).astype("<i8").data
        return
    texts = values.cast(pa.string()).fill_null("")
    yield pc.binary_length(texts).to_numpy(zero_copy_only=False).astype("<i8").data
    yield pc.binary_join(pa.ListArray.from_arrays([0, len(texts)], texts), "")[0].as_buffer()
