"""What to expect of every figure before a single draw, in closed form; derived in docs/model/simulation.md."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal, localcontext
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from seed_generator.expectations.bounds import Bounds, Contribution, Floats, Mean, Total
from seed_generator.scenario import ALL_SIZES, CompanySize, Scenario

# The band for drawing holds 95 of 100 simulations. One right simulation in a million, at the most, has a figure that
# is not plausible.
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

PLACES = Decimal("1e-8")

_PRECISION = Context(prec=60)  # decimals, so that every machine comes to the same digits
_CENTS = 100
_NEVER = 1e-290  # what is less probable can't be told from 0

Decimals = NDArray[np.object_]


@dataclass(frozen=True)
class Expectation:
    """What to expect of one figure.

    Parameters
    ----------
    period, company_size, kpi : which figure; `company_size` may be `all`.
    expected : its expected value; that of a mean or a rate holds given that it has a denominator.
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


def silence_probability(size: CompanySize) -> Decimal:
    """The probability of a month without a session.

    The count is base ± U{0..spread} with a fair sign, so only the one of 2 (spread + 1) outcomes that takes all of
    the base away is silent.
    """
    if size.base_sessions == 0:
        return Decimal(1)
    return _PRECISION.divide(1, 2 * (size.spread + 1)) if size.spread == size.base_sessions else Decimal(0)


def expected_sessions(scenario: Scenario) -> Decimal:
    """How many sessions all months have together."""
    with localcontext(_PRECISION):
        return sum(_Chances(scenario, scenario.sizes).sessions, Decimal(0)) * scenario.companies


def expected_kpis(scenario: Scenario) -> list[Expectation]:
    """Every figure of every month and size and of all sizes, month by month.

    A mean or a rate that can have no denominator is left out.
    """
    periods = scenario.periods
    groups = [(size.name, (size,)) for size in scenario.sizes] + [(ALL_SIZES, scenario.sizes)]
    implausible = OUTSIDE_PLAUSIBLE / (2 * len(periods) * len(groups) * len(KPIS))  # for each bound its part
    with localcontext(_PRECISION):
        rows = [list(_expectations(scenario, name, sizes, implausible)) for name, sizes in groups]
    order = {period: place for place, period in enumerate(periods)}
    return sorted(chain.from_iterable(rows), key=lambda row: order[row.period])


class _Chances:
    """What happens to a single company, as decimals of shape (months, sizes) or summed over the sizes, (months,)."""

    def __init__(self, scenario: Scenario, sizes: Sequence[CompanySize]) -> None:
        survival = np.array([1 - silence_probability(size) for size in sizes], object)
        base, price = _of(sizes, "base_sessions"), _of(sizes, "monthly_price")
        share = np.array([_share(scenario, size) for size in sizes], object)
        later_months = np.tile(survival, (scenario.months - 1, 1))
        self.opening_by_size: Decimals = np.vstack([share, later_months]).cumprod(axis=0)
        self.active_by_size: Decimals = self.opening_by_size * survival
        self.opening: Decimals = self.opening_by_size.sum(axis=1)
        self.active: Decimals = self.active_by_size.sum(axis=1)
        self.sessions: Decimals = self.opening_by_size @ base
        self.revenue: Decimals = self.active_by_size @ price
        # Mean squares; the variance of ± U{0..spread} is spread (2 spread + 1) / 6.
        spread = _of(sizes, "spread")
        self.sessions_squared: Decimals = self.opening_by_size @ (base**2 + spread * (2 * spread + 1) / 6)
        self.revenue_squared: Decimals = self.active_by_size @ price**2
        self.sizes = sizes

    def one(self, chance: Decimals) -> Contribution:
        """A company counts as one, with that chance."""
        return Contribution(np.array([1]), _floats(chance)[:, np.newaxis], _floats(1 - chance))

    def session_counts(self) -> Contribution:
        """A company that is active has so many sessions."""
        counts = np.arange(1, max(size.base_sessions + size.spread for size in self.sizes) + 1)
        laws = np.array([_count_chances(size, counts) for size in self.sizes])
        return Contribution(counts, _floats(self.opening_by_size) @ laws, _floats(1 - self.active))

    def kept(self) -> Contribution:
        """A company that was a customer when the month began is active, which is 1, or not, which is 0."""
        chances = np.column_stack([_floats(self.opening - self.active), _floats(self.active)])
        return Contribution(np.array([0, 1]), chances, _floats(1 - self.opening))

    def payments(self) -> Contribution:
        """A company that is active pays its price, here in cents."""
        prices = np.array([int(size.monthly_price * _CENTS) for size in self.sizes])
        some = (prices > 0) & (self.active_by_size[0] > 0)
        pays = self.active_by_size[:, some]
        return Contribution(prices[some], _floats(pays), _floats(1 - pays.sum(axis=1)))


