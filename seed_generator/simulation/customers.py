"""Who is a customer in a month and with which size, as numpy arrays: acquisition, changes of plan, and return.

All of it follows from the draws of the months before alone, so that a later month needs nothing from a database.
"""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from seed_generator.scenario import Scenario
from seed_generator.simulation.companies import company_sizes
from seed_generator.simulation.portion import BLOCK_COMPANIES, Block
from seed_generator.simulation.prices import monthly_cents
from seed_generator.simulation.streams import Purpose, draw, stream

_Number = TypeVar("_Number", bound=np.generic)

# In the place of a size: the company has lapsed. A scenario has fewer sizes.
LAPSED = 255


@dataclass(frozen=True)
class Customers:
    """The customers of a month, before their sessions are drawn, by position in their group: n of them.

    `position` is int64, ascending, and `size` uint8, the one that each holds now. `opened_with` is uint8, the size that
    each held when the month opened, `LAPSED` for a company that tries again; None where this is `size` for all.
    `changed` has the positions whose size has changed: int64 of shape (m,). `has_paid` is bool: whether each has paid
    in an earlier month; None where exactly those have that were active in the month before.
    """

    position: NDArray[np.int64]
    size: NDArray[np.uint8]
    opened_with: NDArray[np.uint8] | None
    changed: NDArray[np.int64]
    has_paid: NDArray[np.bool_] | None


class Group:
    """Neighbouring blocks that are drawn together: many small cohorts cost hardly more than a large one.

    They have together at most as many companies as a block can have. `positions` counts these, from 0. What it knows of
    a company takes five bytes at most.

    Parameters
    ----------
    scenario : with the life of the companies.
    blocks : ascending.
    changes : of plans.
    payments : by which it is known who has paid.
    """

    def __init__(
        self, scenario: Scenario, blocks: Sequence[Block], changes: "PlanChanges", payments: "Payments"
    ) -> None:
        self.blocks = blocks
        self.starts = np.cumsum([0, *(block.companies for block in blocks)])
        self.first_size = joined([company_sizes(scenario, block) for block in blocks])
        self.size = self.first_size.copy() if changes else self.first_size
        self._active = np.empty(0, np.uint16)  # positions
        self._seed = scenario.seed
        self._changes = changes
        self._return = float(scenario.reactivation.probability)
        self._acquired = [block.acquired for block in blocks]
        self._payments = payments
        self._has_paid = np.zeros(len(self.first_size), bool) if payments else None

    def acquired_before(self, month: int) -> int:
        """How many companies are acquired before a month: they have the first positions."""
        return int(self.starts[bisect_left(self._acquired, month)])

    def of_blocks(self, position: NDArray[np.int64]) -> Iterator[tuple[Block, int, slice]]:
        """Of ascending positions: each block that has some, the position of its first company, and which are its."""
        edges = np.searchsorted(position, self.starts).tolist()
        for block, begins, first, last in zip(self.blocks, self.starts.tolist(), edges, edges[1:], strict=False):
            if first < last:
                yield block, begins, slice(first, last)

    def draw(self, purpose: Purpose, month: int, until: int) -> NDArray[np.float64]:
        """A draw for each company that is acquired before month `until`, whether or not it is used."""
        blocks = self.blocks[: bisect_left(self._acquired, until)]
        return joined([draw(stream(self._seed, purpose, block.number, month), block.companies) for block in blocks])

    def customers(self, month: int) -> Customers:
        """Who is one in a month; after the change of plans, and with those who try again."""
        earlier, now = self.acquired_before(month), self.acquired_before(month + 1)
        position = self._active.astype(np.int64)
        if now > earlier:
            position = np.concatenate([position, np.arange(earlier, now)])
        opened_with, changed = None, _NOBODY
        if earlier and (self._changes or self._return):
            opened_with = np.full(now, LAPSED, np.uint8)
            opened_with[position] = self.size.take(position)
            changed = self._change_plans(month) if self._changes else _NOBODY
            if self._return:
                position = self._with_those_who_return(opened_with, month, earlier)
            opened_with = opened_with.take(position)
        has_paid = None if self._has_paid is None else self._has_paid.take(position)
        return Customers(position, self.size.take(position), opened_with, changed, has_paid)

    def keep(self, month: int, active: NDArray[np.int64]) -> None:
        """Take note of the positions that are active in the month."""
        self._active = active.astype(np.uint16)
        if self._has_paid is not None:
            self._has_paid[self._payments.payers(month, active, self.size)] = True

    def _change_plans(self, month: int) -> NDArray[np.int64]:
        """Of those active in the month before; returns whose size is another now."""
        position = self._active.astype(np.int64)
        uniform = self.draw(Purpose.PLAN_CHANGE, month, month).take(position)
        before = self.size.take(position)
        after = self._changes.sizes(uniform, before)
        changed = np.flatnonzero(after != before)
        position = position.take(changed)
        self.size[position] = after.take(changed)
        return position

    def _with_those_who_return(self, opened_with: NDArray[np.uint8], month: int, earlier: int) -> NDArray[np.int64]:
        """The customers' positions; of those acquired `earlier`, who had lapsed may try again."""
        asks = opened_with != LAPSED
        returns = self.draw(Purpose.REACTIVATION, month, month) < self._return
        asks[:earlier] |= returns
        return np.flatnonzero(asks)


