"""What to expect of every figure before a single draw, in closed form; derived in docs/model/simulation.md."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, localcontext
from itertools import chain, groupby

import numpy as np

from seed_generator.expectations.bounds import Contribution, Total
from seed_generator.expectations.chances import CENTS, PRECISION, Chances, GroupChances, floats
from seed_generator.expectations.cohorts import Cohorts, Decimals
from seed_generator.expectations.expectation import (
    OUTSIDE_BAND,
    OUTSIDE_PLAUSIBLE,
    Expectation,
    expectations_of,
    outwards,
)
from seed_generator.expectations.ratios import Mean
from seed_generator.expectations.subscriptions import SUBSCRIPTION_KPIS, Subscriptions
from seed_generator.scenario import ALL_SIZES, Scenario

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

# From so many companies on, cumulants may tell the band of a ratio. Without a life it is fewer: so its digits stay.
_MANY = 10
_MANY_OF_A_LIFE = 100
_ONE = Decimal(1)
_NEVER = 1e-290  # what is less probable can't be told from 0


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
        if scenario.has_life:
            subscriptions = Subscriptions(scenario, chances, _implausible(scenario, len(SUBSCRIPTION_KPIS)))
            for row, (name, places) in zip(rows, groups, strict=True):
                row.extend(subscriptions.expectations(name, places))
    order = {period: place for place, period in enumerate(scenario.periods)}
    return sorted(chain.from_iterable(rows), key=lambda row: order[row.period])


def _implausible(scenario: Scenario, kpis: int) -> float:
    """For each bound of so many figures its part of their chance."""
    return OUTSIDE_PLAUSIBLE / (2 * scenario.months * (len(scenario.sizes) + 1) * kpis)


class _Group:
    """The figures of one size or of all."""

    def __init__(self, scenario: Scenario, chances: Chances, name: str, places: Sequence[int]) -> None:
        self._scenario, self._periods, self._name = scenario, scenario.periods, name
        self._cohorts = chances.cohorts
        self._chances = GroupChances(chances, places)
        self._implausible = {kpi: _implausible(scenario, len(kpis)) for kpis in (KPIS, LIFE_KPIS) for kpi in kpis}

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
            *outwards(mean.quantiles(OUTSIDE_BAND / 2)),
            *outwards(mean.guaranteed(self._implausible[kpi])),
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
        periods = [self._periods[month] for month in months]
        return expectations_of(periods, (self._name, kpi), expected, deviations, bounds)
