"""The distributions of the figures of a life once more: path by path of a company, then company after company.

Nothing here knows a formula. A company's month is a list of all that can happen to it, each with its chance.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal

import numpy as np
from scipy.signal import convolve

from exact_laws import Floats, of_sums
from seed_generator.scenario import CompanySize, Scenario

Status = Literal["new", "active", "lapsed"]
State = tuple[int, int, Status]  # the size at acquisition, the size held, and how the month before ended


@dataclass(frozen=True)
class Event:
    """What happens to a company in a month."""

    acquired_as: int
    size_before: int
    size: int
    sessions: int
    status: Status

    @property
    def is_opening(self) -> bool:
        return self.status != "lapsed"

    @property
    def is_active(self) -> bool:
        return self.sessions > 0

    @property
    def has_moved(self) -> bool:
        return self.is_opening and self.is_active and self.size != self.size_before


# Of each figure, the size at which an event counts and for how much; the last by the price of that size.
FIGURES: dict[str, Callable[[Event], tuple[int, int]]] = {
    "active_companies": lambda it: (it.size, it.is_active),
    "churned_companies": lambda it: (it.size_before, it.is_opening and not it.is_active),
    "sessions": lambda it: (it.size, it.sessions),
    "acquired_companies": lambda it: (it.acquired_as, 1),
    "newly_acquired_companies": lambda it: (it.acquired_as, it.status == "new"),
    "opening_companies": lambda it: (it.size_before, it.is_opening),
    "kept_companies": lambda it: (it.size_before, it.is_opening and it.is_active),
    "returned_companies": lambda it: (it.size, it.is_active and not it.is_opening),
    "moved_in_companies": lambda it: (it.size, it.has_moved),
    "moved_out_companies": lambda it: (it.size_before, it.has_moved),
    "active_of_acquired_companies": lambda it: (it.acquired_as, it.is_active),
    "revenue": lambda it: (it.size, it.is_active),
}
RATIOS = {
    "avg_sessions_per_company": ("sessions", "active_companies"),
    "retention_rate": ("kept_companies", "opening_companies"),
}


def distribution(scenario: Scenario, month: int, sizes: list[int], kpi: str) -> Floats:
    """The chance of each value of a figure of some sizes, or of each numerator and denominator of a ratio.

    Prices are whole dollars.
    """
    total = np.ones((1,) * len(RATIOS.get(kpi, (kpi,))))
    for cohort in range(month + 1):
        companies = scenario.acquired_companies[cohort]
        if companies:
            law = _law(scenario, cohort, month, sizes, kpi)
            total = convolve(total, of_sums(companies, law))
    return np.maximum(total, 0)


def _law(scenario: Scenario, cohort: int, month: int, sizes: list[int], kpi: str) -> Floats:
    prices = [int(size.monthly_price) for size in scenario.sizes_in(month)]
    chances: dict[tuple[int, ...], float] = defaultdict(float)
    for event, chance in _events(scenario, cohort, month):
        value = []
        for part in RATIOS.get(kpi, (kpi,)):
            size, counted = FIGURES[part](event)
            value.append(int(counted) * (size in sizes) * (prices[size] if kpi == "revenue" else 1))
        chances[tuple(value)] += chance
    law = np.zeros(np.max(list(chances), axis=0) + 1)
    for at, chance in chances.items():
        law[at] = chance
    return law


def _events(scenario: Scenario, cohort: int, month: int) -> list[tuple[Event, float]]:
    """All that can happen in a month to a company acquired in another, with the chances."""
    shares = [size.share for size in scenario.sizes]
    states: dict[State, float] = {(size, size, "new"): share for size, share in enumerate(shares)}
    for now in range(cohort, month):
        after: dict[State, float] = defaultdict(float)
        for event, chance in step(scenario, now, states):
            after[event.acquired_as, event.size, "active" if event.is_active else "lapsed"] += chance
        states = after
    return list(step(scenario, month, states))


def step(scenario: Scenario, month: int, states: dict[State, float]) -> Iterator[tuple[Event, float]]:
    sizes = scenario.sizes_in(month)
    for (acquired_as, before, status), chance in states.items():
        returns = float(scenario.reactivation.probability) if status == "lapsed" else 1.0
        yield Event(acquired_as, before, before, 0, status), chance * (1 - returns)
        for size, moves in _moves(scenario, before, status):
            for sessions, drawn in _counts(sizes[size]):
                yield Event(acquired_as, before, size, sessions, status), chance * returns * moves * drawn


def _moves(scenario: Scenario, before: int, status: Status) -> Iterator[tuple[int, float]]:
    names = [size.name for size in scenario.sizes]
    changes = [change for change in scenario.plan_changes if change.from_size == names[before] and status == "active"]
    yield before, 1 - sum(float(change.probability) for change in changes)
    for change in changes:
        yield names.index(change.to_size), float(change.probability)


def _counts(size: CompanySize) -> Iterator[tuple[int, float]]:
    for number, sign in product(range(size.spread + 1), (1, -1)):
        yield size.base_sessions + sign * number, 1 / (2 * (size.spread + 1))
