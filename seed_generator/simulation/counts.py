"""How many sessions each company has in each month, and so who is still a customer, as numpy arrays.

The months are the outer loop and the blocks the inner one. Whether a company is a customer follows from the draws of
the months before alone, so that a later month needs nothing from a database.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from seed_generator.scenario import CompanySize, Scenario
from seed_generator.simulation.books import Books
from seed_generator.simulation.companies import company_sizes
from seed_generator.simulation.portion import Portion
from seed_generator.simulation.streams import Purpose, draw, stream, uniform_integers

_COUNTS = 256  # session counts fit in a byte


@dataclass(frozen=True)
class CountDraw:
    """A block in a month: who still is a customer, by position in the block, with the sessions that each has drawn.

    `customers` is int64, `sizes` uint8 and `counts` uint8, of one shape (n,); `active`, int64 of shape (m,), has the
    indices in them of those with a session.
    """

    month: int
    block: int
    customers: NDArray[np.int64]
    sizes: NDArray[np.uint8]
    counts: NDArray[np.uint8]
    active: NDArray[np.int64]


def draw_counts(portion: Portion, months_at_a_time: int = 1) -> Iterator[CountDraw]:
    """Every company of the portion's blocks, those that are loaded too: month by month and block by block."""
    scenario = portion.scenario
    law = _SessionLaw(scenario.sizes)
    sizes = {block: company_sizes(portion, block) for block in portion.blocks}
    left = {block: np.arange(len(sizes[block]), dtype=np.uint16) for block in portion.blocks}  # they stay in memory
    for first in range(0, scenario.months, months_at_a_time):
        months = range(first, min(first + months_at_a_time, scenario.months))
        for block, month in product(portion.blocks, months):
            # Silent companies keep their place in the draw, so that no draw depends on which companies are left.
            uniform = draw(stream(scenario.seed, Purpose.SESSION_COUNT, block, month), len(sizes[block]))
            customers = left[block].astype(np.int64)
            customer_sizes = sizes[block].take(customers)
            counts = law.counts(uniform.take(customers), customer_sizes)
            active = np.flatnonzero(counts > 0)
            yield CountDraw(month, block, customers, customer_sizes, counts, active)
            left[block] = left[block].take(active)


def record(drawn: CountDraw, books: Books) -> None:
    """Enter a draw into the books."""
    companies = _count_companies(drawn, len(books.scenario.sizes))
    if drawn.month == 0:
        books.acquire(companies.sum(axis=1))
    books.record(drawn.month, companies)


def books_of(portion: Portion) -> Books:
    """The books of the portion's blocks, without making a session."""
    books = Books(portion.scenario)
    for drawn in draw_counts(portion):
        record(drawn, books)
    return books


def simulate_churned(scenario: Scenario) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """For each month, counted from 0, and block: the ids of the companies that had churned before it."""
    portion = Portion(scenario)
    for drawn in draw_counts(portion):
        yield drawn.month, np.delete(portion.company_ids(drawn.block), drawn.customers)


class _SessionLaw:
    """Sessions of a month: base ± U{0..spread}. All 2 (spread + 1) outcomes of sign and integer are equally likely."""

    def __init__(self, sizes: tuple[CompanySize, ...]) -> None:
        tables = [_outcomes(size) for size in sizes]
        self._outcomes = np.array([len(table) for table in tables], np.float64)
        self._starts = np.cumsum([0, *(len(table) for table in tables[:-1])])
        self._table = np.concatenate(tables)

    def counts(self, uniform: NDArray[np.float64], sizes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Each company's session count by its draw and size, uint8 of shape (n,); the draws are overwritten."""
        size = sizes.astype(np.int64)
        outcome = uniform_integers(uniform, self._outcomes.take(size))
        outcome += self._starts.take(size)
        return self._table.take(outcome)


def _outcomes(size: CompanySize) -> NDArray[np.uint8]:
    deviations = np.arange(size.spread + 1)
    return np.concatenate([size.base_sessions + deviations, size.base_sessions - deviations]).astype(np.uint8)


def _count_companies(drawn: CountDraw, number_of_sizes: int) -> NDArray[np.int64]:
    """How many customers of each size drew each session count, of shape (sizes, 256)."""
    cells = drawn.sizes.astype(np.int64)
    cells *= _COUNTS
    cells += drawn.counts
    return np.bincount(cells, minlength=number_of_sizes * _COUNTS).reshape(number_of_sizes, _COUNTS)
