"""The simulation: who the companies are and which sessions they have, as numpy arrays.

Companies stand in fixed blocks. The months are the outer loop and the blocks the inner one, so that rows come out month
by month: what zone maps, row groups, BRIN indexes and increments live on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from seed_generator.scenario import CompanySize, Scenario, add_months
from seed_generator.streams import Purpose, draw, stream, uniform_integers
from seed_generator.truth import Books

BLOCK_COMPANIES = 65_536
BATCH_SESSIONS = 131_072

# A session's id is (month, block, position in the block's month): ascending in row order, unchanged when months or
# companies are added, and below 2**53, which is as far as a BI tool that counts in JavaScript can tell numbers apart.
_POSITION_BITS = 24
_BLOCK_BITS = 18

_COUNTS = 256  # session counts fit in a byte


@dataclass(frozen=True)
class CompanyBatch:
    """Companies by id: `company_id` int64 and `size` uint8 (index into the sizes), of one shape (n,)."""

    company_id: NDArray[np.int64]
    size: NDArray[np.uint8]


@dataclass(frozen=True)
class SessionBatch:
    """Sessions of one month, all of one shape (n,) and int64. `created_at` is in microseconds since 1970-01-01, UTC."""

    period: date
    session_id: NDArray[np.int64]
    company_id: NDArray[np.int64]
    created_at: NDArray[np.int64]


def simulate_companies(scenario: Scenario) -> Iterator[CompanyBatch]:
    """All companies, a block at a time."""
    for block in range(_blocks(scenario)):
        yield CompanyBatch(_company_ids(scenario, block), _company_sizes(scenario, block))


def simulate_sessions(scenario: Scenario, books: Books, batch_sessions: int = BATCH_SESSIONS) -> Iterator[SessionBatch]:
    """All sessions, in the order of their ids, keeping the books on the way.

    Parameters
    ----------
    scenario : what to simulate.
    books : empty; complete when the last batch has been taken.
    batch_sessions : how many sessions a batch has at most, give or take one company's. It never changes a row.
    """
    for month, block, sizes, customers, counts in _draw_counts(scenario):
        if month == 0:
            books.acquire(np.bincount(sizes, minlength=len(scenario.sizes)))
        books.record(month, _count_companies(sizes, customers, counts, len(scenario.sizes)))
        counts[~customers] = 0
        yield from _session_batches(scenario, month, block, counts, batch_sessions)


def simulate_churned(scenario: Scenario) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """For each month, counted from 0, and block: the ids of the companies that had churned before it."""
    for month, block, _, customers, _ in _draw_counts(scenario):
        yield month, _company_ids(scenario, block)[~customers]


def first_session_id(month: int, block: int) -> int:
    """The first id of a block's month, both counted from 0."""
    return (((month << _BLOCK_BITS) + block) << _POSITION_BITS) + 1


def first_instant(scenario: Scenario, month: int) -> int:
    """Of a month counted from 0, before the first and after the last too: in microseconds since 1970-01-01, UTC."""
    return (add_months(scenario.first_month, month) - date(1970, 1, 1)).days * 86_400_000_000


def _draw_counts(
    scenario: Scenario,
) -> Iterator[tuple[int, int, NDArray[np.uint8], NDArray[np.bool_], NDArray[np.uint8]]]:
    """Month by month and block by block: every company's size, whether it still is a customer, and its draw."""
    law = _SessionLaw(scenario.sizes)
    sizes = [_company_sizes(scenario, block) for block in range(_blocks(scenario))]
    customers = [np.ones(len(block_sizes), np.bool_) for block_sizes in sizes]
    for month in range(scenario.months):
        for block, block_sizes in enumerate(sizes):
            # Silent companies keep their place in the draw, so that nobody's draw depends on who else is left.
            uniform = draw(stream(scenario.seed, Purpose.SESSION_COUNT, block, month), len(block_sizes))
            counts = law.counts(uniform, block_sizes)
            yield month, block, block_sizes, customers[block], counts
            customers[block] &= counts > 0


class _SessionLaw:
    """Sessions of a month: base ± U{0..spread}. All 2 (spread + 1) outcomes of sign and integer are equally likely."""

    def __init__(self, sizes: tuple[CompanySize, ...]) -> None:
        tables = [_outcomes(size) for size in sizes]
        self._outcomes = np.array([len(table) for table in tables], np.float64)
        self._starts = np.cumsum([0, *(len(table) for table in tables[:-1])])
        self._table = np.concatenate(tables)

    def counts(self, uniform: NDArray[np.float64], sizes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Each company's session count by its draw and size, uint8 of shape (n,); the draws are overwritten."""
        outcome = uniform_integers(uniform, self._outcomes[sizes])
        outcome += self._starts[sizes]
        return self._table[outcome]


def _outcomes(size: CompanySize) -> NDArray[np.uint8]:
    deviations = np.arange(size.spread + 1)
    return np.concatenate([size.base_sessions + deviations, size.base_sessions - deviations]).astype(np.uint8)


def _blocks(scenario: Scenario) -> int:
    return -(-scenario.companies // BLOCK_COMPANIES)


def _company_ids(scenario: Scenario, block: int) -> NDArray[np.int64]:
    first = block * BLOCK_COMPANIES
    return np.arange(first + 1, min(first + BLOCK_COMPANIES, scenario.companies) + 1)


def _company_sizes(scenario: Scenario, block: int) -> NDArray[np.uint8]:
    """Each company's size is an independent draw; the upper edge of the last share is 1, whatever the sum rounds to."""
    companies = min(BLOCK_COMPANIES, scenario.companies - block * BLOCK_COMPANIES)
    edges = np.cumsum([size.share for size in scenario.sizes])[:-1]
    uniform = draw(stream(scenario.seed, Purpose.COMPANY_SIZE, block), companies)
    return np.searchsorted(edges, uniform, side="right").astype(np.uint8)


def _count_companies(
    sizes: NDArray[np.uint8], customers: NDArray[np.bool_], counts: NDArray[np.uint8], number_of_sizes: int
) -> NDArray[np.int64]:
    """How many customers of each size drew each session count, of shape (sizes, 256)."""
    cell = sizes.astype(np.int64)
    cell *= 2
    cell += customers
    cell *= _COUNTS
    cell += counts
    cells = np.bincount(cell, minlength=number_of_sizes * 2 * _COUNTS)
    return cells.reshape(number_of_sizes, 2, _COUNTS)[:, 1]


def _session_batches(
    scenario: Scenario, month: int, block: int, counts: NDArray[np.uint8], batch_sessions: int
) -> Iterator[SessionBatch]:
    period = add_months(scenario.first_month, month)
    start = first_instant(scenario, month)
    length = float(first_instant(scenario, month + 1) - start)
    times = stream(scenario.seed, Purpose.SESSION_TIME, block, month)
    next_id = first_session_id(month, block)
    company_ids = _company_ids(scenario, block)
    ends = np.cumsum(counts, dtype=np.int64)
    taken = company = 0
    while taken < ends[-1]:
        until = max(int(np.searchsorted(ends, taken + batch_sessions, side="right")), company + 1)
        rows = int(ends[until - 1]) - taken
        if rows:  # a company without a session may stand alone in a tiny batch
            created_at = uniform_integers(draw(times, rows), length)
            created_at += start
            yield SessionBatch(
                period,
                np.arange(next_id + taken, next_id + taken + rows),
                np.repeat(company_ids[company:until], counts[company:until]),
                created_at,
            )
        taken += rows
        company = until
