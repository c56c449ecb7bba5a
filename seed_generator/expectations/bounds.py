"""How far what independent companies add up to may lie from what is expected of it.

The mathematics is derived in docs/model/simulation.md. Companies of one law are alike, so that everything follows from
what a single one contributes. Laws and months are computed side by side: the shapes of arrays begin with them.
"""

from dataclasses import dataclass
from functools import cached_property
from math import gcd
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from seed_generator.expectations.cohorts import Cohorts, Floats, Whole

Bounds = tuple[Floats, Floats]

# What of a distribution may be left out when it is computed in full.
NEGLIGIBLE = 1e-12
# Any tilt gives a valid bound, so a grid of them will do: between its points a bound is wider by less than 0.2 %.
TILTS = np.geomspace(1e-5, 700.0, 200)
SIDES = (-1, 1)

# A distribution is computed in full on this many points at the most: all laws together, where cumulants would do.
_POINTS = 1 << 15
_CHUNK = 1 << 20  # so many points of transforms are in memory at once
# Up to this skewness and excess kurtosis four cumulants tell a quantile well enough.
_NEARLY_NORMAL = 0.1
_HALF = 0.5  # closer to 0, or closer to 1


@dataclass(frozen=True)
class Contribution:
    """What a single company contributes in a month: a value, each with its chance, or nothing.

    Parameters
    ----------
    values : whole numbers that are not negative, int64 of shape (values,).
    chances : of each value, float64 of shape (laws, values).
    nothing : the chance of no value at all, of shape (laws,); given, so that it is exact where it is 0.
    """

    values: Whole
    chances: Floats
    nothing: Floats

    @cached_property
    def scale(self) -> float:
        """The largest value: tilts are taken of values by it."""
        return float(self.values.max(initial=1))

    @cached_property
    def cumulants(self) -> Floats:
        """The first four, with nothing taken as 0, of shape (laws, 4)."""
        mean = self.chances @ self.values
        away = self.values - mean[:, np.newaxis]
        second, third, fourth = (
            (self.chances * away**power).sum(axis=1) + self.nothing * (-mean) ** power for power in (2, 3, 4)
        )
        return np.column_stack([mean, second, third, fourth - 3 * second**2])

    def quantiles(self, miss: float) -> Bounds:
        """The closest values that a company's is below, and above, with a chance of `miss` at most, if it has one."""
        order = np.argsort(self.values)
        below = np.cumsum(self.chances[:, order], axis=1) / self.chances.sum(axis=1, keepdims=True)
        lower, upper = ((below > miss).argmax(axis=1), (below >= 1 - miss - NEGLIGIBLE).argmax(axis=1))
        return self.values[order][lower].astype(np.float64), self.values[order][upper].astype(np.float64)

    @cached_property
    def log_moments(self) -> tuple[Floats, Floats]:
        """The logarithm of E[exp(±tilt · value / scale)] for both signs, each of shape (laws, tilts)."""
        lower, upper = (self._log_moments(sign) for sign in SIDES)
        return lower, upper

    def _log_moments(self, sign: int) -> Floats:
        tilted = sign * TILTS * (self.values[:, np.newaxis] / self.scale)
        excess = self.chances @ np.expm1(tilted)
        return log_of(excess, self.nothing[:, np.newaxis] + self.chances @ np.exp(tilted))

    def log_transforms(self, points: int, laws: Whole) -> NDArray[np.complex128]:
        """The logarithms of the Fourier transforms of some laws, of shape (laws, points / 2 + 1)."""
        chances = self.chances[laws]
        single = np.zeros((len(laws), points))
        np.add.at(single.T, self.values % points, chances.T)
        # The difference to 1 is what is known exactly, and stays so when it is multiplied by many companies.
        excess = np.fft.rfft(single) - chances.sum(axis=1, keepdims=True)
        real, imaginary = excess.real, excess.imag
        squared = np.maximum(2 * real + real**2 + imaginary**2, np.nextafter(-1, 0))
        logarithm: NDArray[np.complex128] = np.log1p(squared) / 2 + 1j * np.arctan2(imaginary, 1 + real)
        return logarithm


