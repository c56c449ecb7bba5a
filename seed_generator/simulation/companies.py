"""Who the companies are, as numpy arrays."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seed_generator.simulation.portion import Portion
from seed_generator.simulation.streams import Purpose, draw, stream


@dataclass(frozen=True)
class CompanyBatch:
    """Companies by id: `company_id` int64 and `size` uint8 (index into the sizes), of one shape (n,)."""

    company_id: NDArray[np.int64]
    size: NDArray[np.uint8]


def simulate_companies(portion: Portion) -> Iterator[CompanyBatch]:
    """The companies that are to be made, a block at a time."""
    for block in portion.blocks:
        company_id = portion.company_ids(block)
        loaded = portion.loaded_companies(block)
        if loaded < len(company_id):
            yield CompanyBatch(company_id[loaded:], company_sizes(portion, block)[loaded:])


def company_sizes(portion: Portion, block: int) -> NDArray[np.uint8]:
    """The size of every company of a block, an index into the scenario's sizes: uint8 of shape (companies,).

    Each is an independent draw; the upper edge of the last share is 1, whatever the shares' sum rounds to.
    """
    scenario = portion.scenario
    edges = np.cumsum([size.share for size in scenario.sizes])[:-1]
    uniform = draw(stream(scenario.seed, Purpose.COMPANY_SIZE, block), len(portion.company_ids(block)))
    return np.searchsorted(edges, uniform, side="right").astype(np.uint8)
