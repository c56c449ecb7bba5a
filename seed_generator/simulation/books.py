"""What is known to be right: the simulator's own books."""

from decimal import Decimal
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from seed_generator.scenario import Scenario

# What is counted, by the name of its column in truth.monthly_kpis.
FIGURES = (
    "acquired_companies",
    "newly_acquired_companies",
    "opening_companies",
    "churned_companies",
    "moved_out_companies",
    "moved_in_companies",
    "returned_companies",
    "active_companies",
    "active_of_acquired_companies",
    "sessions",
)


class Books:
    """The simulator's own count of every month and size, kept from its arrays and not from the rows that it wrote.

    `figures` is int64 of shape (10, months, sizes), in the order of `FIGURES`; `acquired`, `newly_acquired`, `opening`,
    `churned`, `moved_out`, `moved_in`, `returned`, `active`, `active_of_acquired` and `sessions` are its parts, and
    `kept` follows from them. Companies count as acquired, and as active of these, at the size of their acquisition;
    as opening, churned and moved out at the size that they held when the month opened; else at the one they hold now.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.figures = np.zeros((len(FIGURES), scenario.months, len(scenario.sizes)), np.int64)
        self.acquired, self.newly_acquired, self.opening, self.churned = self.figures[:4]
        self.moved_out, self.moved_in, self.returned = self.figures[4:7]
        self.active, self.active_of_acquired, self.sessions = self.figures[7:]

    def acquire(self, month: int, companies: NDArray[np.int64]) -> None:
        """Enter companies that are acquired in a month, of shape (sizes,): they stay acquired."""
        self.newly_acquired[month] += companies
        self.acquired[month:] += companies

    def record(self, month: int, companies: NDArray[np.int64]) -> None:
        """Enter a group's month in which nobody returns and nobody moves.

        `companies` has shape (sizes, n): how many customers of each size had 0, 1, 2, … sessions.
        """
        self._record_sessions(month, companies)
        self.opening[month] += companies.sum(axis=1)
        self.churned[month] += companies[:, 0]
        self.active_of_acquired[month] += companies[:, 1:].sum(axis=1)

    def record_moves(
        self,
        month: int,
        companies: NDArray[np.int64],
        moves: NDArray[np.int64],
        active_of_acquired: NDArray[np.int64],
    ) -> None:
        """Enter a group's month in which some may.

        `companies` is as above, by the size that they hold now, and `active_of_acquired` has shape (sizes,). `moves`
        has shape (sizes + 1, sizes, 2): how many customers had which size when the month opened, or had lapsed, and
        which they hold now, those without a session and the active ones.
        """
        self._record_sessions(month, companies)
        opening, returned = moves[:-1], moves[-1]
        kept = opening[:, :, 1]
        self.opening[month] += opening.sum(axis=(1, 2))
        self.churned[month] += opening[:, :, 0].sum(axis=1)
        self.moved_out[month] += kept.sum(axis=1) - kept.diagonal()
        self.moved_in[month] += kept.sum(axis=0) - kept.diagonal()
        self.returned[month] += returned[:, 1]
        self.active_of_acquired[month] += active_of_acquired

    def _record_sessions(self, month: int, companies: NDArray[np.int64]) -> None:
        self.active[month] += companies[:, 1:].sum(axis=1)
        self.sessions[month] += companies @ np.arange(companies.shape[1])

    @property
    def columns(self) -> dict[str, NDArray[np.int64]]:
        """All figures that are counted, by the name of their column, each of shape (months, sizes)."""
        return {**dict(zip(FIGURES, self.figures, strict=True)), "kept_companies": self.kept}

    @property
    def kept(self) -> NDArray[np.int64]:
        """The opening companies that have a session: int64 of shape (months, sizes)."""
        kept: NDArray[np.int64] = self.opening - self.churned
        return kept

    def price(self, month: int, size: int) -> Decimal:
        """Dollars a month, in a month."""
        return self._prices[month][size]

    def revenue(self, month: int, size: int) -> Decimal:
        """Dollars paid in a month: the price of every active company."""
        return int(self.active[month, size]) * self.price(month, size)

    @cached_property
    def _prices(self) -> list[list[Decimal]]:
        scenario = self.scenario
        return [[size.monthly_price for size in scenario.sizes_in(month)] for month in range(scenario.months)]
