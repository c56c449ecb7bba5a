"""PostgreSQL's COPY formats from Arrow: binary for tables of fixed width, as numpy record arrays; else CSV.

The binary format, from the documentation of COPY: a header of 19 bytes; for each row the number of fields (int16) and
for each field its length (int32) and value, all big-endian; and -1 (int16) at the end.
"""

import io
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from threading import Event

import numpy as np
import psycopg2
import pyarrow as pa
import pyarrow.csv
from psycopg2 import extensions

from seed_generator.schemas import TIMESTAMP
from seed_generator.tables import Table

_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_POSTGRES_EPOCH = 946_684_800_000_000  # 2000-01-01 in microseconds since 1970-01-01
_VALUE_BYTES = 8
_HELD_BYTES = 1 << 22
_READ_BYTES = 1 << 20


def copy_format(columns: pa.Schema) -> str:
    """`binary` or `csv`."""
    fixed = all(column.type in (pa.int64(), TIMESTAMP) and not column.nullable for column in columns)
    return "binary" if fixed else "csv"


def copy_file(table: Table, stopped: Event | None = None) -> "CopyFile":
    """The table's rows in its format, until `stopped` is set."""
    return CopyFile(_binary(table) if copy_format(table.columns) == "binary" else _csv(table), stopped or Event())


def copy_in(cursor: extensions.cursor, statement: str, file: "CopyFile") -> None:
    """Send the file. What stopped it from being made comes before what the driver makes of that."""
    try:
        # When the server ends the connection, the driver prints a traceback by itself, beside the error it raises.
        with redirect_stderr(io.StringIO()):
            cursor.copy_expert(statement, file, size=_READ_BYTES)
    except psycopg2.Error as error:
        raise file.error or error from None


def _binary(table: Table) -> Iterator[bytes]:
    columns = len(table.schema.columns)
    record = _record(columns)
    yield _HEADER
    for batch in table.batches:
        records = np.empty(batch.rows.num_rows, record)
        records["fields"] = columns
        records["columns"]["length"] = _VALUE_BYTES
        for position, column in enumerate(batch.rows.columns):
            values = column.view(pa.int64()).to_numpy()
            records["columns"]["value"][:, position] = values - _POSTGRES_EPOCH if column.type == TIMESTAMP else values
        yield records.tobytes()
    yield _TRAILER


def _record(columns: int) -> np.dtype[np.void]:
    """A row of so many columns of eight bytes."""
    return np.dtype([("fields", ">i2"), ("columns", [("length", ">i4"), ("value", ">i8")], columns)])


def _csv(table: Table) -> Iterator[bytes]:
    options = pa.csv.WriteOptions(include_header=False)
    for batch in table.batches:
        rows = io.BytesIO()
        pa.csv.write_csv(batch.rows, rows, options)
        yield rows.getvalue()


class CopyFile(io.RawIOBase):
    """A file that is made while it is read.

    `error` is what stopped it from being made, which the driver that reads it would tell as an error of its own. Once
    `stopped` is set no more is made: the driver would read all of it even after the server has given up.
    """

    def __init__(self, chunks: Iterator[bytes], stopped: Event) -> None:
        self.error: BaseException | None = None
        self._chunks = chunks
        self._stopped = stopped
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # any writable buffer, as io calls it
        """Fill the buffer as far as there are bytes."""
        try:
            while not self._rest:
                if self._stopped.is_set():
                    return 0
                chunk = next(self._chunks, None)
                if chunk is None:
                    return 0
                self._rest = memoryview(chunk)
        except BaseException as error:
            self.error = error
            raise
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


class CopyTarget(io.RawIOBase):
    """A file that gives the rows that are written into it to `take`.

    Parameters
    ----------
    columns : of the rows, which say what format they come in.
    take : is given the rows, a batch at a time.
    """

    def __init__(self, columns: pa.Schema, take: Callable[[pa.RecordBatch], None]) -> None:
        self._columns = columns
        self._take = take
        self._read = self._read_binary if copy_format(columns) == "binary" else self._read_csv
        self._held = bytearray()
        self._skipped = 0 if copy_format(columns) == "csv" else len(_HEADER)

    def writable(self) -> bool:
        """Always."""
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # any buffer, as io calls it
        """Take in some bytes; whole rows are given away as soon as there are many."""
        self._held += data
        if len(self._held) >= _HELD_BYTES:
            self._give()
        return len(data)

    def flush(self) -> None:
        """Give away the rows that are left."""
        if self._held:
            self._give()

    def _give(self) -> None:
        if self._skipped:
            del self._held[: self._skipped]
            self._skipped = 0
        used, batches = self._read(bytes(self._held))
        del self._held[:used]
        for batch in batches:
            self._take(batch)

    def _read_binary(self, data: bytes) -> tuple[int, list[pa.RecordBatch]]:
        record = _record(len(self._columns))
        rows = len(data) // record.itemsize
        values = np.frombuffer(data, record, rows)["columns"]["value"].astype(np.int64)
        arrays = [
            pa.array(values[:, position] + (_POSTGRES_EPOCH if type_ == TIMESTAMP else 0)).view(type_)
            for position, type_ in enumerate(self._columns.types)
        ]
        return rows * record.itemsize, [pa.RecordBatch.from_arrays(arrays, schema=self._columns)]

    def _read_csv(self, data: bytes) -> tuple[int, list[pa.RecordBatch]]:
        used = data.rfind(b"\n") + 1
        rows = pa.csv.read_csv(
            pa.BufferReader(memoryview(data)[:used]),
            pa.csv.ReadOptions(column_names=self._columns.names),
            convert_options=pa.csv.ConvertOptions(
                column_types=self._columns, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
            ),
        )
        return used, rows.to_batches()
