"""The life of companies once more, all companies side by side: another simulator, which can be made wrong."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from seed_generator.scenario import CompanySize, Scenario
from simulated_payments import SimulatedPayments

Figures = dict[str, NDArray[np.float64]]


def simulated_life(
    scenario: Scenario,
    seed: int,
    *,
    acquired: Sequence[int] = (),
    sizes_in: Callable[[int], Sequence[CompanySize]] | None = None,
    moves_before_usage: bool = True,
    returns_are_drawn: bool = True,
    prices_are_kept: bool = False,
    payments: SimulatedPayments | None = None,
) -> Figures:
    """Every figure, of shape (months, sizes and all of them); a ratio without a denominator is nan.

    It is right by default. `acquired` and `sizes_in` can be others than those of the scenario, a change of plan can
    come too late for the month's sessions, a company that returns can be sure to have some, and a size can keep the
    price of the first month in `payments`, which have figures of their own.
    """
    rng = np.random.default_rng(seed)
    months, kinds = scenario.months, len(scenario.sizes)
    numbers = acquired or scenario.acquired_companies
    cumulative = np.append(np.cumsum([size.share for size in scenario.sizes])[:-1], 1)
    moves = _moves(scenario)
    acquired_as = size = np.zeros(0, np.int64)
    active = np.zeros(0, bool)
    rows: dict[str, list[NDArray[np.float64]]] = {}

    def count(name: str, of: NDArray[np.int64], weights: NDArray[np.int64] | NDArray[np.bool_]) -> None:
        by_size = np.bincount(of, weights, kinds)
        rows.setdefault(name, []).append(np.append(by_size, by_size.sum()))

    first_cents = np.array([int(one.monthly_price * 100) for one in scenario.sizes])
    for month in range(months):
        now = (sizes_in or scenario.sizes_in)(month)
        base, spread = (np.array([getattr(one, name) for one in now]) for name in ("base_sessions", "spread"))
        cents = np.array([int(one.monthly_price * 100) for one in now])
        newcomers = np.searchsorted(cumulative, rng.random(numbers[month]), side="right")
        is_new = np.append(np.zeros(len(size), bool), np.ones(len(newcomers), bool))
        acquired_as, size = np.append(acquired_as, newcomers), np.append(size, newcomers)
        active = np.append(active, np.zeros(len(newcomers), bool))
        opening, before = active | is_new, size
        moved = (rng.random(len(size))[:, np.newaxis] >= moves[size]).sum(axis=1)
        size = np.where(active, moved, size)
        returns = ~opening & (rng.random(len(size)) < float(scenario.reactivation.probability))
        law = size if moves_before_usage else before
        drawn = base[law] + rng.choice([-1, 1], len(law)) * rng.integers(0, spread[law], endpoint=True)
        sessions = np.where(opening | returns, np.maximum(drawn, 0), 0)
        if not returns_are_drawn:
            sessions = np.where(returns, np.maximum(sessions, 1), sessions)
        active = sessions > 0
        if payments is not None:
            payments.record(size, active * (first_cents if prices_are_kept else cents)[size])
        count("active_companies", size, active)
        count("churned_companies", before, opening & ~active)
        count("sessions", size, sessions)
        count("revenue", size, active * cents[size])
        count("acquired_companies", acquired_as, np.ones(len(size), bool))
        count("newly_acquired_companies", acquired_as, is_new)
        count("opening_companies", before, opening)
        count("kept_companies", before, opening & active)
        count("returned_companies", size, active & ~opening)
        has_moved = opening & active & (size != before)
        count("moved_in_companies", size, has_moved)
        count("moved_out_companies", before, has_moved)
        count("active_of_acquired_companies", acquired_as, active)
    figures = {name: np.array(of_months) for name, of_months in rows.items()}
    figures["revenue"] /= 100
    with np.errstate(invalid="ignore"):
        figures["avg_sessions_per_company"] = figures["sessions"] / figures["active_companies"]
        figures["retention_rate"] = figures["kept_companies"] / figures["opening_companies"]
    return figures


def _moves(scenario: Scenario) -> NDArray[np.float64]:
    """Up to which number each size is drawn, for each size that is held; the last is the rest."""
    names = [size.name for size in scenario.sizes]
    chances = np.zeros((len(names), len(names)))
    for change in scenario.plan_changes:
        chances[names.index(change.from_size), names.index(change.to_size)] = float(change.probability)
    np.fill_diagonal(chances, 1 - chances.sum(axis=1))
    return np.cumsum(chances, axis=1)[:, :-1]
