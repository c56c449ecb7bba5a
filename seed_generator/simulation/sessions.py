"""The sessions, as numpy arrays.

They come out month by month: that is what zone maps, row groups, BRIN indexes and increments live on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from seed_generator.scenario import Scenario, add_months
from seed_generator.simulation.ahead import made_ahead
from seed_generator.simulation.books import Books
from seed_generator.simulation.counts import CountDraw, draw_counts, record
from seed_generator.simulation.customers import joined
from seed_generator.simulation.portion import Portion
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
class _Piece:
    """Sessions of some companies of a block in a month.

    `company_id` and `ends` are int64 of one shape (n,): who has a session, ascending, and how many sessions there are
    up to the last one of each. `taken` sessions of the block's month come before them.
    """

    block: int
    company_id: NDArray[np.int64]
    ends: NDArray[np.int64]
    taken: int

    @property
    def sessions(self) -> int:
        """How many there are."""
        return int(self.ends[-1])


@dataclass
class _Part:
    """Sessions to be made: a batch of one month, piece by piece; it is filled before they are."""

    scenario: Scenario
    month: int
    pieces: list[_Piece] = field(default_factory=list)
    sessions: int = 0

    def add(self, piece: _Piece) -> None:
        """The piece that comes next."""
        self.pieces.append(piece)
        self.sessions += piece.sessions


def _parts(portion: Portion, books: Books, manner: Manner) -> Iterator[_Part]:
    """What is to be made, in parts of a batch each, in which the blocks of a group are together.

    The books are kept while they are taken.
    """
    for drawn in draw_counts(portion, manner.months_at_a_time):
        record(drawn, books)
        part = _Part(portion.scenario, drawn.month)
        for piece in _pieces(drawn, portion, manner.batch_sessions):
            if part.pieces and part.sessions + piece.sessions > manner.batch_sessions:
                yield part
                part = _Part(portion.scenario, drawn.month)
            part.add(piece)
        if part.pieces:
            yield part


def _pieces(drawn: CountDraw, portion: Portion, batch_sessions: int) -> Iterator[_Piece]:
    """What is to be made of a group's month, block by block, a batch at most in each piece."""
    position, ends = drawn.position, np.cumsum(drawn.counts.take(drawn.active).astype(np.int64))
    for block, begins, of_block in drawn.group.of_blocks(position):
        start, last = of_block.start, of_block.stop
        first = int(ends[start - 1]) if start else 0  # so many sessions of the group come before the block's
        if loaded := portion.loaded_companies(block, drawn.month):
            start += int(np.searchsorted(position[of_block], begins + loaded))
        while start < last:
            before = int(ends[start - 1]) if start else 0
            until = start + int(np.searchsorted(ends[start:last], before + batch_sessions, side="right"))
            until = max(until, start + 1)
            company_id = position[start:until] + (block.first_company - begins)
            yield _Piece(block.number, company_id, ends[start:until] - before, before - first)
            start = until


def _make_sessions(part: _Part) -> SessionBatch:
    start = part.scenario.first_instant(part.month)
    uniform = joined([_times(part, piece) for piece in part.pieces])
    created_at = uniform_integers(uniform, float(part.scenario.first_instant(part.month + 1) - start))
    created_at += start
    company_id = joined([piece.company_id for piece in part.pieces])
    first, *others = part.pieces
    begins = accumulate(piece.sessions for piece in part.pieces)
    ends = joined([first.ends, *(piece.ends + begin for piece, begin in zip(others, begins, strict=False))])
    # As np.repeat would have it, but that takes a loop for each company, whose end no processor foresees, and keeps
    # Python's lock meanwhile: the steps from each session's company to the next one's, summed up.
    steps = np.zeros(len(created_at), np.int64)
    steps[0] = company_id[0]
    steps[ends[:-1]] = np.diff(company_id)
    return SessionBatch(
        add_months(part.scenario.first_month, part.month),
        joined([_session_ids(part, piece) for piece in part.pieces]),
        np.cumsum(steps),
        created_at,
    )


def _times(part: _Part, piece: _Piece) -> NDArray[np.float64]:
    """A draw for each session of a piece."""
    times = stream(part.scenario.seed, Purpose.SESSION_TIME, piece.block, part.month)
    times.advance(piece.taken)
    return draw(times, piece.sessions)


def _session_ids(part: _Part, piece: _Piece) -> NDArray[np.int64]:
    first = first_session_id(part.month, piece.block) + piece.taken
    return np.arange(first, first + piece.sessions)
