"""The changes of plan, as numpy arrays: a pass of its own over the draws, in which no session is made."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seed_generator.simulation.counts import draw_counts
from seed_generator.simulation.portion import Portion


@dataclass(frozen=True)
class PlanChangeBatch:
    """Companies that change their plan in a month, counted from 0.

    `company_id`, ascending, is int64 and `size` uint8 (index into the sizes), the one from then on; of one shape (n,).
    """

    month: int
    company_id: NDArray[np.int64]
    size: NDArray[np.uint8]


def simulate_plan_changes(portion: Portion) -> Iterator[PlanChangeBatch]:
    """Those that are to be made, month by month; where the scenario has none, nothing is drawn."""
    if not portion.scenario.plan_changes:
        return
    for drawn in draw_counts(portion):
        group, changed = drawn.group, drawn.customers.changed
        blocks = np.searchsorted(group.starts, changed, side="right") - 1
        loaded = np.array([portion.loaded_companies(block, drawn.month) for block in group.blocks])
        is_new = changed - group.starts.take(blocks) >= loaded.take(blocks)
        if is_new.any():
            changed, blocks = changed[is_new], blocks[is_new]
            first_ids = np.array([block.first_company for block in group.blocks])
            company_id = changed - group.starts.take(blocks) + first_ids.take(blocks)
            yield PlanChangeBatch(drawn.month, company_id, group.size.take(changed))
