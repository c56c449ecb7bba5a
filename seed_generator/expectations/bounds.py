"""How far what independent companies add up to may lie from what is expected of it.

The mathematics is derived in docs/model/simulation.md. All companies are alike, so that everything follows from what a
single one contributes. Months are computed side by side: the shapes of arrays begin with them.
"""

from dataclasses import dataclass
from functools import cached_property
from math import gcd
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bounds = tuple[Floats, Floats]

# Any tilt gives a valid bound, so a grid of them will do: between its points a bound is wider by less than 0.2 %.
_TILTS = np.geomspace(1e-5, 700.0, 200)
# A distribution is computed in full on this many points at the most, one for each number of companies on this many.
_POINTS = 1 << 15
_POINTS_OF_ALL_COUNTS = 1 << 21
# What of a distribution may be left out when it is computed in full.
_NEGLIGIBLE = 1e-12
# Up to this skewness and excess kurtosis, and from so many companies on, four cumulants tell a quantile well enough.
_NEARLY_NORMAL = 0.1
_MANY = 10
_HALF = 0.5  # closer to 0, or closer to 1
_HALVINGS = 46  # from 255 to less than a digit that is kept


@dataclass(frozen=True)
class Contribution:
    """What a single company contributes in a month: a value, each with its chance, or nothing.

    Parameters
    ----------
    values : whole numbers that are not negative, int64 of shape (values,).
    chances : of each value, float64 of shape (months, values).
    nothing : the chance of no value at all, of shape (months,); given, so that it is exact where it is 0.
    """

    values: NDArray[np.int64]
    chances: Floats
    nothing: Floats

    def month(self, month: int) -> "Contribution":
        """That of one month only."""
        return Contribution(self.values, self.chances[[month]], self.nothing[[month]])

    @cached_property
    def cumulants(self) -> Floats:
        """The first four, with nothing taken as 0, of shape (months, 4)."""
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
        lower, upper = ((below > miss).argmax(axis=1), (below >= 1 - miss - _NEGLIGIBLE).argmax(axis=1))
        return self.values[order][lower].astype(np.float64), self.values[order][upper].astype(np.float64)

    def chernoff(self, companies: int, exponent: Floats) -> Bounds:
        """What the sum over companies is below, and above, with a chance of exp(-exponent) at most."""
        scale = float(self.values.max(initial=0)) or 1.0
        reach = []
        for sign in (-1, 1):
            tilted = sign * _TILTS * (self.values[:, np.newaxis] / scale)
            excess = self.chances @ np.expm1(tilted)
            whole = self.nothing[:, np.newaxis] + self.chances @ np.exp(tilted)
            logarithm = np.where(excess > -_HALF, np.log1p(np.maximum(excess, -_HALF)), np.log(whole))
            furthest = ((companies * logarithm + exponent[:, np.newaxis]) / _TILTS).min(axis=1)
            reach.append(sign * scale * furthest)
        return reach[0], reach[1]

    def log_transform(self, points: int) -> NDArray[np.complex128]:
        """The logarithm of the Fourier transform of the first month, of shape (points / 2 + 1,)."""
        single = np.zeros(points)
        np.add.at(single, self.values % points, self.chances[0])
        # The difference to 1 is what is known exactly, and stays so when it is multiplied by many companies.
        excess = np.fft.rfft(single) - self.chances[0].sum()
        real, imaginary = excess.real, excess.imag
        squared = np.maximum(2 * real + real**2 + imaginary**2, np.nextafter(-1, 0))
        logarithm: NDArray[np.complex128] = np.log1p(squared) / 2 + 1j * np.arctan2(imaginary, 1 + real)
        return logarithm


