"""What to expect of the figures of marts.rpt_subscription_metrics, in closed form; derived in docs/model/simulation.md.

A company adds to a figure by what it paid and what it pays. Prices change, so months with the same prices, then and
now, are computed together.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from math import gcd

import numpy as np

from seed_generator.expectations.alike import few_laws
from seed_generator.expectations.bounds import Bounds, Contribution, Total
from seed_generator.expectations.chances import CENTS, Chances, floats, rest_of
from seed_generator.expectations.cohorts import Cohorts, Decimals, Floats, Whole
from seed_generator.expectations.expectation import OUTSIDE_BAND, Expectation, expectations_of, outwards
from seed_generator.expectations.payments import YEAR, Outcomes, Payments
from seed_generator.expectations.weighted_ratios import Parts, WeightedRatio
from seed_generator.scenario import Scenario

GAINS = ("new_mrr", "reactivation_mrr", "expansion_mrr", "moved_in_mrr")
LOSSES = ("contraction_mrr", "churned_mrr", "moved_out_mrr")
COUNTS = (
    "new_paying_companies",
    "reactivated_companies",
    "expanded_companies",
    "contracted_companies",
    "lost_paying_companies",
)
MONTHLY_RATIOS = (
    "net_revenue_retention_1m",
    "gross_revenue_retention_1m",
    "revenue_churn_rate",
    "quick_ratio",
    "avg_revenue_per_company",
)
YEARLY_RATIOS = ("net_revenue_retention_12m", "gross_revenue_retention_12m")
# The figures, by their names in marts.rpt_subscription_metrics.
SUBSCRIPTION_KPIS = (*GAINS, *LOSSES, *COUNTS, *MONTHLY_RATIOS, *YEARLY_RATIOS)

_NEVER = 1e-30  # what is less probable does not happen, and its bounds would need more digits than a float has


@dataclass(frozen=True)
class _Months:
    """Months with the same prices: the outcomes of the laws that hold in them, and the companies by these laws."""

    periods: list[date]
    outcomes: Outcomes
    cohorts: Cohorts


class Subscriptions:
    """The figures of a scenario.

    Parameters
    ----------
    scenario : whose.
    chances : of the scenario.
    implausible : the chance that each figure may have on either side of its plausible bounds.
    """

    def __init__(self, scenario: Scenario, chances: Chances, implausible: float) -> None:
        self._implausible = implausible
        self._known: dict[tuple[date, bytes, bytes], tuple[Bounds, Bounds]] = {}
        payments = Payments(scenario, chances)
        self._months, self._years = (
            [
                _Months([scenario.periods[month] for month in alike], outcomes_of(laws, paid, pays), cohorts)
                for alike, paid, pays in payments.price_pairs(months_ago)
                for laws, cohorts in [payments.cohorts.months(alike).used()]
            ]
            for months_ago, outcomes_of in ((1, payments.of_a_month), (YEAR, payments.of_a_year))
        )

    def expectations(self, company_size: str, places: Sequence[int]) -> Iterator[Expectation]:
        """Those of one size, or of several together, by their places in the scenario."""
        for months in self._months:
            for kpi, amounts in _sums(months.outcomes, places).items():
                yield from self._of_sum(months, company_size, kpi, amounts)
            for kpi, parts in _monthly_ratios(months.outcomes, places).items():
                yield from self._of_ratio(months, company_size, kpi, *parts)
        for months in self._years:
            for kpi, parts in zip(YEARLY_RATIOS, _retained(months.outcomes, places), strict=True):
                yield from self._of_ratio(months, company_size, kpi, *parts)

    def _of_sum(self, months: _Months, company_size: str, kpi: str, amounts: Whole) -> Iterator[Expectation]:
        unit = Decimal(1) if kpi in COUNTS else Decimal(1) / CENTS
        (values,), chances = _distinct(months.outcomes.chances, amounts)
        if not values.size:  # nothing of the kind can happen
            zeros = [Decimal(0)] * len(months.periods)
            yield from expectations_of(months.periods, (company_size, kpi), zeros, zeros, [zeros] * 4)
            return
        mean, square = (chances @ (values.astype(object) * unit) ** power for power in (1, 2))
        sides = self._sides(months, values, chances)
        sign = -1 if kpi in LOSSES else 1
        bounds = [[sign * int(number) * unit for number in side] for ends in sides for side in ends[::sign]]
        yield from expectations_of(
            months.periods,
            (company_size, kpi),
            sign * months.cohorts.exact_sums(mean) + Decimal(0),  # not -0
            [max(variance, Decimal(0)).sqrt() for variance in months.cohorts.exact_sums(square - mean**2)],
            bounds,
        )

    def _sides(self, months: _Months, values: Whole, chances: Decimals) -> tuple[Bounds, Bounds]:
        """The band and the plausible bounds of a sum. Several sums are the same but for their unit."""
        unit = gcd(*values.tolist())
        contribution = Contribution(values // unit, floats(chances), rest_of(chances.sum(axis=1)))
        key = (months.periods[0], contribution.values.tobytes(), contribution.chances.tobytes())
        if key not in self._known:
            cohorts = _counting(months.cohorts, contribution.chances)
            band = Total(*few_laws(cohorts, contribution)).quantiles(OUTSIDE_BAND / 2)
            self._known[key] = band, Total(cohorts, contribution).guaranteed(self._implausible)
        (lower, upper), (lowest, highest) = self._known[key]
        return (lower * unit, upper * unit), (lowest * unit, highest * unit)

    def _of_ratio(
        self, months: _Months, company_size: str, kpi: str, above: Whole, below: Whole
    ) -> Iterator[Expectation]:
        pairs, chances = _distinct(months.outcomes.chances, above, below)
        means = [months.cohorts.proportions.exact_sums(chances @ values.astype(object)) for values in pairs]
        some = np.flatnonzero(floats(means[1]) > _NEVER)
        if not some.size:
            return
        parts = Parts(pairs[0], pairs[1], floats(chances), rest_of(chances.sum(axis=1)))
        ratio = WeightedRatio(_counting(months.cohorts.months(some), parts.chances), parts)
        unit = CENTS if kpi == "avg_revenue_per_company" else 1
        plausible = ratio.guaranteed(self._implausible)
        band = ratio.quantiles(OUTSIDE_BAND / 2, plausible)
        yield from expectations_of(
            [months.periods[month] for month in some],
            (company_size, kpi),
            means[0][some] / means[1][some] / unit,
            [None] * len(some),
            [end for lower, upper in (band, plausible) for end in outwards((lower / unit, upper / unit))],
        )


def _sums(of: Outcomes, places: Sequence[int]) -> dict[str, Whole]:
    """What each outcome adds to each sum of some sizes, in cents or companies; losses as what is lost."""
    now, before = np.isin(of.now, places), np.isin(of.before, places)
    begins, ends, stays = (of.paid == 0) & (of.pays > 0), (of.paid > 0) & (of.pays == 0), (of.paid > 0) & (of.pays > 0)
    change, moved = of.pays - of.paid, stays & (of.now != of.before)
    counts = {
        "new": begins & ~of.has_paid & now,
        "reactivation": begins & of.has_paid & now,
        "expansion": stays & (change > 0) & now,
        "contraction": stays & (change < 0) & now,
        "churned": ends & before,
    }
    amounts = {f"{movement}_mrr": counted * np.abs(change) for movement, counted in counts.items()}
    amounts |= {"moved_in_mrr": moved * now * of.paid, "moved_out_mrr": moved * before * of.paid}
    return amounts | {kpi: counted * 1 for kpi, counted in zip(COUNTS, counts.values(), strict=True)}


def _monthly_ratios(of: Outcomes, places: Sequence[int]) -> dict[str, tuple[Whole, Whole]]:
    """What each outcome adds above and below the line."""
    sums, now, before = _sums(of, places), np.isin(of.now, places), np.isin(of.before, places)
    gained = sums["new_mrr"] + sums["reactivation_mrr"] + sums["expansion_mrr"]
    lost = sums["contraction_mrr"] + sums["churned_mrr"]
    parts = (
        *_retained(of, places),
        (lost, before * of.paid),
        (gained, lost),
        (now * of.pays, 1 * (now & (of.pays > 0))),
    )
    return dict(zip(MONTHLY_RATIOS, parts, strict=True))


def _retained(of: Outcomes, places: Sequence[int]) -> tuple[tuple[Whole, Whole], tuple[Whole, Whole]]:
    """The same of net and of gross revenue retention."""
    paid = np.isin(of.before, places) * of.paid
    return ((paid > 0) * of.pays, paid), (np.minimum(paid, of.pays), paid)


def _distinct(chances: Decimals, *values: Whole) -> tuple[list[Whole], Decimals]:
    """The different values that outcomes have, without those that are 0 all, and their chances, (laws, values)."""
    different, places = np.unique(np.stack(values), axis=1, return_inverse=True)
    places = places.ravel()  # NumPy 2.0 alone keeps an axis
    some = np.flatnonzero(different.any(axis=0))
    of_values = np.full((len(chances), len(some)), Decimal(0))
    for number, place in enumerate(some):
        of_values[:, number] = chances[:, places == place].sum(axis=1)
    return list(different[:, some]), of_values


def _counting(cohorts: Cohorts, chances: Floats) -> Cohorts:
    """Without the companies that can't contribute if there are several cohorts."""
    return cohorts if cohorts.are_single else cohorts.with_a_chance(chances)
