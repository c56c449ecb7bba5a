"""What the page shows of each KPI: a view of each size and of all sizes, and the table of months."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from reporting.charts import Chart, Series, line_chart
from reporting.kpis import Column, Kpi, Part
from reporting.rows import MonthlyKpis
from reporting.sentences import filled, sentence
from reporting.units import Change, change
from reporting.words import companies, companies_within, month_and_year, short_month, size_name, width
from seed_generator.rounding import written
from seed_generator.scenario import ALL_SIZES

_STYLES = 6  # of lines that the style sheet tells apart, beside the total's
_MOST_LINES = 4  # sizes that are drawn together with the total
_MOST_READOUTS = 120  # months that a pointer finds one by one
_WIDEST_READOUT = 20.0  # in percent of a plot, so that the last month's does not leave a phone
_YEAR = 12


@dataclass(frozen=True)
class Comparison:
    """A change, since when, and whether it is good news: `better`, `worse` or `level`."""

    change: Change
    since: str
    news: str


@dataclass(frozen=True)
class Expected:
    """The band of the last month, and on which side of it the figure is: `inside`, `above`, `below`."""

    lower: str
    upper: str
    side: str

    @property
    def said(self) -> str:
        """The side in words."""
        return {"inside": "As expected", "above": "More than expected", "below": "Less than expected"}[self.side]

    @property
    def symbol(self) -> str:
        """The side at a glance, whatever the colours."""
        return {"inside": "✓", "above": "▲", "below": "▼"}[self.side]


@dataclass(frozen=True)
class Readout:
    """What a pointer over a month is told."""

    x: float
    width: float
    month: str
    lines: Sequence[tuple[str, int, str]]
    expected: str


@dataclass(frozen=True)
class View:
    """A KPI of one size, or of all."""

    size: str
    name: str
    style: int
    exact: str
    shown: str
    counts: str
    comparisons: Sequence[Comparison]
    expected: Expected | None
    few: str
    has_hollow_dots: bool
    has_band: bool
    longest_name: int
    sentence: str
    chart: Chart
    chart_name: str
    readouts: Sequence[Readout]


@dataclass(frozen=True)
class Cell:
    """A cell of the table of months; `exact` is None where the cell shows two numbers."""

    shown: str
    exact: str | None
    is_of_few: bool


@dataclass(frozen=True)
class Section:
    """A KPI with its definition and a view of each size, that of the total first."""

    kpi: Kpi
    definition: str
    views: Sequence[View]


@dataclass(frozen=True)
class MonthTable:
    """The table of months of one size, or of all: the titles of its columns, and of each month a cell for each."""

    size: str
    titles: Sequence[str]
    rows: Sequence[tuple[date, Sequence[Cell]]]


class Company:
    """The rows, found by size; that of the total is the first size."""

    def __init__(self, rows: Sequence[MonthlyKpis]) -> None:
        self.periods = sorted({row.period for row in rows})
        names = dict.fromkeys(row.company_size for row in rows)
        self.sizes = [ALL_SIZES, *(name for name in names if name != ALL_SIZES)]
        self.months = {size: [row for row in rows if row.company_size == size] for size in self.sizes}

    def style(self, size: str) -> int:
        """0 is the total's; sizes take turns where there are many."""
        return 0 if size == ALL_SIZES else (self.sizes.index(size) - 1) % _STYLES + 1


def section_of(kpi: Kpi, company: Company, definition: str) -> Section:
    """The section of a KPI."""
    return Section(kpi, definition, [_view(kpi, size, company) for size in company.sizes])


def month_tables(kpis: Sequence[Kpi], company: Company) -> list[MonthTable]:
    """The figures of every month: a table of each size, that of the total first."""
    columns = [column for kpi in kpis for column in kpi.columns]
    return [
        MonthTable(
            size=size,
            titles=[column.title for column in columns],
            rows=[(row.period, [_cell(column, row) for column in columns]) for row in company.months[size]],
        )
        for size in company.sizes
    ]


