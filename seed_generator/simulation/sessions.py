"""The sessions, as numpy arrays.

They come out month by month: that is what zone maps, row groups, BRIN indexes and increments live on.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from seed_generator.scenario import Scenario, add_months
from seed_generator.simulation.ahead import made_ahead
from seed_generator.simulation.books import Books
from seed_generator.simulation.counts import draw_counts, record
from seed_generator.simulation.portion import Portion, first_company
from seed_generator.simulation.streams import Purpose, draw, stream, uniform_integers

BATCH_SESSIONS = 262_144  # so many that workers seldom wait for Python's lock, so few that memory stays small

# A session's id is (month, block, position in the block's month): ascending in row order, unchanged when months or
# companies are added, and below 2**53, which is as far as a BI tool that counts in JavaScript can tell numbers apart.
_POSITION_BITS = 24
_BLOCK_BITS = 18


@dataclass(frozen=True)
class Manner:
    """How sessions are made, which never changes one.

    Parameters
    ----------
    batch_sessions : how many a batch has at most, give or take one company's.
    workers : how many threads make them, the one that takes them among these.
    months_at_a_time : of how many months batches come in turns; those of one month are in the order of their ids.
    """

    batch_sessions: int = BATCH_SESSIONS
    workers: int = 1
    months_at_a_time: int = 1


IN_TURN = Manner()


@dataclass(frozen=True)
class SessionBatch:
    """Sessions of one month, all of one shape (n,) and int64. `created_at` is in microseconds since 1970-01-01, UTC."""

    period: date
    session_id: NDArray[np.int64]
    company_id: NDArray[np.int64]
    created_at: NDArray[np.int64]


def simulate_sessions(portion: Portion, books: Books, manner: Manner = IN_TURN) -> Iterator[SessionBatch]:
    """All sessions that are to be made, month by month and in the order of their ids, keeping the books on the way.

    Parameters
    ----------
    portion : what to make.
    books : empty; when the last batch has been taken they are complete, with what is loaded already too.
    manner : how.
    """
    return made_ahead(_make_sessions, _parts(portion, books, manner), manner.workers)


def first_session_id(month: int, block: int) -> int:
    """The first id of a block's month, both counted from 0."""
    return (((month << _BLOCK_BITS) + block) << _POSITION_BITS) + 1


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


def _parts(portion: Portion, books: Books, manner: Manner) -> Iterator[_Part]:
    """What is to be made, in parts of a batch each; the books are kept while they are taken."""
    for drawn in draw_counts(portion, manner.months_at_a_time):
        record(drawn, books)
        position = drawn.customers.take(drawn.active)
        company_id = position + first_company(drawn.block)
        ends = np.cumsum(drawn.counts.take(drawn.active).astype(np.int64))
        start = int(np.searchsorted(position, portion.loaded_companies(drawn.block, drawn.month)))
        while start < len(ends):
            taken = int(ends[start - 1]) if start else 0
            until = max(int(np.searchsorted(ends, taken + manner.batch_sessions, side="right")), start + 1)
            part = slice(start, until)
            yield _Part(portion.scenario, drawn.month, drawn.block, company_id[part], ends[part], taken)
            start = until


def _make_sessions(part: _Part) -> SessionBatch:
    start = part.scenario.first_instant(part.month)
    sessions = int(part.ends[-1]) - part.taken
    times = stream(part.scenario.seed, Purpose.SESSION_TIME, part.block, part.month)
    times.advance(part.taken)
    created_at = uniform_integers(draw(times, sessions), float(part.scenario.first_instant(part.month + 1) - start))
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
