"""What the figures say, in words, so that the page can be read aloud."""

from collections.abc import Sequence
from dataclasses import dataclass

from reporting.kpis import Kpi
from reporting.rows import MonthlyKpis
from reporting.units import Change, change
from reporting.words import before_noun, counted, month, month_and_year

_ENOUGH_TO_RANK = 3


@dataclass(frozen=True)
class _Count:
    """A number that a text writes as `1,200`, or with a noun after a colon as `1,200 companies`."""

    number: int

    def __format__(self, noun: str) -> str:
        return counted(self.number, noun) if noun else f"{self.number:,}"


class _Words(dict[str, str | _Count]):
    """What a text may name: `size`, `month` and `figure`, and every count of the row by its column."""

    def __init__(self, kpi: Kpi, row: MonthlyKpis) -> None:
        super().__init__(size=before_noun(row.company_size), month=month_and_year(row.period), figure=kpi.brief(row))
        self._row = row

    def __missing__(self, column: str) -> _Count:
        return _Count(self._row.count(column))


def filled(text: str, kpi: Kpi, row: MonthlyKpis) -> str:
    """A text of a KPI with the words of a row.

    Parameters
    ----------
    text : as `{active_companies:{size}company} paid {figure} in {month}`. A noun after a count's colon makes
        `1 company` and `1,200 companies` of it.
    """
    return text.format_map(_Words(kpi, row))


def sentence(kpi: Kpi, months: Sequence[MonthlyKpis]) -> str:
    """One sentence on the last month.

    Parameters
    ----------
    months : at least one row of one size, by period.
    """
    last = months[-1]
    if last.count(kpi.companies) == 0:
        return f"{filled(kpi.nobody, kpi, last)}{_compared(kpi, months)}."
    return f"{filled(kpi.sentence, kpi, last)}{_compared(kpi, months)}{_rank(kpi, months)}."


def _compared(kpi: Kpi, months: Sequence[MonthlyKpis]) -> str:
    """How the last month differs from the one before, as the end of a sentence."""
    found = _change_since_last_month(kpi, months)
    if found is None:
        return ""
    before = month(months[-2].period)
    if found.direction == "level":
        return f", the same as in {before}"
    if found.is_hidden:
        return f", about the same as in {before}"
    if not found.amount:
        return f", after nothing in {before}"
    return f", {found.amount} {'more' if found.direction == 'up' else kpi.unit.less} than in {before}"


def _rank(kpi: Kpi, months: Sequence[MonthlyKpis]) -> str:
    """Whether the last month is the best or the worst of them, where there are enough of them to care.

    It is so only if no other month is written as the same figure: digits that are not shown make no rank.
    """
    there = [row for row in months if kpi.of(row) is not None]
    figures = [figure for figure in map(kpi.of, there) if figure is not None]
    written = [kpi.brief(row) for row in there]
    if len(figures) < _ENOUGH_TO_RANK or written.count(written[-1]) > 1:
        return ""
    if figures[-1] == max(figures):
        return f" and the most of {len(figures)} months"
    if figures[-1] == min(figures):
        return f" and the least of {len(figures)} months"
    return ""


def _change_since_last_month(kpi: Kpi, months: Sequence[MonthlyKpis]) -> Change | None:
    return change(kpi.unit, kpi.of(months[-1]), kpi.of(months[-2])) if len(months) > 1 else None
