"""How many sessions each company has in each month, and so who is still a customer, as numpy arrays.

The months are the outer loop and the groups of blocks the inner one. Whether a company is a customer follows from the
draws of the months before alone, so that a later month needs nothing from a database.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seed_generator.scenario import Scenario
from seed_generator.simulation.books import Books
from seed_generator.simulation.customers import LAPSED, Customers, Group, groups
from seed_generator.simulation.portion import Block, Portion
from seed_generator.simulation.session_law import SessionLaws
from seed_generator.simulation.streams import Purpose

_COUNTS = 256  # session counts fit in a byte


@dataclass(frozen=True)
class CountDraw:
    """A group in a month: who is a customer, with the sessions that each has drawn.

    `counts` is uint8 and in the order of the customers. `active` and `position`, int64 of one shape (m,), say who of
    them has a session: by index in the customers, and by position in the group.
    """

    month: int
    group: Group
    customers: Customers
    counts: NDArray[np.uint8]
    active: NDArray[np.int64]
    position: NDArray[np.int64]


def draw_counts(portion: Portion, months_at_a_time: int = 1) -> Iterator[CountDraw]:
    """Every company of the portion's blocks, those that are loaded too: month by month and group by group."""
    scenario = portion.scenario
    laws = SessionLaws(scenario)
    all_groups = list(groups(scenario, map(portion.block, portion.blocks)))  # they stay in memory
    for first in range(0, scenario.months, months_at_a_time):
        months = range(first, min(first + months_at_a_time, scenario.months))
        for group in all_groups:
            for month in months[max(group.blocks[0].acquired - first, 0) :]:
                customers = group.customers(month)
                # Silent companies keep their place in the draw, so that no draw depends on which companies are left.
                uniform = group.draw(Purpose.SESSION_COUNT, month, month + 1)
                counts = laws.of(month).counts(uniform.take(customers.position), customers.size)
                active = np.flatnonzero(counts > 0)
                position = customers.position.take(active)
                group.keep(month, position)
                yield CountDraw(month, group, customers, counts, active, position)


def record(drawn: CountDraw, books: Books) -> None:
    """Enter a draw into the books."""
    number, month = len(books.scenario.sizes), drawn.month
    group, customers = drawn.group, drawn.customers
    acquired = group.acquired_before(month + 1) - group.acquired_before(month)
    companies = _count_companies(customers.size, drawn.counts, number)
    if customers.opened_with is None and customers.has_paid is None:
        books.record(month, companies, _count_acquired(drawn, acquired, companies))
    else:
        moves = _count_moves(customers, drawn.counts, acquired, number)
        of_acquired = np.bincount(group.first_size.take(drawn.position), minlength=number)
        books.record_moves(month, companies, moves, of_acquired)


def books_of(portion: Portion) -> Books:
    """The books of the portion's blocks, without making a session."""
    books = Books(portion.scenario)
    for drawn in draw_counts(portion):
        record(drawn, books)
    return books


def simulate_churned(scenario: Scenario) -> Iterator[tuple[int, Block, NDArray[np.int64]]]:
    """For each month, counted from 0, and block: which of its companies had churned before and are silent still.

    They are told by position in the block, counted from 0: int64 of shape (n,).
    """
    for drawn in draw_counts(Portion(scenario)):
        group, customers = drawn.group, drawn.customers
        is_silent = np.ones(group.acquired_before(drawn.month + 1), bool)
        is_silent[drawn.position] = False
        opened = customers.opened_with
        is_silent[customers.position if opened is None else customers.position[opened != LAPSED]] = False
        silent = np.flatnonzero(is_silent)
        for block, begins, of_block in group.of_blocks(silent):
            yield drawn.month, block, silent[of_block] - begins


def _count_companies(sizes: NDArray[np.uint8], counts: NDArray[np.uint8], number_of_sizes: int) -> NDArray[np.int64]:
    """How many customers of each size drew each session count, of shape (sizes, 256)."""
    cells = sizes.astype(np.uint16)  # which has room for the cells of as many sizes as there may be
    cells *= _COUNTS
    cells += counts
    return np.bincount(cells, minlength=number_of_sizes * _COUNTS).reshape(number_of_sizes, _COUNTS)


def _count_acquired(drawn: CountDraw, acquired: int, companies: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """The part of `companies` that the last `acquired` customers are, who are acquired in the month."""
    customers = drawn.customers
    if not acquired:
        return None
    if acquired == len(customers.size):
        return companies
    return _count_companies(customers.size[-acquired:], drawn.counts[-acquired:], len(companies))


def _count_moves(
    customers: Customers, counts: NDArray[np.uint8], acquired: int, number_of_sizes: int
) -> NDArray[np.int64]:
    """How many customers never paid or did, opened the month with a size, hold one now, and are silent or active.

    The shape is (2, sizes + 2, sizes, 2). The last places of the second axis are those of companies that had lapsed,
    and of the last `acquired` customers, who are acquired in the month.
    """
    opened_with = customers.size if customers.opened_with is None else customers.opened_with
    cells = np.minimum(opened_with, number_of_sizes).astype(np.uint16)
    cells[len(cells) - acquired :] = number_of_sizes + 1
    if customers.has_paid is not None:
        cells += customers.has_paid * np.uint16(number_of_sizes + 2)
    cells *= number_of_sizes
    cells += customers.size
    cells *= 2
    cells += counts > 0
    shape = (2, number_of_sizes + 2, number_of_sizes, 2)
    return np.bincount(cells, minlength=int(np.prod(shape))).reshape(shape)
