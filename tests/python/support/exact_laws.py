"""The distributions of the figures once more, by adding up companies: a second opinion.

A company's law is a list of chances: of each value from 0 on, and what they lack of 1 is the chance of no value.
"""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.signal import convolve
from scipy.stats import binom

from seed_generator.expectations.cohorts import Cohorts
from seed_generator.scenario import CompanySize

Floats = NDArray[np.float64]
Month = dict[int, int]  # of each law how many companies follow it


def cohorts(*months: Month) -> Cohorts:
    """The companies of each month, by the law that they follow."""
    return Cohorts(
        [np.array(list(month), np.int64) for month in months],
        [np.array(list(month.values()), np.int64) for month in months],
    )


def of_sums(companies: int, law: Floats) -> Floats:
    """The chance of each sum over that many companies, of whom those without a value add 0.

    With two axes it is that of each pair of sums.
    """
    power = law.copy()
    power[(0,) * law.ndim] += 1 - law.sum()
    sums = np.ones((1,) * law.ndim)
    while companies:
        if companies & 1:
            sums = convolve(sums, power)
        companies >>= 1
        power = convolve(power, power) if companies else power
    return sums


def chance_of_sum(sums: Floats, lower: int, upper: int) -> float:
    """That the sum lies between the two, ends included."""
    return float(sums[max(lower, 0) : upper + 1].sum())


def chance_of_mean(companies: int, law: Floats, lower: Decimal, upper: Decimal) -> float:
    """That the mean over the companies with a value lies between the two, given that there is one."""
    with_value = law.sum()
    numbers = binom.pmf(np.arange(companies + 1), companies, min(with_value, 1))
    sums, chance = np.ones(1), 0.0
    for number in range(1, companies + 1):
        sums = np.convolve(sums, law / with_value)
        first = int((number * lower).to_integral_value(ROUND_CEILING))
        last = int((number * upper).to_integral_value(ROUND_FLOOR))
        chance += numbers[number] * chance_of_sum(sums, first, last)
    return chance / float(numbers[1:].sum())


def laws(size: CompanySize, month: int) -> dict[str, Floats]:
    """Of a company's month, counted from 1: a law for each figure, in the simplest words of the assignment."""
    counts = [Fraction(0)] * (size.base_sessions + size.spread + 1)
    for number in range(size.spread + 1):
        for sign in (1, -1):
            counts[size.base_sessions + sign * number] += Fraction(1, 2 * (size.spread + 1))
    opening = Fraction(size.share).limit_denominator(10**6) * (1 - counts[0]) ** (month - 1)
    silent, active = opening * counts[0], opening * (1 - counts[0])
    return {
        "active_companies": _law(0, active),
        "churned_companies": _law(0, silent),
        "sessions": _law(0, *(opening * chance for chance in counts[1:])),
        "revenue": _law(0, active),  # in prices
        "retention_rate": _law(silent, active),
        "avg_sessions_per_company": _law(0, *(opening * chance for chance in counts[1:])),
    }


def _law(*chances: Fraction | int) -> Floats:
    return np.array([float(chance) for chance in chances])
