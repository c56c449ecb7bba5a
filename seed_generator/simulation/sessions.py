"""The simulation: who the companies are and which sessions they have, as numpy arrays.

Companies stand in fixed blocks. The months are the outer loop and the blocks the inner one, so that rows come out month
by month: what zone maps, row groups, BRIN indexes and increments live on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import product

import numpy as np
from numpy.typing import NDArray

from seed_generator.scenario import CompanySize, Scenario, add_months
from seed_generator.simulation.ahead import made_ahead
from seed_generator.simulation.books import Books
from seed_generator.simulation.streams import Purpose, draw, stream, uniform_integers

BLOCK_COMPANIES = 65_536
BATCH_SESSIONS = 262_144  # so many that workers seldom wait for Python's lock, so few that memory stays small

# A session's id is (month, block, position in the block's month): ascending in row order, unchanged when months or
# companies are added, and below 2**53, which is as far as a BI tool that counts in JavaScript can tell numbers apart.
_POSITION_BITS = 24
_BLOCK_BITS = 18

_COUNTS = 256  # session counts fit in a byte


@dataclass(frozen=True)
class Extent:
    """How much of a simulation there is: its first `companies`, for its first `months`."""

    companies: int = 0
    months: int = 0

    def companies_in(self, month: int) -> int:
        """How many companies' month, counted from 0, there is."""
        return self.companies if month < self.months else 0


@dataclass(frozen=True)
class Manner:
    """How sessions are made, which never changes one.

    Parameters
    ----------
    batch_sessions : how many a batch has at most, give or take one company's.
    workers : how many threads make them; that of whoever takes them is one.
    months_at_a_time : of how many months batches come in turns; those of one month are in the order of their ids.
    """

    batch_sessions: int = BATCH_SESSIONS
    workers: int = 1
    months_at_a_time: int = 1


NOTHING = Extent()
IN_TURN = Manner()


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


