"""What is known to be right: the simulator's own books."""

from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from seed_generator.scenario import Scenario


class Books:
    """The simulator's own count of every month and size, kept from its arrays and not from the rows that it wrote.

    `acquired`, `opening`, `churned`, `active` and `sessions` are int64 of shape (months, sizes), and `figures` is all
    five of them, of shape (5, months, sizes).
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self.figures = np.zeros((5, scenario.months, len(scenario.sizes)), np.int64)
        self.acquired, self.opening, self.churned, self.active, self.sessions = self.figures

    def acquire(self, companies: NDArray[np.int64]) -> None:
        """Enter new companies, of shape (sizes,): all are acquired in the first month and stay acquired."""
        self.acquired += companies

    def record(self, month: int, companies: NDArray[np.int64]) -> None:
        """Enter a block's month.

        `companies` has shape (sizes, n): how many companies that were still customers when the month began had 0, 1,
        2, … sessions in it.
        """
        self.opening[month] += companies.sum(axis=1)
        self.churned[month] += companies[:, 0]
        self.active[month] += companies[:, 1:].sum(axis=1)
        self.sessions[month] += companies @ np.arange(companies.shape[1])

    def revenue(self, month: int, size: int) -> Decimal:
        """Dollars paid in a month: the price of every active company."""
        return int(self.active[month, size]) * self.scenario.sizes[size].monthly_price
