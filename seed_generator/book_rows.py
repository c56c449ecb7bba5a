"""The simulator's own books as rows: a row for each month and size."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from seed_generator import schemas
from seed_generator.schemas import Batch, TableSchema
from seed_generator.simulation.books import Books

_CENT = pa.scalar(Decimal("0.01"))


def monthly_kpis(books: Books) -> Batch:
    """The rows of `truth.monthly_kpis`."""
    prices = books.mrr.cents
    money = {"monthly_price": _dollars(prices), "revenue": _dollars(books.active * prices)}
    return _cells(schemas.MONTHLY_KPIS, books, {**_integers(books.columns), **money})


def mrr_movements(books: Books) -> Batch:
    """The rows of `truth.mrr_movements`."""
    amounts = {name: _dollars(cents) for name, cents in books.mrr.amounts(books.active).items()}
    return _cells(schemas.MRR_MOVEMENTS, books, {**amounts, **_integers(books.mrr.counts())})


def _cells(table: TableSchema, books: Books, figures: dict[str, pa.Array]) -> Batch:
    """The rows of a table by what its columns hold, month by month and in each by size."""
    periods, sizes = books.scenario.periods, books.scenario.sizes
    cells = {
        "period": pa.array(np.repeat(np.array(periods, "datetime64[D]"), len(sizes)), pa.date32()),
        "company_size": pa.array([size.name for size in sizes] * len(periods)),
        **figures,
    }
    columns = [cells[column.name].cast(column.type) for column in table.columns]
    return Batch(pa.RecordBatch.from_arrays(columns, schema=table.columns))


def _integers(figures: dict[str, NDArray[np.int64]]) -> dict[str, pa.Array]:
    return {name: pa.array(of_cells.ravel()) for name, of_cells in figures.items()}


def _dollars(cents: NDArray[np.int64]) -> pa.Array:
    return pc.multiply(pa.array(cents.ravel()), _CENT)
