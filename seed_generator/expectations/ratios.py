"""How far the mean of what some of the companies contribute may lie from what is expected of it.

The mathematics is derived in docs/model/simulation.md. The mean is at most x exactly when the sum of value - x over the
companies with a value is at most 0; and that is a sum over independent companies.
"""

from functools import cached_property

import numpy as np

from seed_generator.expectations.bounds import (
    NEGLIGIBLE,
    SIDES,
    TILTS,
    Bounds,
    Contribution,
    Total,
    cornish_fisher,
    furthest,
    is_nearly_normal,
    log_of,
)
from seed_generator.expectations.cohorts import Cohorts, Floats, Whole

# The distributions for all numbers of companies with a value have so many points together at the most.
_POINTS_OF_ALL_COUNTS = 1 << 21
# Where several laws hold, the average of them tells a chance to a few thousandths of itself: so a little is held back.
_SURE_OF_AVERAGES = 0.98
_HALVINGS = 46  # from 255 to less than a digit that is kept
_LARGEST_EXPONENT = 128.0  # no bound is given a chance that is as small as exp(-this)
_SMALLEST_LOGARITHM = -700.0  # of a float


class Mean:
    """The mean of the values of those companies that have one, given that there is such a company.

    Where several laws hold, quantiles take the values of all these companies to follow the average of their laws. Such
    values scatter a little more than they do.

    Parameters
    ----------
    cohorts : the companies of each month.
    contribution : their values, law by law.
    many : from so many companies with a value on, cumulants may tell a quantile.
    """

    def __init__(self, cohorts: Cohorts, contribution: Contribution, many: int) -> None:
        self._cohorts, self._contribution, self._many = cohorts, contribution, many
        self._chance_of_value = contribution.chances.sum(axis=1)  # by law
        chances = cohorts.averages(contribution.chances)
        self._with_value = chances.sum(axis=1)  # on average over the companies of a month
        # The values of a company that has one, whichever it is.
        self._of_one = Contribution(
            contribution.values, chances / self._with_value[:, np.newaxis], np.zeros(len(chances))
        )
        self._counted = Total(
            cohorts, Contribution(np.array([1]), self._chance_of_value[:, np.newaxis], contribution.nothing)
        )
        with np.errstate(divide="ignore"):
            self._log_nobody = cohorts.sums(log_of(-self._chance_of_value, contribution.nothing))

    def guaranteed(self, miss: float) -> Bounds:
        """Numbers that the mean is below, and above, with a chance of `miss` at most, by Chernoff's inequality."""
        # E[exp(tilt · Σ (value - x))] is 1 where no company has a value: the rest is what Markov's inequality holds of.
        target = np.log1p((miss - 1) * self._somebody)
        if self._cohorts.are_single:
            with np.errstate(divide="ignore"):
                averaged = np.expm1(target / self._cohorts.companies) / self._with_value
                exponent = -np.log1p(np.maximum(averaged, -1))
            return self._possible(
                *(
                    sign * self._of_one.scale * furthest(moments, exponent[:, np.newaxis])
                    for sign, moments in zip(SIDES, self._of_one.log_moments, strict=True)
                )
            )
        return self._possible(*self._solved(target))

    def quantiles(self, miss: float) -> Bounds:
        """The closest numbers that the mean is below, and above, with a chance of `miss` at most."""
        lower, upper = self.guaranteed(miss)
        alone = self._of_one.quantiles(miss)
        of_laws = miss if self._cohorts.are_single else miss * _SURE_OF_AVERAGES
        for month, number in enumerate(self._cohorts.companies * self._with_value):
            if number < NEGLIGIBLE:
                lower[month], upper[month] = (bound[month] for bound in alone)
            elif not self._without[month]:
                of_all = Total(self._cohorts.months([month]), self._contribution).quantiles(miss)
                lower[month], upper[month] = (float(bound[0]) / self._cohorts.companies[month] for bound in of_all)
            elif number > self._many and is_nearly_normal(cumulants := self._cumulants(month, number)):
                lower[month], upper[month] = (cornish_fisher(cumulants, chance) for chance in (of_laws, 1 - of_laws))
            else:
                lower[month], upper[month] = self._exact(month, of_laws) or (lower[month], upper[month])
        return self._possible(lower, upper)

    @cached_property
    def _somebody(self) -> Floats:
        """The chance that a company or more has a value, of shape (months,)."""
        somebody: Floats = -np.expm1(self._log_nobody)
        return somebody

    @cached_property
    def _without(self) -> Floats:
        """The chance of no value, of a company taken as likely as it has one: the number's variance by its mean."""
        return np.array(
            [
                numbers / numbers.sum() * self._chance_of_value[laws] / with_value @ self._contribution.nothing[laws]
                for laws, numbers, with_value in zip(
                    self._cohorts.laws, self._cohorts.numbers, self._with_value, strict=True
                )
            ]
        )

    def _solved(self, target: Floats) -> Bounds:
        """The bounds where several laws hold: at the tilt that would be best if all had the values of the average."""
        laws, numbers = self._cohorts.padded
        with_value, without = self._chance_of_value[laws], self._contribution.nothing[laws]

        def solution(shift: Floats, low: Floats, high: Floats) -> Floats:
            """Where Σ numbers · log(without + with_value · exp(shift - solution)) comes down to the target."""
            for _ in range(_HALVINGS):
                middle = (low + high) / 2
                power = np.maximum(shift - middle[:, np.newaxis], _SMALLEST_LOGARITHM)
                logarithms = log_of(with_value * np.expm1(power), without + with_value * np.exp(power))
                is_high = (numbers * logarithms).sum(axis=1) <= target
                low, high = np.where(is_high, low, middle), np.where(is_high, middle, high)
            return high

        exponent = solution(np.zeros(laws.shape), np.zeros(len(laws)), np.full(len(laws), _LARGEST_EXPONENT))
        bounds = []
        for sign, of_average, of_laws in zip(SIDES, self._of_one.log_moments, self._of_each.log_moments, strict=True):
            best = ((of_average + exponent[:, np.newaxis]) / TILTS).argmin(axis=1)
            shift = of_laws[laws, best[:, np.newaxis]]
            reach = solution(shift, exponent + shift.min(axis=1), exponent + shift.max(axis=1))
            bounds.append(sign * self._of_one.scale * reach / TILTS[best])
        return bounds[0], bounds[1]

    @cached_property
    def _of_each(self) -> Contribution:
        """The values of a company that has one, law by law."""
        some = np.where(self._chance_of_value > 0, self._chance_of_value, 1)
        chances = self._contribution.chances / some[:, np.newaxis]
        return Contribution(self._contribution.values, chances, 1.0 - (self._chance_of_value > 0))

    def _cumulants(self, month: int, number: float) -> Floats:
        """The first four of the mean, of shape (4,), where a large number of companies is expected to have a value."""
        mean, second, third, fourth = self._of_one.cumulants[month]
        scatter = self._without[month] / number  # the number's variance by its square
        of_mean = second / number * (1 + scatter)
        return np.array([mean, of_mean, third / number**2, fourth / number**3 + 3 * scatter * of_mean**2])

    def _exact(self, month: int, miss: float) -> tuple[float, float] | None:
        """From the distributions of the sum for every number of companies with a value; None if they are too many."""
        numbers, weights = self._weights(month)
        most = int(numbers[-1])
        ends = Total(Cohorts([np.array([month])], [np.array([most])]), self._of_one).guaranteed(NEGLIGIBLE)
        points = 1 << int(ends[1][0] - ends[0][0] + 1).bit_length()
        if len(numbers) * points > _POINTS_OF_ALL_COUNTS:
            return None
        first = np.floor(ends[0][0] - (most - numbers) * self._of_one.cumulants[month, 0]).astype(np.int64)
        turned = numbers[:, np.newaxis] * self._of_one.log_transforms(points, np.array([month]))
        turned += 2j * np.pi / points * np.arange(points // 2 + 1) * first[:, np.newaxis]
        below = np.cumsum(np.fft.irfft(np.exp(turned), points), axis=1)
        # The smallest means with at least these chances for them and all below, found by halving.
        chances = np.array([miss + NEGLIGIBLE, 1 - miss])
        low = np.full(2, self._of_one.values.min() - 1.0)
        high = np.full(2, float(self._of_one.values.max()))
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            place = np.floor(numbers * middle[:, np.newaxis]).astype(np.int64) - first
            reached = below[np.arange(len(numbers)), np.minimum(np.maximum(place, 0), points - 1)]
            is_high = (reached * (place >= 0)) @ weights >= chances
            low, high = np.where(is_high, low, middle), np.where(is_high, middle, high)
        return float(high[0]), float(high[1])

    def _weights(self, month: int) -> tuple[Whole, Floats]:
        """The numbers of companies with a value above 0 that are not too rare, and their chances, given it is not 0."""
        lower, upper = (int(bound[month]) for bound in self._ends)
        numbers = np.arange(max(1, lower), max(1, upper) + 1)
        laws, companies = self._cohorts.laws[month], self._cohorts.companies[month]
        if len(laws) > 1:
            weights = np.maximum(self._counted.distribution(month, lower, int(numbers[-1]))[numbers - lower], 0)
        else:  # binomial, and so exact however rare
            odds = self._with_value[month] / self._without[month]
            steps = np.log((companies - numbers[:-1]) / (numbers[:-1] + 1) * odds)
            logarithms = np.concatenate([[0.0], np.cumsum(steps)])
            weights = np.exp(logarithms - logarithms.max())
        return numbers, weights / weights.sum()

    @cached_property
    def _ends(self) -> Bounds:
        """Of the number of companies with a value, given that it is not 0."""
        with np.errstate(divide="ignore"):
            return self._counted.guaranteed(NEGLIGIBLE * self._somebody)

    def _possible(self, lower: Floats, upper: Floats) -> Bounds:
        """A mean lies between the smallest and the largest value that there can be."""
        values = np.where(self._of_one.chances > 0, self._of_one.values, np.nan)
        return np.fmax(lower, np.nanmin(values, axis=1)), np.fmin(upper, np.nanmax(values, axis=1))