class Total:
    """The sum of what `companies` contribute."""

    def __init__(self, companies: int, contribution: Contribution) -> None:
        self._unit = gcd(*contribution.values.tolist()) or 1
        self._companies = companies
        self._of_one = Contribution(contribution.values // self._unit, contribution.chances, contribution.nothing)

    def guaranteed(self, miss: float) -> Bounds:
        """Numbers that the sum is below, and above, with a chance of `miss` at most, by Chernoff's inequality."""
        lower, upper = self._guaranteed(miss)
        return lower * self._unit, upper * self._unit

    def quantiles(self, miss: float) -> Bounds:
        """The closest numbers that the sum is below, and above, with a chance of `miss` at most."""
        lower, upper = self._guaranteed(miss)
        first, last = self._guaranteed(_NEGLIGIBLE)
        for month, cumulants in enumerate(self._companies * self._of_one.cumulants):
            if last[month] == first[month]:
                lower[month] = upper[month] = first[month]
            elif last[month] - first[month] < _POINTS:
                below = self._distribution(month, int(first[month]), int(last[month]))
                lower[month] = first[month] + np.searchsorted(below, miss, side="right")
                upper[month] = first[month] + np.searchsorted(below, 1 - miss)
            elif _is_nearly_normal(cumulants):
                lower[month] = np.floor(_cornish_fisher(cumulants, miss) + 0.5)
                upper[month] = np.ceil(_cornish_fisher(cumulants, 1 - miss) - 0.5)
        return lower * self._unit, upper * self._unit

    def _guaranteed(self, miss: float) -> Bounds:
        """In units, of which every sum has a whole number."""
        months = len(self._of_one.nothing)
        lower, upper = self._of_one.chernoff(self._companies, np.full(months, -np.log(miss)))
        most = float(self._companies) * self._of_one.values.max(initial=0)
        return np.ceil(np.maximum(lower, 0)), np.floor(np.minimum(upper, most))

    def _distribution(self, month: int, first: int, last: int) -> Floats:
        """The probability of each sum from `first` on or of a smaller one."""
        points = 1 << (last - first).bit_length()
        logarithm = self._of_one.month(month).log_transform(points)
        probabilities = np.fft.irfft(np.exp(self._companies * logarithm), points)
        return np.cumsum(np.roll(probabilities, -first))


class Mean:
    """The mean of the values of those companies that have one, given that there is such a company."""

    def __init__(self, companies: int, contribution: Contribution) -> None:
        self._companies = companies
        self._with_value = contribution.chances.sum(axis=1)
        self._without = contribution.nothing
        self._contribution = contribution
        self._of_one = Contribution(
            contribution.values, contribution.chances / self._with_value[:, np.newaxis], np.zeros_like(self._without)
        )

    def guaranteed(self, miss: float) -> Bounds:
        """Numbers that the mean is below, and above, with a chance of `miss` at most, by Chernoff's inequality."""
        somebody = _somebody(self._companies, self._with_value, self._without)
        with np.errstate(divide="ignore"):
            # A mean of a values passes a bound with a chance of exp(-a · exponent), which is averaged over all a.
            averaged = np.expm1(np.log1p((miss - 1) * somebody) / self._companies) / self._with_value
            exponent = -np.log1p(np.maximum(averaged, -1))
        return self._possible(*self._of_one.chernoff(1, exponent))

    def quantiles(self, miss: float) -> Bounds:
        """The closest numbers that the mean is below, and above, with a chance of `miss` at most."""
        lower, upper = self.guaranteed(miss)
        alone = self._of_one.quantiles(miss)
        for month, number in enumerate(self._companies * self._with_value):
            if number < _NEGLIGIBLE:
                lower[month], upper[month] = (bound[month] for bound in alone)
            elif not self._without[month]:
                of_all = Total(self._companies, self._contribution.month(month)).quantiles(miss)
                lower[month], upper[month] = (float(bound[0]) / self._companies for bound in of_all)
            elif number > _MANY and _is_nearly_normal(cumulants := self._cumulants(month, number)):
                lower[month], upper[month] = (_cornish_fisher(cumulants, chance) for chance in (miss, 1 - miss))
            else:
                lower[month], upper[month] = self._exact(month, miss) or (lower[month], upper[month])
        return self._possible(lower, upper)

    def _cumulants(self, month: int, number: float) -> Floats:
        """The first four of the mean, of shape (4,), where a large number of companies is expected to have a value."""
        mean, second, third, fourth = self._of_one.cumulants[month]
        scatter = self._without[month] / number  # the number's variance by its square
        of_mean = second / number * (1 + scatter)
        return np.array([mean, of_mean, third / number**2, fourth / number**3 + 3 * scatter * of_mean**2])

    def _exact(self, month: int, miss: float) -> tuple[float, float] | None:
        """From the distributions of the sum for every number of companies with a value; None if they are too many."""
        of_one = self._of_one.month(month)
        numbers, weights = _binomial_weights(self._companies, self._with_value[month], self._without[month])
        most = int(numbers[-1])
        ends = Total(most, of_one).guaranteed(_NEGLIGIBLE)
        points = 1 << int(ends[1][0] - ends[0][0] + 1).bit_length()
        if len(numbers) * points > _POINTS_OF_ALL_COUNTS:
            return None
        first = np.floor(ends[0][0] - (most - numbers) * of_one.cumulants[0, 0]).astype(np.int64)
        turned = numbers[:, np.newaxis] * of_one.log_transform(points)
        turned += 2j * np.pi / points * np.arange(points // 2 + 1) * first[:, np.newaxis]
        below = np.cumsum(np.fft.irfft(np.exp(turned), points), axis=1)
        # The smallest means with at least these chances for them and all below, found by halving.
        chances = np.array([miss + _NEGLIGIBLE, 1 - miss])
        low = np.full(2, of_one.values.min() - 1.0)
        high = np.full(2, float(of_one.values.max()))
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            place = np.floor(numbers * middle[:, np.newaxis]).astype(np.int64) - first
            reached = below[np.arange(len(numbers)), np.minimum(np.maximum(place, 0), points - 1)]
            is_high = (reached * (place >= 0)) @ weights >= chances
            low, high = np.where(is_high, low, middle), np.where(is_high, middle, high)
        return float(high[0]), float(high[1])

    def _possible(self, lower: Floats, upper: Floats) -> Bounds:
        """A mean lies between the smallest and the largest value that there can be."""
        values = np.where(self._of_one.chances > 0, self._of_one.values, np.nan)
        return np.fmax(lower, np.nanmin(values, axis=1)), np.fmin(upper, np.nanmax(values, axis=1))


def _somebody(companies: int, chance: Floats | float, rest: Floats | float) -> Floats:
    """The chance that a company or more has a value, exact where `chance` is close to 0 and where it is close to 1."""
    with np.errstate(divide="ignore"):
        without = np.where(np.asarray(chance) < _HALF, np.log1p(-np.minimum(chance, _HALF)), np.log(rest))
        somebody: Floats = -np.expm1(companies * without)
        return somebody


def _binomial_weights(companies: int, chance: float, rest: float) -> tuple[NDArray[np.int64], Floats]:
    """The numbers of companies above 0 that are not negligibly rare, and their chances given that it is not 0."""
    somebody = float(_somebody(companies, chance, rest))
    counted = Contribution(np.array([1]), np.array([[chance]]), np.array([rest]))
    lower, upper = counted.chernoff(companies, np.array([-np.log(_NEGLIGIBLE * somebody)]))
    numbers = np.arange(max(1, int(np.ceil(lower[0]))), max(1, min(companies, int(upper[0]))) + 1)
    steps = np.log((companies - numbers[:-1]) / (numbers[:-1] + 1) * (chance / rest))
    logarithms = np.concatenate([[0.0], np.cumsum(steps)])
    weights = np.exp(logarithms - logarithms.max())
    return numbers, weights / weights.sum()


def _is_nearly_normal(cumulants: Floats) -> bool:
    _, second, third, fourth = cumulants
    return bool(abs(third) <= _NEARLY_NORMAL * second**1.5 and abs(fourth) <= _NEARLY_NORMAL * second**2)


def _cornish_fisher(cumulants: Floats, chance: float) -> float:
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
