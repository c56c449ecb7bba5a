"""How the monthly recurring revenue (MRR) moves from month to month: a part of the simulator's own books."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from seed_generator.scenario import Scenario
from seed_generator.simulation.prices import monthly_cents


class MrrBooks:
    """Which companies begin to pay, go on paying and stop, counted month by month; the money follows from the prices.

    A company pays in a month in which it is active and its size is not free. `new_paying`, `reactivated` and
    `lost_paying` are int64 of shape (months, sizes). `kept_paying` is int64 of shape (months, sizes, sizes): companies
    that paid in the month before too, by the size that they held then and by the one that they hold now.

    Parameters
    ----------
    scenario : whose companies are counted.
    entries : where the counts are kept: zeros, int64 of shape (number_of_entries(scenario),).
    """

    def __init__(self, scenario: Scenario, entries: NDArray[np.int64]) -> None:
        months, sizes = scenario.months, len(scenario.sizes)
        counts, pairs = entries[: 3 * months * sizes], entries[3 * months * sizes :]
        self.new_paying, self.reactivated, self.lost_paying = counts.reshape(3, months, sizes)
        self.kept_paying = pairs.reshape(months, sizes, sizes)
        self._stayed = pairs.reshape(months, sizes * sizes)[:, :: sizes + 1]  # the pairs of a size with itself
        self._scenario = scenario

    @staticmethod
    def number_of_entries(scenario: Scenario) -> int:
        """How many counts there are."""
        sizes = len(scenario.sizes)
        return scenario.months * sizes * (3 + sizes)

    @cached_property
    def cents(self) -> NDArray[np.int64]:
        """The price of each size in each month: int64 of shape (months, sizes)."""
        return monthly_cents(self._scenario)

    @cached_property
    def cents_before(self) -> NDArray[np.int64]:
        """That of the month before, 0 in the first."""
        return _of_month_before(self.cents)

    def record(self, month: int, customers: NDArray[np.int64], acquired: NDArray[np.int64] | None) -> None:
        """Enter a group's month in which nobody returns and nobody moves, of a scenario without a free size.

        `customers` and `acquired` have shape (sizes, 2): how many customers are silent and active, and how many of
        those that are acquired in the month, if some are.
        """
        if acquired is not None:
            self.new_paying[month] += acquired[:, 1]
            customers = customers - acquired
        self.lost_paying[month] += customers[:, 0]
        self._stayed[month] += customers[:, 1]

    def record_moves(self, month: int, moves: NDArray[np.int64]) -> None:
        """Enter a group's month as `Books.record_moves` does."""
        paid, pays = self.cents_before[month] > 0, self.cents[month] > 0
        was_active = moves[:, :-2].sum(axis=0)
        kept = was_active[:, :, 1] * np.outer(paid, pays)
        begin = (moves[:, :-2][:, ~paid].sum(axis=1) + moves[:, -2] + moves[:, -1])[:, :, 1] * pays
        self.new_paying[month] += begin[0]
        self.reactivated[month] += begin[1]
        self.lost_paying[month] += was_active.sum(axis=(1, 2)) * paid - kept.sum(axis=1)
        self.kept_paying[month] += kept

    def counts(self) -> dict[str, NDArray[np.int64]]:
        """Companies by the name of their column in truth.mrr_movements, each of shape (months, sizes)."""
        change = self._change
        return {
            "new_paying_companies": self.new_paying,
            "reactivated_companies": self.reactivated,
            "expanded_companies": (self.kept_paying * (change > 0)).sum(axis=1),
            "contracted_companies": (self.kept_paying * (change < 0)).sum(axis=1),
            "lost_paying_companies": self.lost_paying,
        }

    def amounts(self, active: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
        """Cents by the name of their column in truth.mrr_movements, each of shape (months, sizes).

        Parameters
        ----------
        active : the active companies, of shape (months, sizes): who pays in a month, whatever it did before.
        """
        change = self._change
        closing = active * self.cents
        moved = self.kept_paying * self.cents_before[:, :, np.newaxis]
        moved[:, np.eye(len(self._scenario.sizes), dtype=bool)] = 0
        return {
            "opening_mrr": _of_month_before(closing),
            "new_mrr": self.new_paying * self.cents,
            "reactivation_mrr": self.reactivated * self.cents,
            "expansion_mrr": (self.kept_paying * np.maximum(change, 0)).sum(axis=1),
            "contraction_mrr": (self.kept_paying * np.minimum(change, 0)).sum(axis=1),
            "churned_mrr": -self.lost_paying * self.cents_before,
            "moved_in_mrr": moved.sum(axis=1),
            "moved_out_mrr": -moved.sum(axis=2),
            "closing_mrr": closing,
        }

    @property
    def _change(self) -> NDArray[np.int64]:
        """By how many cents a company pays more than before, of shape (months, sizes before, sizes now)."""
        change: NDArray[np.int64] = self.cents[:, np.newaxis, :] - self.cents_before[:, :, np.newaxis]
        return change


def _of_month_before(figures: NDArray[np.int64]) -> NDArray[np.int64]:
    """Figures of shape (months, sizes), a month later: 0 in the first."""
    return np.concatenate([np.zeros_like(figures[:1]), figures[:-1]])