class Total:
    """The sum of what the companies of each month contribute."""

    def __init__(self, cohorts: Cohorts, contribution: Contribution) -> None:
        self._unit = gcd(*contribution.values.tolist())  # 0 if no value is above it
        self._cohorts = cohorts
        if self._unit:
            contribution = Contribution(contribution.values // self._unit, contribution.chances, contribution.nothing)
        self._of_one = contribution

    def guaranteed(self, miss: float | Floats) -> Bounds:
        """Numbers that the sum is below, and above, with a chance of `miss` at most, by Chernoff's inequality.

        `miss` may be given month by month.
        """
        lower, upper = self._guaranteed(miss)
        return lower * self._unit, upper * self._unit

    def quantiles(self, miss: float) -> Bounds:
        """The closest numbers that the sum is below, and above, with a chance of `miss` at most."""
        lower, upper = self._guaranteed(miss)
        first, last = self._guaranteed(NEGLIGIBLE)
        for month, cumulants in enumerate(self._cohorts.sums(self._of_one.cumulants)):
            points = last[month] - first[month]
            if not points:
                lower[month] = upper[month] = first[month]
            elif points * len(self._cohorts.laws[month]) < _POINTS or (
                points < _POINTS and not is_nearly_normal(cumulants)
            ):
                below = np.cumsum(self.distribution(month, int(first[month]), int(last[month])))
                lower[month] = first[month] + np.searchsorted(below, miss, side="right")
                upper[month] = first[month] + np.searchsorted(below, 1 - miss)
            elif is_nearly_normal(cumulants):
                lower[month] = np.floor(cornish_fisher(cumulants, miss) + 0.5)
                upper[month] = np.ceil(cornish_fisher(cumulants, 1 - miss) - 0.5)
        return lower * self._unit, upper * self._unit

    def distribution(self, month: int, first: int, last: int) -> Floats:
        """The probability of each sum, in units, from `first` on to `last` or further."""
        points = 1 << (last - first).bit_length()
        laws, numbers = self._cohorts.laws[month], self._cohorts.numbers[month]
        step = max(1, _CHUNK // points)
        parts = (slice(start, start + step) for start in range(0, len(laws), step))
        logarithm = sum(
            (numbers[part, np.newaxis] * self._of_one.log_transforms(points, laws[part])).sum(axis=0) for part in parts
        )
        return np.roll(np.fft.irfft(np.exp(logarithm), points), -first)

    def _guaranteed(self, miss: float | Floats) -> Bounds:
        """In units, of which every sum has a whole number."""
        exponent = -np.log(np.reshape(miss, (-1, 1)))
        lower, upper = (
            sign * self._of_one.scale * furthest(moments, exponent)
            for sign, moments in zip(SIDES, self._log_moments, strict=True)
        )
        most = self._cohorts.companies * self._of_one.scale
        return np.ceil(np.maximum(lower, 0)), np.floor(np.minimum(upper, most))

    @cached_property
    def _log_moments(self) -> tuple[Floats, Floats]:
        lower, upper = self._of_one.log_moments
        return self._cohorts.sums(lower), self._cohorts.sums(upper)


def furthest(log_moments: Floats, exponent: Floats) -> Floats:
    """By Chernoff's inequality: what a sum by its scale is above with a chance of exp(-exponent) at most.

    `log_moments` are those of the sum, of shape (months, tilts), and `exponent` has the shape (months, 1) or (1, 1).
    """
    bound: Floats = ((log_moments + exponent) / TILTS).min(axis=1)
    return bound


def log_of(excess: Floats, whole: Floats) -> Floats:
    """The logarithm of `whole`, which is 1 + `excess`: of the one that has more digits."""
    logarithm: Floats = np.where(excess > -_HALF, np.log1p(np.maximum(excess, -_HALF)), np.log(whole))
    return logarithm


def is_nearly_normal(cumulants: Floats) -> bool:
    """Whether the first four cumulants tell a quantile well enough."""
    _, second, third, fourth = cumulants
    return bool(abs(third) <= _NEARLY_NORMAL * second**1.5 and abs(fourth) <= _NEARLY_NORMAL * second**2)


def cornish_fisher(cumulants: Floats, chance: float) -> float:
    """The quantile of a nearly normal distribution by its first four cumulants.

    Cornish and Fisher, Moments and cumulants in the specification of distributions, 1938.
    """
    mean, second, third, fourth = cumulants
    if not second:
        return float(mean)
    normal = NormalDist().inv_cdf(chance)
    skewness, kurtosis = third / second**1.5, fourth / second**2
    standard = (
        normal
        + skewness * (normal**2 - 1) / 6
        + kurtosis * (normal**3 - 3 * normal) / 24
        - skewness**2 * (2 * normal**3 - 5 * normal) / 36
    )
    return float(mean + standard * np.sqrt(second))