def _expectations(
    scenario: Scenario, name: str, sizes: Sequence[CompanySize], implausible: float
) -> Iterator[Expectation]:
    n, periods, chances = scenario.companies, scenario.periods, _Chances(scenario, sizes)
    churned = chances.opening - chances.active
    active = Total(n, chances.one(chances.active))
    if len(sizes) == 1:  # of whole prices, so that no distribution of its own is needed
        payments, unit = active, sizes[0].monthly_price
    else:
        payments, unit = Total(n, chances.payments()), Decimal(1) / _CENTS
    totals = {
        "active_companies": (chances.active, chances.active, active, Decimal(1)),
        "churned_companies": (churned, churned, Total(n, chances.one(churned)), Decimal(1)),
        "sessions": (chances.sessions, chances.sessions_squared, Total(n, chances.session_counts()), Decimal(1)),
        "revenue": (chances.revenue, chances.revenue_squared, payments, unit),
    }
    for kpi, (mean, mean_square, total, unit) in totals.items():
        deviation = [(n * max(variance, Decimal(0))).sqrt() for variance in mean_square - mean**2]
        bounds = [_whole(bound, unit) for bound in (*total.quantiles(OUTSIDE_BAND / 2), *total.guaranteed(implausible))]
        yield from _rows([(period, name, kpi) for period in periods], n * mean, deviation, bounds)
    ratios = {
        "avg_sessions_per_company": (chances.sessions, chances.active, chances.session_counts()),
        "retention_rate": (chances.active, chances.opening, chances.kept()),
    }
    for kpi, (numerator, denominator, contribution) in ratios.items():
        some = np.flatnonzero(_floats(denominator) > _NEVER)
        if not some.size:
            continue
        mean = Mean(n, Contribution(contribution.values, contribution.chances[some], contribution.nothing[some]))
        band, plausible = mean.quantiles(OUTSIDE_BAND / 2), mean.guaranteed(implausible)
        bounds = [*_outwards(band), *_outwards(plausible)]
        figures = [(periods[month], name, kpi) for month in some]
        yield from _rows(figures, numerator[some] / denominator[some], [None] * len(some), bounds)


def _rows(
    figures: Sequence[tuple[date, str, str]],
    expected: Decimals,
    deviations: Sequence[Decimal | None],
    bounds: Sequence[Sequence[Decimal]],
) -> Iterator[Expectation]:
    for (period, company_size, kpi), value, deviation, lower, upper, lowest, highest in zip(
        figures, expected, deviations, *bounds, strict=True
    ):
        yield Expectation(
            period,
            company_size,
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


def _share(scenario: Scenario, size: CompanySize) -> Decimal:
    """Exactly what is drawn: the last size takes what the others leave of 1, whatever the sum of all is."""
    shares = [Decimal(repr(other.share)) for other in scenario.sizes]
    place = scenario.sizes.index(size)
    left = max(1 - sum(shares[:place], Decimal(0)), Decimal(0))
    return left if size == scenario.sizes[-1] else min(shares[place], left)


def _count_chances(size: CompanySize, counts: NDArray[np.int64]) -> Floats:
    """Of each session count above 0, in a month of a customer: ±0 is one count and two of the equal outcomes."""
    reached = np.abs(counts - size.base_sessions) <= size.spread
    chances: Floats = reached * (1.0 + (counts == size.base_sessions)) / (2 * (size.spread + 1))
    return chances


def _whole(bound: Floats, unit: Decimal) -> list[Decimal]:
    return [int(number) * unit for number in bound]


def _outwards(bounds: Bounds) -> tuple[list[Decimal], list[Decimal]]:
    """Rounded so that no bound comes closer."""
    lower, upper = bounds
    return (
        [Decimal(float(number)).quantize(PLACES, ROUND_FLOOR) for number in lower],
        [Decimal(float(number)).quantize(PLACES, ROUND_CEILING) for number in upper],
    )


def _of(sizes: Sequence[CompanySize], name: str) -> Decimals:
    return np.array([Decimal(getattr(size, name)) for size in sizes], object)


def _floats(decimals: Decimals) -> Floats:
    return decimals.astype(np.float64)
