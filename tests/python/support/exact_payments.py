"""The distributions of the figures of subscriptions once more: path by path of a company, then company after company.

Nothing here knows a formula, a law or an age. Prices are whole dollars.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.signal import convolve

from exact_laws import Floats, of_sums
from exact_lives import State, Status, step
from seed_generator.scenario import Scenario

Payment = tuple[int | None, int]  # the size, and the price


@dataclass(frozen=True)
class Paid:
    """What a company paid some months ago, for which size, and what it pays now: 0 and no size if nothing."""

    then_size: int | None
    paid: int
    size: int | None
    pays: int
    has_paid: bool  # in some month before this one

    @property
    def is_gain(self) -> bool:
        return not self.paid and self.pays > 0

    @property
    def is_loss(self) -> bool:
        return self.paid > 0 and not self.pays

    @property
    def change(self) -> int:
        """Of a company that pays in both months."""
        return self.pays - self.paid if self.paid and self.pays else 0

    @property
    def has_moved(self) -> bool:
        return self.paid > 0 and self.pays > 0 and self.size != self.then_size


# Of each sum, the size at which a company counts and for how much.
SUMS: dict[str, Callable[[Paid], tuple[int | None, int]]] = {
    "new_mrr": lambda it: (it.size, it.pays * (it.is_gain and not it.has_paid)),
    "reactivation_mrr": lambda it: (it.size, it.pays * (it.is_gain and it.has_paid)),
    "expansion_mrr": lambda it: (it.size, max(it.change, 0)),
    "contraction_mrr": lambda it: (it.size, min(it.change, 0)),
    "churned_mrr": lambda it: (it.then_size, -it.paid * it.is_loss),
    "moved_in_mrr": lambda it: (it.size, it.paid * it.has_moved),
    "moved_out_mrr": lambda it: (it.then_size, -it.paid * it.has_moved),
    "new_paying_companies": lambda it: (it.size, it.is_gain and not it.has_paid),
    "reactivated_companies": lambda it: (it.size, it.is_gain and it.has_paid),
    "expanded_companies": lambda it: (it.size, it.change > 0),
    "contracted_companies": lambda it: (it.size, it.change < 0),
    "lost_paying_companies": lambda it: (it.then_size, it.is_loss),
    "opening": lambda it: (it.then_size, it.paid),
    "kept": lambda it: (it.then_size, it.pays),
    "capped": lambda it: (it.then_size, min(it.pays, it.paid)),
    "closing": lambda it: (it.size, it.pays),
    "paying": lambda it: (it.size, it.pays > 0),
}
# Of each ratio the sums above the line, and those below it, whatever their sign.
RATIOS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "net_revenue_retention_1m": (("kept",), ("opening",)),
    "gross_revenue_retention_1m": (("capped",), ("opening",)),
    "net_revenue_retention_12m": (("kept",), ("opening",)),
    "gross_revenue_retention_12m": (("capped",), ("opening",)),
    "revenue_churn_rate": (("contraction_mrr", "churned_mrr"), ("opening",)),
    "quick_ratio": (("new_mrr", "reactivation_mrr", "expansion_mrr"), ("contraction_mrr", "churned_mrr")),
    "avg_revenue_per_company": (("closing",), ("paying",)),
}


def distribution(scenario: Scenario, month: int, sizes: list[int], kpi: str) -> Floats:
    """The chance of each size of a sum, whatever its sign, or of each pair of sums of a ratio."""
    parts = RATIOS.get(kpi, ((kpi,),))
    total = np.ones((1,) * len(parts))
    for cohort in range(month + 1):
        companies = scenario.acquired_companies[cohort]
        if companies:
            chances: dict[tuple[int, ...], float] = defaultdict(float)
            for paid, chance in _payments(scenario, cohort, month, 12 if kpi.endswith("12m") else 1).items():
                counted = [[SUMS[name](paid) for name in part] for part in parts]
                chances[tuple(sum(abs(int(n)) for size, n in of if size in sizes) for of in counted)] += chance
            law = np.zeros(np.max(list(chances), axis=0) + 1)
            for at, chance in chances.items():
                law[at] = chance
            total = convolve(total, of_sums(companies, law))
    return np.maximum(total, 0)


def _payments(scenario: Scenario, cohort: int, month: int, months_ago: int) -> dict[Paid, float]:
    """All that a company acquired in a month can have paid and can pay, with the chances."""
    nothing: Payment = (None, 0)
    shares = [size.share for size in scenario.sizes]
    paths: dict[tuple[State, bool, Payment], float] = {
        ((size, size, "new"), False, nothing): share for size, share in enumerate(shares)
    }
    found: dict[Paid, float] = defaultdict(float)
    for now in range(cohort, month + 1):
        prices = [int(size.monthly_price) for size in scenario.sizes_in(now)]
        after: dict[tuple[State, bool, Payment], float] = defaultdict(float)
        for (state, has_paid, then), chance in paths.items():
            for event, of_event in step(scenario, now, {state: chance}):
                payment: Payment = (
                    (event.size, prices[event.size]) if event.is_active and prices[event.size] else nothing
                )
                found[Paid(then[0], then[1], payment[0], payment[1], has_paid)] += of_event if now == month else 0
                status: Status = "active" if event.is_active else "lapsed"
                held = payment if now == month - months_ago else then
                after[(event.acquired_as, event.size, status), has_paid or payment[1] > 0, held] += of_event
        paths = after
    return found
