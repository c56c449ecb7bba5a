"""One row of what is expected, and how its numbers are written."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from seed_generator.expectations.bounds import Bounds

# The band for drawing holds 95 of 100 simulations. One right simulation in a million, at the most, has a figure that
# is not plausible; one more has one of those that only a life beyond churn has; and one more a figure of subscriptions.
OUTSIDE_BAND = 0.05
OUTSIDE_PLAUSIBLE = 1e-6

PLACES = Decimal("1e-8")


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


def expectations_of(
    periods: Sequence[date],
    figure: tuple[str, str],
    expected: Iterable[Decimal],
    deviations: Iterable[Decimal | None],
    bounds: Sequence[Iterable[Decimal]],
) -> Iterator[Expectation]:
    """Of a figure, which is a size and a name, in some months; the four bounds are in the order of the fields."""
    for period, value, deviation, lower, upper, lowest, highest in zip(
        periods, expected, deviations, *bounds, strict=True
    ):
        yield Expectation(
            period,
            *figure,
            expected=_rounded(value),
            standard_deviation=None if deviation is None else _rounded(deviation),
            lower_95=lower,
            upper_95=upper,
            lowest_plausible=lowest,
            highest_plausible=highest,
        )


def outwards(bounds: Bounds) -> tuple[list[Decimal], list[Decimal]]:
    """Rounded so that no bound comes closer."""
    lower, upper = bounds
    return (
        [Decimal(float(number)).quantize(PLACES, ROUND_FLOOR) for number in lower],
        [Decimal(float(number)).quantize(PLACES, ROUND_CEILING) for number in upper],
    )


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(PLACES, ROUND_HALF_EVEN)