class PlanChanges:
    """The changes of plan of a scenario; false where there are none."""

    def __init__(self, scenario: Scenario) -> None:
        names = [size.name for size in scenario.sizes]
        of_size = [[change for change in scenario.plan_changes if change.from_size == name] for name in names]
        most = max(map(len, of_size))
        # Of each size the upper edges of its changes, cumulated exactly, and above them what stays.
        self._edges = np.full((most, len(names)), np.inf)
        stays = np.arange(len(names), dtype=np.uint8)
        becomes = np.tile(stays, (most, 1))
        for size, changes in enumerate(of_size):
            for place, change in enumerate(changes):
                self._edges[place, size] = float(sum(one.probability for one in changes[: place + 1]))
                becomes[place, size] = names.index(change.to_size)
        self._sizes = np.vstack([becomes, stays])

    def __bool__(self) -> bool:
        return len(self._edges) > 0

    def sizes(self, uniform: NDArray[np.float64], sizes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The size that each customer holds then, by its draw and the size that it holds: uint8 of shape (n,)."""
        size = sizes.astype(np.int64)
        place = np.zeros(len(size), np.int64)
        for edges in self._edges:
            place += uniform >= edges.take(size)
        place *= self._sizes.shape[1]
        place += size
        return self._sizes.ravel().take(place)


class Payments:
    """Who pays in a month; false where who has ever paid need not be known of each company.

    That is where nobody returns and no size is ever free: who pays in a month and did not in the month before is then
    acquired in it.
    """

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario

    def __bool__(self) -> bool:
        scenario = self._scenario
        prices = [size.monthly_price for size in scenario.sizes]
        prices += [change.monthly_price for change in scenario.price_changes]
        return scenario.reactivation.probability > 0 or not all(prices)

    def payers(self, month: int, active: NDArray[np.int64], sizes: NDArray[np.uint8]) -> NDArray[np.int64]:
        """Those of the active positions that pay in the month, by the sizes that all positions hold."""
        is_paid = self._is_paid[month]
        return active if is_paid.all() else active[is_paid.take(sizes.take(active))]

    @cached_property
    def _is_paid(self) -> NDArray[np.bool_]:
        """Of shape (months, sizes)."""
        return monthly_cents(self._scenario) > 0


def groups(scenario: Scenario, blocks: Iterable[Block]) -> Iterator[Group]:
    """The blocks in groups, ascending."""
    changes, payments = PlanChanges(scenario), Payments(scenario)
    held: list[Block] = []
    companies = 0
    for block in blocks:
        companies += block.companies
        if held and companies > BLOCK_COMPANIES:
            yield Group(scenario, held, changes, payments)
            held, companies = [], block.companies
        held.append(block)
    if held:
        yield Group(scenario, held, changes, payments)


_NOBODY = np.empty(0, np.int64)


def joined(arrays: Sequence[NDArray[_Number]]) -> NDArray[_Number]:
    """As np.concatenate, without a copy of a single one."""
    return arrays[0] if len(arrays) == 1 else np.concatenate(arrays)