def _view(kpi: Kpi, size: str, company: Company) -> View:
    months = company.months[size]
    last = months[-1]
    drawn = [size]
    if size == ALL_SIZES and 1 < len(company.sizes) - 1 <= _MOST_LINES:
        drawn = company.sizes
    series = [_series(kpi, one, company, has_band=one == size) for one in drawn]
    chart = line_chart(company.periods, series, are_shares=kpi.unit.is_share)
    return View(
        size=size,
        name=companies(size),
        style=company.style(size),
        exact=_exact(kpi, last),
        shown=kpi.brief(last),
        counts=filled(kpi.counts, kpi, last),
        comparisons=_comparisons(kpi, months),
        expected=_expected(kpi, last),
        few=_few(kpi, last),
        sentence=sentence(kpi, months),
        has_hollow_dots=any(dot.is_hollow for line in chart.lines for dot in line.dots),
        has_band=any(line.band for line in chart.lines),
        longest_name=max(width(line.label) for line in chart.lines),
        chart=chart,
        chart_name=f"Line chart: {kpi.title} of {companies_within(size)} by month, {month_and_year(months[0].period)}"
        f" to {month_and_year(last.period)}. The table below has every figure.",
        readouts=_readouts(kpi, drawn, company) if len(months) <= _MOST_READOUTS else [],
    )


def _series(kpi: Kpi, size: str, company: Company, *, has_band: bool) -> Series:
    months = company.months[size]
    figures = [kpi.of(row) for row in months]
    bands = [kpi.band(row) for row in months]
    has_band = has_band and any(bands)
    return Series(
        label=size_name(size),
        style=company.style(size),
        values=[None if figure is None else float(figure) for figure in figures],
        few=[kpi.is_of_few(row) for row in months],
        lower=[None if band is None else float(band[0]) for band in bands] if has_band else (),
        upper=[None if band is None else float(band[1]) for band in bands] if has_band else (),
    )


def _exact(column: Column, row: MonthlyKpis) -> str:
    figure = row.figures[column.name]  # as the mart has it
    return "" if figure is None else str(figure)


def _few(kpi: Kpi, row: MonthlyKpis) -> str:
    """How much one company weighs in a figure of few; nothing in one of many."""
    companies_behind = row.count(kpi.companies)
    if not kpi.is_of_few(row) or companies_behind == 0:
        return ""
    weight = f"{written(100 / companies_behind, 1)} {'points' if kpi.unit.is_share else 'percent of them'}"
    return f"Of few companies: one more or less would be {weight}."


def _comparisons(kpi: Kpi, months: Sequence[MonthlyKpis]) -> list[Comparison]:
    """Against the month before, and against the same month a year before or else the first of all."""
    last = len(months) - 1
    earlier = dict.fromkeys([last - 1, max(last - _YEAR, 0)])
    rows = [months[index] for index in earlier if 0 <= index < last]
    found = [(row, change(kpi.unit, kpi.of(months[last]), kpi.of(row))) for row in rows]
    return [Comparison(it, f"{short_month(row.period)} {row.period.year}", _news(kpi, it)) for row, it in found if it]


def _news(kpi: Kpi, it: Change) -> str:
    if it.direction == "level":
        return "level"
    return "better" if (it.direction == "up") == kpi.more_is_better else "worse"


def _expected(kpi: Kpi, row: MonthlyKpis) -> Expected | None:
    figure, band = kpi.of(row), kpi.band(row)
    if figure is None or band is None:
        return None
    shown, lower, upper = map(kpi.unit.brief, (figure, *band))
    # A figure that is written as an end of the band is inside, whatever the digits that are not written say.
    if shown in {lower, upper} or band[0] <= figure <= band[1]:
        return Expected(lower, upper, "inside")
    return Expected(lower, upper, "below" if figure < band[0] else "above")


def _readouts(kpi: Kpi, drawn: Sequence[str], company: Company) -> list[Readout]:
    count = len(company.periods)
    width = min(100 / max(count - 1, 1), _WIDEST_READOUT)
    readouts = []
    for index, period in enumerate(company.periods):
        rows = {size: company.months[size][index] for size in drawn}
        expected = _expected(kpi, rows[drawn[0]])
        readouts.append(
            Readout(
                x=round(width * index if count > 1 else 50.0, 2),
                width=round(width, 2),
                month=month_and_year(period),
                lines=[(size_name(size), company.style(size), kpi.with_parts(row)) for size, row in rows.items()],
                expected=f"{expected.lower} to {expected.upper}" if expected else "",
            )
        )
    return readouts


def _cell(column: Column, row: MonthlyKpis) -> Cell:
    if isinstance(column, Part):
        return Cell(column.shown(row), None, column.is_of_few(row))
    return Cell(column.shown(row), _exact(column, row), is_of_few=False)