def all_blocks(scenario: Scenario) -> range:
    """The blocks of companies; those of some blocks are simulated without the others."""
    return range(-(-scenario.companies // BLOCK_COMPANIES))


def simulate_companies(
    scenario: Scenario, beyond: Extent = NOTHING, blocks: range | None = None
) -> Iterator[CompanyBatch]:
    """The companies of some blocks, or all, that are not among the first ones `beyond`, a block at a time."""
    for block in all_blocks(scenario) if blocks is None else blocks:
        company_id = _company_ids(scenario, block)
        there = _companies_there(beyond.companies, block)
        if there < len(company_id):
            yield CompanyBatch(company_id[there:], _company_sizes(scenario, block)[there:])


def simulate_sessions(
    scenario: Scenario,
    books: Books,
    manner: Manner = IN_TURN,
    beyond: Extent = NOTHING,
    blocks: range | None = None,
) -> Iterator[SessionBatch]:
    """All sessions that are not `beyond`'s, month by month and in the order of their ids, keeping the books on the way.

    Parameters
    ----------
    scenario : what to simulate.
    books : empty; when the last batch has been taken they are complete, with what is `beyond` too.
    manner : how.
    beyond : what there is already.
    blocks : whose companies' sessions and books; all of them where that is not said.
    """
    return made_ahead(_make_sessions, _parts(scenario, books, manner, beyond, blocks), manner.workers)


def books_of(scenario: Scenario, blocks: range) -> Books:
    """The books of some blocks, without making a session."""
    books = Books(scenario)
    for drawn in _draw_counts(scenario, blocks=blocks):
        _record(drawn, books)
    return books


def simulate_churned(scenario: Scenario) -> Iterator[tuple[int, NDArray[np.int64]]]:
    """For each month, counted from 0, and block: the ids of the companies that had churned before it."""
    for drawn in _draw_counts(scenario):
        yield drawn.month, np.delete(_company_ids(scenario, drawn.block), drawn.customers)


def first_session_id(month: int, block: int) -> int:
    """The first id of a block's month, both counted from 0."""
    return (((month << _BLOCK_BITS) + block) << _POSITION_BITS) + 1


def first_instant(scenario: Scenario, month: int) -> int:
    """Of a month counted from 0, before the first and after the last too: in microseconds since 1970-01-01, UTC."""
    return (add_months(scenario.first_month, month) - date(1970, 1, 1)).days * 86_400_000_000


@dataclass(frozen=True)
class _Draw:
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


def _draw_counts(scenario: Scenario, months_at_a_time: int = 1, blocks: range | None = None) -> Iterator[_Draw]:
    """Month by month and block by block."""
    law = _SessionLaw(scenario.sizes)
    blocks = all_blocks(scenario) if blocks is None else blocks
    sizes = {block: _company_sizes(scenario, block) for block in blocks}
    left = {block: np.arange(len(sizes[block]), dtype=np.uint16) for block in blocks}  # they stay in memory
    for first in range(0, scenario.months, months_at_a_time):
        months = range(first, min(first + months_at_a_time, scenario.months))
        for block, month in product(blocks, months):
            # Silent companies keep their place in the draw, so that nobody's draw depends on who else is left.
            uniform = draw(stream(scenario.seed, Purpose.SESSION_COUNT, block, month), len(sizes[block]))
            customers = left[block].astype(np.int64)
            customer_sizes = sizes[block].take(customers)
            counts = law.counts(uniform.take(customers), customer_sizes)
            active = np.flatnonzero(counts > 0)
            yield _Draw(month, block, customers, customer_sizes, counts, active)
            left[block] = left[block].take(active)


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


def _companies_there(companies: int, block: int) -> int:
    """How many of the first `companies` stand in a block."""
    return min(max(companies - block * BLOCK_COMPANIES, 0), BLOCK_COMPANIES)


def _first_company(block: int) -> int:
    return block * BLOCK_COMPANIES + 1


def _company_ids(scenario: Scenario, block: int) -> NDArray[np.int64]:
    return np.arange(_first_company(block), min(_first_company(block + 1), scenario.companies + 1))


def _company_sizes(scenario: Scenario, block: int) -> NDArray[np.uint8]:
    """Each company's size is an independent draw; the upper edge of the last share is 1, whatever the sum rounds to."""
    companies = min(BLOCK_COMPANIES, scenario.companies - block * BLOCK_COMPANIES)
    edges = np.cumsum([size.share for size in scenario.sizes])[:-1]
    uniform = draw(stream(scenario.seed, Purpose.COMPANY_SIZE, block), companies)
    return np.searchsorted(edges, uniform, side="right").astype(np.uint8)


def _record(drawn: _Draw, books: Books) -> None:
    companies = _count_companies(drawn, len(books.scenario.sizes))
    if drawn.month == 0:
        books.acquire(companies.sum(axis=1))
    books.record(drawn.month, companies)


def _count_companies(drawn: _Draw, number_of_sizes: int) -> NDArray[np.int64]:
    """How many customers of each size drew each session count, of shape (sizes, 256)."""
    cells = drawn.sizes.astype(np.int64)
    cells *= _COUNTS
    cells += drawn.counts
    return np.bincount(cells, minlength=number_of_sizes * _COUNTS).reshape(number_of_sizes, _COUNTS)


@dataclass(frozen=True)
class _Part:
    """Sessions to be made: those of some companies of a block, in a month.

    `company_id` and `ends` are int64 of one shape (n,): who has a session, ascending, and how many sessions the block's
    month has up to the last one of each. `taken` of them come before the first company's.
    """

    scenario: Scenario
    month: int
    block: int
    company_id: NDArray[np.int64]
    ends: NDArray[np.int64]
    taken: int


def _parts(scenario: Scenario, books: Books, manner: Manner, beyond: Extent, blocks: range | None) -> Iterator[_Part]:
    """What is to be made, in parts of a batch each; the books are kept while they are taken."""
    for drawn in _draw_counts(scenario, manner.months_at_a_time, blocks):
        _record(drawn, books)
        position = drawn.customers.take(drawn.active)
        company_id = position + _first_company(drawn.block)
        ends = np.cumsum(drawn.counts.take(drawn.active).astype(np.int64))
        start = int(np.searchsorted(position, _companies_there(beyond.companies_in(drawn.month), drawn.block)))
        while start < len(ends):
            taken = int(ends[start - 1]) if start else 0
            until = max(int(np.searchsorted(ends, taken + manner.batch_sessions, side="right")), start + 1)
            part = slice(start, until)
            yield _Part(scenario, drawn.month, drawn.block, company_id[part], ends[part], taken)
            start = until


def _make_sessions(part: _Part) -> SessionBatch:
    start = first_instant(part.scenario, part.month)
    sessions = int(part.ends[-1]) - part.taken
    times = stream(part.scenario.seed, Purpose.SESSION_TIME, part.block, part.month)
    times.advance(part.taken)
    created_at = uniform_integers(draw(times, sessions), float(first_instant(part.scenario, part.month + 1) - start))
    created_at += start
    first_id = first_session_id(part.month, part.block) + part.taken
    # As np.repeat would have it, but that takes a loop for each company, whose end no processor foresees, and keeps
    # Python's lock meanwhile: the steps from each session's company to the next one's, summed up.
    steps = np.zeros(sessions, np.int64)
    steps[0] = part.company_id[0]
    steps[part.ends[:-1] - part.taken] = np.diff(part.company_id)
    return SessionBatch(
        add_months(part.scenario.first_month, part.month),
        np.arange(first_id, first_id + sessions),
        np.cumsum(steps),
        created_at,
    )
