"""What of a change is due to the mix of sizes, and not to any of them."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction

from reporting.kpis import Kpi
from reporting.rows import MonthlyKpis
from reporting.units import change
from reporting.words import companies_within, month_and_year
from seed_generator.rounding import share
from seed_generator.scenario import ALL_SIZES

_MOST = Fraction(1, 2)  # of a change
_DIRECTIONS = {"up": "rise", "down": "fall"}


def told_of_mix(kpi: Kpi, months: Mapping[str, Sequence[MonthlyKpis]], since: int) -> str:
    """A sentence, if most of the change of a ratio of all sizes is the mix; else nothing.

    The change of a mean over sizes is the sum of what the sizes' own figures changed, at the mean of the sizes' shares
    before and after, and of what the shares changed, at the mean of the figures: Marshall and Edgeworth's weights.

    Parameters
    ----------
    months : the rows of each size by month, those of `all` among them.
    since : the place of the month that the last one is compared with.
    """
    before, now = months[ALL_SIZES][since], months[ALL_SIZES][-1]
    found = change(kpi.unit, kpi.of(now), kpi.of(before))
    if not kpi.unit.is_ratio or found is None or found.is_slight:
        return ""
    total = _figure(kpi, now) - _figure(kpi, before)
    centre = (_figure(kpi, now) + _figure(kpi, before)) / 2
    parts: dict[str, tuple[Fraction, Fraction, Fraction]] = {}
    for size, rows in months.items():
        if size != ALL_SIZES:
            earlier, later = (_share(kpi, rows[place], months[ALL_SIZES][place]) for place in (since, -1))
            figures = [_figure(kpi, rows[place]) for place in (since, -1) if kpi.of(rows[place]) is not None]
            own = sum(figures, Fraction(0)) / len(figures) if figures else centre
            parts[size] = ((later - earlier) * (own - centre), earlier, later)
    of_mix = sum((part for part, _, _ in parts.values()), Fraction(0))
    if of_mix / total < _MOST:
        return ""
    # The size that did most for it; one of which there are more says why, before one of which there are fewer.
    along = {name: part / total for name, (part, _, _) in parts.items()}
    size = max(parts, key=lambda name: (along[name] > 0 and parts[name][2] > parts[name][1], along[name]))
    _, earlier, later = parts[size]
    if _written(later) == _written(earlier):
        return ""
    much = "The" if of_mix / total >= 1 else "Most of the"
    return (
        f"{much} {_DIRECTIONS[found.direction]} since {month_and_year(before.period)} is the mix:"
        f" {companies_within(size)} are {_written(later)} of customers, {'up' if later > earlier else 'down'} from"
        f" {_written(earlier)}."
    )


def _figure(kpi: Kpi, row: MonthlyKpis) -> Fraction:
    return Fraction(kpi.of(row) or 0)


def _share(kpi: Kpi, row: MonthlyKpis, whole: MonthlyKpis) -> Fraction:
    return Fraction(row.count(kpi.companies), whole.count(kpi.companies))


def _written(part: Fraction) -> str:
    return share(Decimal(part.numerator) / part.denominator, 0)
