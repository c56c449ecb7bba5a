"""What is to be made: a simulation or a part of it, in fixed blocks of companies.

A block's draws depend on no other block, so that each can be made by another thread, process or machine.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from seed_generator.scenario import Scenario

BLOCK_COMPANIES = 65_536


@dataclass(frozen=True)
class Extent:
    """How much of a simulation is loaded: its first `companies`, for its first `months`."""

    companies: int = 0
    months: int = 0

    def companies_in(self, month: int) -> int:
        """How many companies' month, counted from 0, is loaded."""
        return self.companies if month < self.months else 0


NOTHING = Extent()


@dataclass(frozen=True)
class Portion:
    """The rows of a simulation that are to be made.

    Parameters
    ----------
    scenario : the whole simulation, with what is loaded already.
    loaded : what is loaded already and is not made again.
    only_blocks : of which blocks of companies; None for all.
    """

    scenario: Scenario
    loaded: Extent = NOTHING
    only_blocks: range | None = None

    @property
    def blocks(self) -> range:
        """The blocks of companies, counted from 0."""
        return range(-(-self.scenario.companies // BLOCK_COMPANIES)) if self.only_blocks is None else self.only_blocks

    @property
    def adds_rows(self) -> bool:
        """Whether the rows come to others that are loaded."""
        return self.loaded != NOTHING

    @property
    def adds_companies(self) -> bool:
        """Whether there are companies of which nothing is loaded; they have sessions in every month."""
        return self.loaded.companies < self.scenario.companies

    def of(self, blocks: range) -> "Portion":
        """The part of it that is in some blocks."""
        return replace(self, only_blocks=blocks)

    def company_ids(self, block: int) -> NDArray[np.int64]:
        """All companies of a block, those that are loaded too: int64 of shape (companies,)."""
        return np.arange(first_company(block), min(first_company(block + 1), self.scenario.companies + 1))

    def loaded_companies(self, block: int, month: int = 0) -> int:
        """How many companies of a block, its first ones, have a month loaded, counted from 0."""
        return min(max(self.loaded.companies_in(month) - block * BLOCK_COMPANIES, 0), BLOCK_COMPANIES)


def first_company(block: int) -> int:
    """The id of the first company of a block."""
    return block * BLOCK_COMPANIES + 1
