"""What is known to be right: the simulator's own books, and what to expect of them before a single draw."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from seed_generator.scenario import CompanySize, Scenario


class Books:
    """The simulator's own count of every month and size, kept from its arrays and not from the rows that it wrote.

    `acquired`, `opening`, `churned`, `active` and `sessions` are int64 of shape (months, sizes).
    """

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        shape = (scenario.months, len(scenario.sizes))
        self.acquired = np.zeros(shape, np.int64)
        self.opening = np.zeros(shape, np.int64)
        self.churned = np.zeros(shape, np.int64)
        self.active = np.zeros(shape, np.int64)
        self.sessions = np.zeros(shape, np.int64)

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


@dataclass(frozen=True)
class ExpectedKpis:
    """What to expect of a month and size. `avg_sessions_per_company` is None if nobody can be active."""

    period: date
    company_size: str
    active_companies: float
    churned_companies: float
    sessions: float
    avg_sessions_per_company: float | None
    revenue: float


def silence_probability(size: CompanySize) -> float:
    """The probability of a month without a session.

    The count is base ± U{0..spread} with a fair sign, so only the one of 2 (spread + 1) outcomes that takes all of
    the base away is silent.
    """
    if size.base_sessions == 0 and size.spread == 0:
        return 1.0
    return 1 / (2 * (size.spread + 1)) if size.spread == size.base_sessions else 0.0


def expected_kpis(scenario: Scenario) -> list[ExpectedKpis]:
    """The expected value of every month and size, derived in docs/simulation.md.

    A company survives a month with probability q = 1 - `silence_probability`, independently of all else, so that
    n · share · q**m of them are active in month m (m = 1 is the first). The mean count is the base, and all of it falls
    into the months that are not silent: base / q sessions for each active company.
    """
    rows = []
    for month, period in enumerate(scenario.periods, start=1):
        for size in scenario.sizes:
            survival = 1 - silence_probability(size)
            opening = scenario.companies * size.share * survival ** (month - 1)
            active = opening * survival
            rows.append(
                ExpectedKpis(
                    period=period,
                    company_size=size.name,
                    active_companies=active,
                    churned_companies=opening - active,
                    sessions=opening * size.base_sessions,
                    avg_sessions_per_company=size.base_sessions / survival if survival else None,
                    revenue=active * float(size.monthly_price),
                )
            )
    return rows
