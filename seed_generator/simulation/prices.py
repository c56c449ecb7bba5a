"""What each size costs in each month, as a numpy array: cents, so that sums of them are exact."""

import numpy as np
from numpy.typing import NDArray

from seed_generator.scenario import Scenario


def monthly_cents(scenario: Scenario) -> NDArray[np.int64]:
    """The price of each size in each month, in cents: int64 of shape (months, sizes)."""
    names = [size.name for size in scenario.sizes]
    of_first_month = np.array([int(size.monthly_price * 100) for size in scenario.sizes], np.int64)
    cents = np.tile(of_first_month, (scenario.months, 1))
    first = scenario.first_month
    for change in scenario.price_changes:  # by month; those beyond the last one change nothing
        month = (change.month.year - first.year) * 12 + change.month.month - first.month
        cents[month:, names.index(change.company_size)] = int(change.monthly_price * 100)
    return cents
