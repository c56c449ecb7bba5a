"""Who the companies are, as numpy arrays."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seed_generator.scenario import Scenario
from seed_generator.simulation.portion import Block, Portion
from seed_generator.simulation.streams import Purpose, draw, stream


@dataclass(frozen=True)
class CompanyBatch:
    """Companies by id, all acquired in one month, counted from 0.

    `company_id` is int64 and `size` uint8 (index into the sizes), of one shape (n,). `before` companies of the month
    come before the first.
    """

    month: int
    before: int
    company_id: NDArray[np.int64]
    size: NDArray[np.uint8]


def simulate_companies(portion: Portion) -> Iterator[CompanyBatch]:
    """The companies that are to be made, a block at a time."""
    for block in map(portion.block, portion.blocks):
        loaded = portion.loaded_companies(block)
        if loaded < block.companies:
            sizes = company_sizes(portion.scenario, block)
            yield CompanyBatch(block.acquired, block.before + loaded, block.company_ids[loaded:], sizes[loaded:])


def company_sizes(scenario: Scenario, block: Block) -> NDArray[np.uint8]:
    """The size with which every company of a block is acquired, an index into the scenario's: uint8, (companies,).

    Each is an independent draw; the upper edge of the last share is 1, whatever the shares' sum rounds to.
    """
    edges = np.cumsum([size.share for size in scenario.sizes])[:-1]
    uniform = draw(stream(scenario.seed, Purpose.COMPANY_SIZE, block.number), block.companies)
    return np.searchsorted(edges, uniform, side="right").astype(np.uint8)
