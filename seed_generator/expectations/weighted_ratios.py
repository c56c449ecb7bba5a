"""How far a ratio of two sums over companies may lie from what is expected of it; derived in docs/model/simulation.md.

The ratio is at most x exactly when the sum of above - x · below over the companies is at most 0. Months are computed
side by side: shapes of arrays begin with them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import comb
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from seed_generator.expectations.bounds import SIDES, TILTS, Bounds, Contribution, Total
from seed_generator.expectations.cohorts import Cohorts, Floats, Whole
from seed_generator.expectations.tilted_sums import LARGEST_EXPONENT, Companies

Rare = NDArray[np.bool_]

_ROUGHLY, _CLOSELY = 12, 26  # halvings
_NEAREST = -46.0  # the logarithm of a distance
_FEW_TILTS = TILTS[TILTS <= LARGEST_EXPONENT][::2]
_CHUNK = 1 << 19  # so many chances are in memory at once
_CERTAIN = -14.0  # a chance that is exp of this, of no number below, does not move a bound
# Cumulants tell a quantile where so many companies have a number below, and up to this skewness and excess kurtosis.
_MANY = 30
_NEARLY_NORMAL = 0.5
_NO_VARIANCE = 1e-100


@dataclass(frozen=True)
class Parts:
    """What a single company adds to the two sums: a pair of numbers, each with its chance, or nothing.

    Parameters
    ----------
    above, below : whole numbers that are not negative, int64 of shape (pairs,).
    chances : of each pair, float64 of shape (laws, pairs).
    nothing : the chance of no pair at all, of shape (laws,).
    """

    above: Whole
    below: Whole
    chances: Floats
    nothing: Floats


class WeightedRatio:
    """The ratio of the two sums over the companies of each month, given that the one below is not 0.

    Parameters
    ----------
    cohorts : the companies of each month, of which some can have a number below.
    parts : what they add, law by law.
    """

    def __init__(self, cohorts: Cohorts, parts: Parts) -> None:
        self._cohorts, self._parts = cohorts, parts
        # From here on the largest number above is 1, and so is the largest below.
        highest, deepest = float(parts.above.max()) or 1.0, float(parts.below.max())
        self._scale, self._above, self._below = highest / deepest, parts.above / highest, parts.below / deepest
        self._average, self._nothing = cohorts.averages(parts.chances), cohorts.averages(parts.nothing)
        self._expected = self._average @ self._above / (self._average @ self._below)
        self._reach = np.maximum(self._expected, 1)  # tilts are taken of numbers by it

    def guaranteed(self, miss: float) -> Bounds:
        """Numbers that the ratio is below, and above, with a chance of `miss` at most, by Chernoff's inequality."""
        lower, upper = (self._guaranteed(sign, miss) * self._scale for sign in SIDES)
        return lower, upper

    def quantiles(self, miss: float, within: Bounds) -> Bounds:
        """Numbers that the ratio is below, and above, with a chance of `miss`; of `miss` at most for few companies.

        They lie within bounds of a smaller chance, such as `guaranteed` gives.
        """
        wide = self.guaranteed(miss) if not self._are_nearly_normal.all() else within
        lower, upper = (
            np.where(self._are_nearly_normal, self._nearly_normal(sign, miss, bound / self._scale) * self._scale, other)
            for sign, bound, other in zip(SIDES, within, wide, strict=True)
        )
        for month, below in enumerate(self._below_of_all):
            if below:
                total = Total(self._cohorts.months([month]), self._contribution).quantiles(miss)
                lower[month], upper[month] = (float(end[0]) / below for end in total)
        return np.maximum(lower, within[0]), np.minimum(upper, within[1])

    def _nearly_normal(self, sign: int, miss: float, limit: Floats) -> Floats:
        """Scaled; by cumulants."""
        normal = NormalDist().inv_cdf(1 - miss)
        # The sum may take few numbers only: as if it were half a company's part nearer to them.
        half = (np.abs(self._above - self._expected[:, np.newaxis] * self._below)).max(axis=1) / 2

        def is_rare(x: Floats) -> Rare:
            rare: Rare = -sign * cornish_fisher(self._cumulants(x), sign * normal) >= half
            return rare

        ends = self._expected, limit
        return _between(ends, _closest(is_rare, ends, _CLOSELY if self._are_nearly_normal.any() else 0))

    def _guaranteed(self, sign: int, miss: float) -> Floats:
        """Scaled."""
        months, cohorts = self._cohorts.padded[0].shape
        step = max(1, _CHUNK // (cohorts * len(self._above)))
        parts = [slice(start, start + step) for start in range(0, months, step)]
        return np.concatenate([self._guaranteed_in(some, sign, miss) for some in parts])

    def _guaranteed_in(self, months: slice, sign: int, miss: float) -> Floats:
        """Of each month for one tilt, which would be the best if all companies followed the average of their laws."""
        laws, numbers = (of[months] for of in self._cohorts.padded)
        companies = Companies(self._parts.chances[laws].swapaxes(1, 2), self._parts.nothing[laws], numbers)
        average = Companies(
            self._average[months, :, np.newaxis],
            self._nothing[months, np.newaxis],
            self._cohorts.companies[months, np.newaxis],
        )
        has_below = self._below > 0
        nobody = companies.log_nobody(has_below)
        target = (np.log(miss) + np.log(-np.expm1(nobody)))[:, np.newaxis]
        without = None if nobody.max() < _CERTAIN else has_below

        def log_chances(of: Companies, x: Floats, tilts: Floats) -> Floats:
            away = self._above - x[:, np.newaxis] * self._below
            tilted = (sign * tilts / self._reach[months, np.newaxis])[..., np.newaxis] * away[:, np.newaxis]
            return of.log_chances(tilted, without)

        def is_rare(of: Companies, tilts: Floats) -> Callable[[Floats], Rare]:
            return lambda x: (log_chances(of, x, tilts) <= target).any(axis=1)

        ends = self._expected[months], self._limits(sign)[months]
        tilts = np.broadcast_to(_FEW_TILTS, (len(laws), len(_FEW_TILTS)))
        guess = _closest(is_rare(average, tilts), ends, _ROUGHLY)
        best = log_chances(average, _between(ends, guess), tilts).argmin(axis=1)
        return _between(ends, _closest(is_rare(companies, _FEW_TILTS[best, np.newaxis]), ends, _CLOSELY, guess))

    def _limits(self, sign: int) -> Floats:
        """What no ratio is beyond, whatever its companies do."""
        has_below = self._below > 0
        ratios = self._above[has_below] / self._below[has_below]
        possible = self._average > 0
        ends = np.where(possible[:, has_below], ratios, np.nan)
        if sign < 0:
            lowest: Floats = np.nanmin(ends, axis=1)
            return lowest
        # Where one company adds above and another below, nothing but their number limits the ratio.
        apart = self._cohorts.companies / self._below[has_below].min()
        is_apart = (possible & ~has_below & (self._above > 0)).any(axis=1)
        highest: Floats = np.where(is_apart, apart, np.nanmax(ends, axis=1))
        return highest

    def _cumulants(self, x: Floats) -> Floats:
        """The first four of the sum of above - x · below over the companies of each month, of shape (4, months)."""
        cumulants: Floats = np.zeros_like(self._coefficients[0])
        for of_power in self._coefficients[::-1]:
            cumulants = cumulants * x + of_power
        return cumulants

    @cached_property
    def _coefficients(self) -> Floats:
        """Of each power of x the factor in each cumulant, of shape (5, 4, months)."""
        chances, nothing = self._parts.chances, self._parts.nothing
        means = [chances @ part for part in (self._above, self._below)]
        away = [part - mean[:, np.newaxis] for part, mean in zip((self._above, self._below), means, strict=True)]

        def moment(order: int) -> Floats:
            of_powers = np.zeros((len(chances), 5))
            for power in range(order + 1):
                of_pairs = chances * away[0] ** (order - power) * away[1] ** power
                of_nothing = nothing * (-means[0]) ** (order - power) * (-means[1]) ** power
                of_powers[:, power] = comb(order, power) * (-1) ** power * (of_pairs.sum(axis=1) + of_nothing)
            return of_powers

        second, third, fourth = (moment(order) for order in (2, 3, 4))
        for one, other in np.ndindex(3, 3):
            fourth[:, one + other] -= 3 * second[:, one] * second[:, other]
        first = np.zeros_like(second)
        first[:, 0], first[:, 1] = means[0], -means[1]
        sums = self._cohorts.sums(np.column_stack([first, second, third, fourth]))
        return sums.reshape(-1, 4, 5).transpose(2, 1, 0)

    @cached_property
    def _are_nearly_normal(self) -> Rare:
        """Whether cumulants tell the quantiles of a month."""
        _, second, third, fourth = self._cumulants(self._expected)
        second = np.maximum(second, _NO_VARIANCE)
        with_below = self._average[:, self._below > 0].sum(axis=1) * self._cohorts.companies
        nearly: Rare = (
            (with_below >= _MANY)
            & (np.abs(third) <= _NEARLY_NORMAL * second**1.5)
            & (np.abs(fourth) <= _NEARLY_NORMAL * second**2)
        )
        return nearly

    @cached_property
    def _contribution(self) -> Contribution:
        return Contribution(self._parts.above, self._parts.chances, self._parts.nothing)

    @cached_property
    def _below_of_all(self) -> list[int]:
        """The sum below, where it is certain since each company adds the same; else 0."""
        found = []
        for laws, companies in zip(self._cohorts.laws, self._cohorts.companies, strict=True):
            below = np.unique(self._parts.below[(self._parts.chances[laws] > 0).any(axis=0)])
            is_certain = len(below) == 1 and not self._parts.nothing[laws].any()
            found.append(int(below[0] * companies) if is_certain else 0)
        return found


def cornish_fisher(cumulants: Floats, normal: float) -> Floats:
    """The quantiles of nearly normal distributions, as in bounds.py, by cumulants of shape (4, months)."""
    mean, second, third, fourth = cumulants
    some = np.maximum(second, _NO_VARIANCE)
    skewness, kurtosis = third / some**1.5, fourth / some**2
    standard = (
        normal
        + skewness * (normal**2 - 1) / 6
        + kurtosis * (normal**3 - 3 * normal) / 24
        - skewness**2 * (2 * normal**3 - 5 * normal) / 36
    )
    quantile: Floats = mean + standard * np.sqrt(some)
    return quantile


def _closest(
    is_rare: Callable[[Floats], Rare],
    ends: tuple[Floats, Floats],
    halvings: int,
    guess: Floats | None = None,
) -> Floats:
    """The closest number to the first end that is rare, or the other end; of the distance the logarithm is halved.

    It is the logarithm of the distance, by that of the ends.
    """
    near, far = np.full(ends[0].shape, _NEAREST), np.zeros(ends[0].shape)
    for _ in range(halvings):
        middle, guess = (near + far) / 2 if guess is None else guess, None
        rare = is_rare(_between(ends, middle))
        near, far = np.where(rare, near, middle), np.where(rare, middle, far)
    return far


def _between(ends: tuple[Floats, Floats], logarithm: Floats) -> Floats:
    """The number at the logarithm of a distance; 0 is the other end itself."""
    inside, limit = ends
    number: Floats = np.where(logarithm < 0, inside + (limit - inside) * np.exp(logarithm), limit)
    return number
