"""The file of a table: RFC 4180, UTF-8, a header, a line feed after each row, and an empty field for a null.

Texts stand in quotes where they could be anything, and nothing else does: so a null differs from a text of no length.
Times are `2021-01-31 23:59:59.000000`, days `2021-01-31`, and decimals have all their digits.
"""

import glob
import shutil
from decimal import Decimal
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv

from seed_generator.sinks.folder.writing import FileInThread
from seed_generator.sinks.sql import sql_type
from seed_generator.tables import Table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection, DuckDBPyRelation

_ROWS = 16_384  # are made text together
_DIGITS = 6  # after the point: a decimal of more would have an exponent where it is small


def write_file(table: Table, path: Path, before: Path | None) -> None:
    """Write a table into a file, after the rows of the file `before`, if there is one."""
    path.parent.mkdir(exist_ok=True, parents=True)
    if before:
        shutil.copyfile(before, path)
    with path.open("ab" if before else "xb") as output:
        file = FileInThread(path.name, _Writer(output, table.columns, has_header=not before))
        try:
            for batch in table.batches:
                file.write(batch.rows)
            file.close()
        finally:
            file.abandon()


def column_names(path: Path) -> list[str]:
    """The names in the header of a file."""
    with path.open() as file:
        return file.readline().rstrip("\n").split(",")


def read_rows(connection: "DuckDBPyConnection", columns: pa.Schema, path: Path) -> "DuckDBPyRelation":
    """The rows of a file, with the types of the contract."""
    types = ", ".join(f"'{column.name}': '{sql_type(column.type)}'" for column in columns)
    file = glob.escape(str(path)).replace("'", "''")
    return connection.sql(
        f"from read_csv('{file}', columns = {{{types}}}, auto_detect = false, header = true, delim = ',', quote = '\"',"
        " escape = '\"', new_line = '\\n', nullstr = '', allow_quoted_nulls = false)"
    )


def read_small(columns: pa.Schema, path: Path) -> pa.Table:
    """The rows of a file of a few."""
    return pv.read_csv(
        path,
        parse_options=pv.ParseOptions(newlines_in_values=True),
        convert_options=pv.ConvertOptions(
            column_types=columns, null_values=[""], strings_can_be_null=True, quoted_strings_can_be_null=False
        ),
    )


class _Writer:
    """A writer of rows as text."""

    def __init__(self, output: IO[bytes], columns: pa.Schema, *, has_header: bool) -> None:
        long = [column.name for column in columns if pa.types.is_decimal(column.type) and column.type.scale > _DIGITS]
        self._long = {name: columns.names.index(name) for name in long}
        written = columns
        for name, index in self._long.items():
            written = written.set(index, pa.field(name, pa.string()))
        options = pv.WriteOptions(
            include_header=has_header,
            batch_size=_ROWS,
            quoting_header="none",
            # Such a table has no text but names of ours, and quotes would stand around its numbers too.
            quoting_style="none" if long else "needed",
        )
        self._writer = pv.CSVWriter(output, written, write_options=options)

    def write_table(self, rows: pa.Table, _: int) -> None:
        """Write rows."""
        for name, index in self._long.items():
            rows = rows.set_column(index, name, _plain(rows[name]))
        self._writer.write_table(rows)

    def close(self) -> None:
        """Write what ends the file."""
        self._writer.close()


def _plain(decimals: pa.ChunkedArray) -> pa.ChunkedArray:
    """Decimals as text, without an exponent."""
    texts = decimals.cast(pa.string())
    small = pc.fill_null(pc.match_substring(texts, "E"), fill_value=False)
    plain = [f"{Decimal(text):f}" for text in texts.filter(small).to_pylist()]
    return pc.replace_with_mask(texts.combine_chunks(), small.combine_chunks(), pa.array(plain, pa.string()))
