"""The rows of a table as a stream that can be read again."""

from collections.abc import Callable, Iterator

import pyarrow as pa

from seed_generator.schemas import Batch
from seed_generator.tables import Table


class Rows:
    """The rows of one table of a simulation, made while they are read, and anew each time.

    Whatever takes the Arrow PyCapsule protocol reads them: `pyarrow.table(rows)`, `polars.DataFrame(rows)`,
    `pandas.DataFrame.from_arrow(rows)`, `duckdb.sql("from rows")`.

    Parameters
    ----------
    make : the table and its rows, from the first one on.

    Examples
    --------
    >>> from saas_kpis import simulate
    >>> plans = simulate(companies=10).plans
    >>> plans.name
    'raw.plans'
    >>> plans.to_arrow()["monthly_price"].to_pylist()
    [Decimal('19.00'), Decimal('99.00')]
    """

    def __init__(self, make: Callable[[], Table]) -> None:
        self._make = make

    @property
    def name(self) -> str:
        """Where a load puts them, such as `raw.sessions`."""
        return self._make().schema.full_name

    @property
    def schema(self) -> pa.Schema:
        """The columns, their types and whether they may be null."""
        return self._make().columns

    def reader(self) -> pa.RecordBatchReader:
        """All rows, a batch at a time: a reader of its own each time."""
        table = self._make()
        return pa.RecordBatchReader.from_batches(table.columns, _records(table.batches))

    def to_arrow(self) -> pa.Table:
        """All rows, in memory."""
        return self.reader().read_all()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The Arrow PyCapsule protocol: what other libraries take the rows by."""
        return self.reader().__arrow_c_stream__(requested_schema)

    def __repr__(self) -> str:
        return f"<Rows of {self.name}: {', '.join(self.schema.names)}>"


def _records(batches: Iterator[Batch]) -> Iterator[pa.RecordBatch]:
    return (batch.rows for batch in batches)
