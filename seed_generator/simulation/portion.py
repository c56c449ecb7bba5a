"""What is to be made: a simulation or a part of it, in fixed blocks of companies.

A block's draws depend on no other block, so that each can be made by another thread, process or machine.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from seed_generator.life import MAX_ACQUIRED_IN_A_MONTH
from seed_generator.scenario import MAX_COMPANIES, Scenario

BLOCK_COMPANIES = 65_536

# The companies of the first month have these blocks at most, and those of each later month so many of their own after
# them. So no block, and no id, depends on how many companies there are.
FIRST_COHORT_BLOCKS = -(-MAX_COMPANIES // BLOCK_COMPANIES)
_LATER_COHORT_BLOCKS = -(-MAX_ACQUIRED_IN_A_MONTH // BLOCK_COMPANIES)


@dataclass(frozen=True)
class Extent:
    """How much of a simulation is loaded: the first `companies` of its first month, for its first `months`.

    Companies of a later month are loaded if that is among these months, and then all of them.
    """

    companies: int = 0
    months: int = 0

    def companies_in(self, month: int) -> int:
        """How many companies of the first month have a month loaded, counted from 0."""
        return self.companies if month < self.months else 0


NOTHING = Extent()


@dataclass(frozen=True)
class Block:
    """Companies that are simulated together, all acquired in one month.

    Parameters
    ----------
    number : of the block; its draws depend on it.
    acquired : the month in which its companies are acquired, counted from 0.
    before : how many companies of that month stand in earlier blocks.
    companies : how many there are.
    """

    number: int
    acquired: int
    before: int
    companies: int

    @property
    def first_company(self) -> int:
        """The id of its first company; the others follow without a gap."""
        return first_company(self.acquired) + self.before

    @property
    def company_ids(self) -> NDArray[np.int64]:
        """All companies: int64 of shape (companies,)."""
        return np.arange(self.first_company, self.first_company + self.companies)


@dataclass(frozen=True)
class Portion:
    """The rows of a simulation that are to be made.

    Parameters
    ----------
    scenario : the whole simulation, with what is loaded already.
    loaded : what is loaded already and is not made again.
    only_blocks : the numbers of the blocks that they are of, ascending; None for all.
    """

    scenario: Scenario
    loaded: Extent = NOTHING
    only_blocks: Sequence[int] | None = None

    @cached_property
    def blocks(self) -> Sequence[int]:
        """The numbers of the blocks that have companies, ascending, and so by the month of acquisition."""
        if self.only_blocks is not None:
            return self.only_blocks
        return [
            _first_block(month) + place
            for month, companies in enumerate(self.scenario.acquired_companies)
            for place in range(-(-companies // BLOCK_COMPANIES))
        ]

    @property
    def adds_rows(self) -> bool:
        """Whether the rows come to others that are loaded."""
        return self.loaded != NOTHING

    @property
    def adds_companies(self) -> bool:
        """Whether companies of the first month are added; they have sessions in every month."""
        return self.loaded.companies < self.scenario.companies

    def of(self, blocks: Sequence[int]) -> "Portion":
        """The part of it that is in some blocks."""
        return replace(self, only_blocks=blocks)

    def block(self, number: int) -> Block:
        """The block of that number."""
        later, place = divmod(number - FIRST_COHORT_BLOCKS, _LATER_COHORT_BLOCKS)
        month, place = (later + 1, place) if later >= 0 else (0, number)
        before = place * BLOCK_COMPANIES
        companies = min(self.scenario.acquired_companies[month] - before, BLOCK_COMPANIES)
        return Block(number, month, before, companies)

    def loaded_companies(self, block: Block, month: int = 0) -> int:
        """How many companies of a block, its first ones, have a month loaded, counted from 0.

        Of a month before their acquisition it is that of the acquisition.
        """
        companies = self.loaded.companies_in(max(month, block.acquired))
        if block.acquired:
            return block.companies if companies else 0
        return min(max(companies - block.before, 0), BLOCK_COMPANIES)


def first_company(month: int) -> int:
    """The id of the first company that is acquired in a month, counted from 0."""
    return (month + 1) * MAX_COMPANIES + 1 if month else 1


def _first_block(month: int) -> int:
    """The number of the first block of a month's companies, counted from 0."""
    return FIRST_COHORT_BLOCKS + (month - 1) * _LATER_COHORT_BLOCKS if month else 0
