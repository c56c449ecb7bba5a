"""What to expect of every figure before a single draw, in closed form; derived in docs/model/simulation.md."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from itertools import chain, groupby

import numpy as np

from seed_generator.expectations.bounds import Bounds, Contribution, Total
from seed_generator.expectations.chances import CENTS, PRECISION, Chances, GroupChances, floats
from seed_generator.expectations.cohorts import Cohorts, Decimals
from seed_generator.expectations.ratios import Mean
from seed_generator.scenario import ALL_SIZES, Scenario

# The band for drawing holds 95 of 100 simulations. One right simulation in a million, at the most, has a figure that
# is not plausible; and one more has one of those figures that only a life beyond churn has.
OUTSIDE_BAND = 0.05
OUTSIDE_PLAUSIBLE = 1e-6

# The figures, by their names in marts.rpt_monthly_kpis.
KPIS = (
    "active_companies",
    "churned_companies",
    "sessions",
    "avg_sessions_per_company",
    "retention_rate",
    "revenue",
)
# Those that are known only of a scenario with a life beyond churn.
LIFE_KPIS = (
    "acquired_companies",
    "newly_acquired_companies",
    "opening_companies",
    "kept_companies",
    "returned_companies",
    "moved_in_companies",
    "moved_out_companies",
    "active_of_acquired_companies",
)

PLACES = Decimal("1e-8")

# From so many companies on, cumulants may tell the band of a ratio. Without a life it is fewer: so its digits stay.
_MANY = 10
_MANY_OF_A_LIFE = 100
_ONE = Decimal(1)
_NEVER = 1e-290  # what is less probable can't be told from 0


@dataclass(frozen=True)
class Expectation:
    """What to expect of one figure.

    Parameters
    ----------
    period, company_size, kpi : which figure; `company_size` may be `all`.
    expected : its expected value; of a mean or a rate, the expected numerator by the expected denominator, which is the
        expected value given that it has a denominator where all companies are acquired in the first month.
    standard_deviation : its exact standard deviation; a mean and a rate have none in closed form.
    lower_95, upper_95 : a band, ends included, that a simulation misses with a chance of at most 2.5 % on either side;
        the narrowest where the whole distribution is computed, and nearly so where four cumulants stand for it.
    lowest_plausible, highest_plausible : bounds so wide that of a million simulations at most one has any figure
        outside of its own.
    """

    period: date
    company_size: str
    kpi: str
    expected: Decimal
    standard_deviation: Decimal | None
    lower_95: Decimal
    upper_95: Decimal
    lowest_plausible: Decimal
    highest_plausible: Decimal


def expected_sessions(scenario: Scenario) -> Decimal:
    """How many sessions all months have together."""
    with localcontext(PRECISION):
        chances = Chances(scenario)
        sessions = GroupChances(chances, range(len(scenario.sizes))).sessions
        return sum(chances.cohorts.exact_sums(sessions), Decimal(0))


def expected_kpis(scenario: Scenario) -> list[Expectation]:
    """Every figure of every month and size and of all sizes, month by month.

    A mean or a rate that can have no denominator is left out.
    """
    groups = [(size.name, [place]) for place, size in enumerate(scenario.sizes)]
    groups.append((ALL_SIZES, list(range(len(scenario.sizes)))))
    with localcontext(PRECISION):
        chances = Chances(scenario)
        rows = [list(_Group(scenario, chances, name, places).expectations()) for name, places in groups]
    order = {period: place for place, period in enumerate(scenario.periods)}
    return sorted(chain.from_iterable(rows), key=lambda row: order[row.period])


class _Group:
    """The figures of one size or of all."""

    def __init__(self, scenario: Scenario, chances: Chances, name: str, places: Sequence[int]) -> None:
        self._scenario, self._periods, self._name = scenario, scenario.periods, name
        self._cohorts = chances.cohorts
        self._chances = GroupChances(chances, places)
        # For each bound its part, of either kind of figures.
        bounds = 2 * scenario.months * (len(scenario.sizes) + 1)
        self._implausible = {
            kpi: OUTSIDE_PLAUSIBLE / (bounds * len(kpis)) for kpis in (KPIS, LIFE_KPIS) for kpi in kpis
        }

    def expectations(self) -> Iterator[Expectation]:
        """Figure by figure."""
        of, chances, months = self._chances.of, self._chances, range(self._scenario.months)
        active = self._bounds("active_companies", months, chances.one(of.active))
        yield from self._sums("active_companies", months, of.active, of.active, active)
        yield from self._counts("churned_companies", of.churned)
        counts = chances.session_counts()
        bounds = self._bounds("sessions", months, counts)
        yield from self._sums("sessions", months, chances.sessions, chances.sessions_squared, bounds)
        for prices, same in groupby(months, chances.prices.__getitem__):
            some = list(same)
            mean, square = (chances.revenue(prices, power) for power in (1, 2))
            if len(prices) == 1:  # all pay the same
                bounds = [[bound[month] * prices[0] for month in some] for bound in active]
            else:
                bounds = self._bounds("revenue", some, chances.payments(prices), Decimal(1) / CENTS)
            yield from self._sums("revenue", some, mean, square, bounds)
        yield from self._means("avg_sessions_per_company", chances.sessions, of.active, counts)
        yield from self._means("retention_rate", of.kept, of.opening, chances.kept())
        if self._scenario.has_life:
            for kpi in LIFE_KPIS:
                yield from self._counts(kpi, getattr(of, kpi.removesuffix("_companies")))

    def _counts(self, kpi: str, chance: Decimals) -> Iterator[Expectation]:
        """Of companies that count as one with a chance."""
        months = range(self._scenario.months)
        bounds = self._bounds(kpi, months, self._chances.one(chance))
        yield from self._sums(kpi, months, chance, chance, bounds)

    def _bounds(
        self, kpi: str, months: Sequence[int], contribution: Contribution, unit: Decimal = _ONE
    ) -> list[list[Decimal]]:
        """The four of a sum, each of some months."""
        total = Total(self._counting(months, contribution), contribution)
        bounds = (*total.quantiles(OUTSIDE_BAND / 2), *total.guaranteed(self._implausible[kpi]))
        return [[int(number) * unit for number in bound] for bound in bounds]

    def _sums(
        self, kpi: str, months: Sequence[int], mean: Decimals, mean_square: Decimals, bounds: list[list[Decimal]]
    ) -> Iterator[Expectation]:
        """`mean` and `mean_square` are those of what a single company contributes, law by law."""
        cohorts = self._cohorts.months(months)
        variances = cohorts.exact_sums(mean_square - mean**2)
        deviations = [max(variance, Decimal(0)).sqrt() for variance in variances]
        yield from self._rows(kpi, months, cohorts.exact_sums(mean), deviations, bounds)

    def _means(
        self, kpi: str, numerator: Decimals, denominator: Decimals, contribution: Contribution
    ) -> Iterator[Expectation]:
        above, below = (self._cohorts.proportions.exact_sums(part) for part in (numerator, denominator))
        some = np.flatnonzero(floats(below) > _NEVER)
        if not some.size:
            return
        many = _MANY_OF_A_LIFE if self._scenario.has_life else _MANY
        mean = Mean(self._counting(some, contribution), contribution, many)
        bounds = [
            *_outwards(mean.quantiles(OUTSIDE_BAND / 2)),
            *_outwards(mean.guaranteed(self._implausible[kpi])),
        ]
        yield from self._rows(kpi, some, above[some] / below[some], [None] * len(some), bounds)

    def _counting(self, months: Iterable[int], contribution: Contribution) -> Cohorts:
        """The companies of some months, without those that can't contribute if there are several cohorts."""
        cohorts = self._cohorts.months(months)
        return cohorts if cohorts.are_single else cohorts.with_a_chance(contribution.chances)

    def _rows(
        self,
        kpi: str,
        months: Iterable[int],
        expected: Decimals,
        deviations: Sequence[Decimal | None],
        bounds: Sequence[Sequence[Decimal]],
    ) -> Iterator[Expectation]:
        for month, value, deviation, lower, upper, lowest, highest in zip(
            months, expected, deviations, *bounds, strict=True
        ):
            yield Expectation(
                self._periods[month],
                self._name,
                kpi,
                expected=_rounded(value),
                standard_deviation=None if deviation is None else _rounded(deviation),
                lower_95=lower,
                upper_95=upper,
                lowest_plausible=lowest,
                highest_plausible=highest,
            )


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(PLACES, ROUND_HALF_EVEN)


def _outwards(bounds: Bounds) -> tuple[list[Decimal], list[Decimal]]:
    """Rounded so that no bound comes closer."""
    lower, upper = bounds
    return (
        [Decimal(float(number)).quantize(PLACES, ROUND_FLOOR) for number in lower],
        [Decimal(float(number)).quantize(PLACES, ROUND_CEILING) for number in upper],
    )
