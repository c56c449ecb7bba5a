"""What is known to be right: the simulator's own books."""

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from seed_generator.scenario import Scenario
from seed_generator.simulation.mrr_books import MrrBooks

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

    `acquired`, `newly_acquired`, `opening`, `churned`, `moved_out`, `moved_in`, `returned`, `active`,
    `active_of_acquired` and `sessions` are int64 of shape (months, sizes), and `kept` follows from them. Companies
    count as acquired, and as active of these, at the size of their acquisition; as opening, churned and moved out at
    the size that they held when the month opened; else at the one they hold now. `mrr` says who begins, goes on and
    stops to pay. `figures` has all counts in a row, int64 of shape (n,): those of several portions add up.
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        months, sizes = scenario.months, len(scenario.sizes)
        counted = len(FIGURES) * months * sizes
        self.figures = np.zeros(counted + MrrBooks.number_of_entries(scenario), np.int64)
        self._counted = self.figures[:counted].reshape(len(FIGURES), months, sizes)
        self.acquired, self.newly_acquired, self.opening, self.churned = self._counted[:4]
        self.moved_out, self.moved_in, self.returned = self._counted[4:7]
        self.active, self.active_of_acquired, self.sessions = self._counted[7:]
        self.mrr = MrrBooks(scenario, self.figures[counted:])

    def record(self, month: int, companies: NDArray[np.int64], acquired: NDArray[np.int64] | None = None) -> None:
        """Enter a group's month in which nobody returns and nobody moves, of a scenario without a free size.

        `companies` has shape (sizes, n): how many customers of each size had 0, 1, 2, … sessions. `acquired` has the
        same shape: those of them that are acquired in the month, if some are.
        """
        customers = _by_activity(companies)
        self._record_sessions(month, companies, customers)
        self.opening[month] += customers.sum(axis=1)
        self.churned[month] += customers[:, 0]
        self.active_of_acquired[month] += customers[:, 1]
        newcomers = None if acquired is None else _by_activity(acquired)
        if newcomers is not None:
            self._acquire(month, newcomers.sum(axis=1))
        self.mrr.record(month, customers, newcomers)

    def record_moves(
        self,
        month: int,
        companies: NDArray[np.int64],
        moves: NDArray[np.int64],
        active_of_acquired: NDArray[np.int64],
    ) -> None:
        """Enter a group's month in which some may.

        `companies` is as above, by the size that they hold now, and `active_of_acquired` has shape (sizes,). `moves`
        has shape (2, sizes + 2, sizes, 2): how many customers had never paid before the month, or had; which size they
        had when it opened, or that they had lapsed, or are acquired in it; which size they hold now; and whether they
        are silent or active.
        """
        self._record_sessions(month, companies, _by_activity(companies))
        opening, returned, acquired = np.split(moves.sum(axis=0), [-2, -1])
        kept = opening[:, :, 1]
        self._acquire(month, acquired.sum(axis=(0, 2)))
        self.opening[month] += opening.sum(axis=(1, 2)) + acquired.sum(axis=(0, 2))
        self.churned[month] += opening[:, :, 0].sum(axis=1) + acquired[0, :, 0]
        self.moved_out[month] += kept.sum(axis=1) - kept.diagonal()
        self.moved_in[month] += kept.sum(axis=0) - kept.diagonal()
        self.returned[month] += returned[0, :, 1]
        self.active_of_acquired[month] += active_of_acquired
        self.mrr.record_moves(month, moves)

    def _acquire(self, month: int, companies: NDArray[np.int64]) -> None:
        """Enter companies that are acquired in a month, of shape (sizes,): they stay acquired."""
        self.newly_acquired[month] += companies
        self.acquired[month:] += companies

    def _record_sessions(self, month: int, companies: NDArray[np.int64], customers: NDArray[np.int64]) -> None:
        self.active[month] += customers[:, 1]
        self.sessions[month] += companies @ np.arange(companies.shape[1])

    @property
    def columns(self) -> dict[str, NDArray[np.int64]]:
        """All figures that are counted, by the name of their column, each of shape (months, sizes)."""
        return {**dict(zip(FIGURES, self._counted, strict=True)), "kept_companies": self.kept}

    @property
    def kept(self) -> NDArray[np.int64]:
        """The opening companies that have a session: int64 of shape (months, sizes)."""
        kept: NDArray[np.int64] = self.opening - self.churned
        return kept

    def price(self, month: int, size: int) -> Decimal:
        """Dollars a month, in a month."""
        return Decimal(int(self.mrr.cents[month, size])).scaleb(-2)

    def revenue(self, month: int, size: int) -> Decimal:
        """Dollars paid in a month: the price of every active company."""
        return int(self.active[month, size]) * self.price(month, size)


def _by_activity(companies: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of how many customers of each size had 0, 1, 2, … sessions: those without any and the active ones, (sizes, 2)."""
    return np.add.reduceat(companies, (0, 1), axis=1)
