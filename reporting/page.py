"""The leadership page: one HTML file without a script, drawn from the rows of `rpt_leadership_page`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2

from reporting.charts import Chart, Series, line_chart
from reporting.kpis import FEW_COMPANIES, NOTHING, RETENTION, REVENUE, USAGE, Change, Kpi, change, compact
from reporting.project import ALL_SIZES, MonthlyKpis
from reporting.sentences import companies, counted, headline, month_name, sentence, short_month, size_name

_TEMPLATES = Path(__file__).parent / "templates"
_KPIS = (REVENUE, RETENTION, USAGE)
_WORDS = ("period", "acquired_companies", "opening_companies", "active_companies", "churned_companies", "sessions")
_STYLES = 6  # of lines that the style sheet tells apart, beside the total's
_MOST_LINES = 4  # sizes that are drawn together with the total
_MOST_READOUTS = 120  # months that a pointer finds one by one
_YEAR = 12


@dataclass(frozen=True)
class _Comparison:
    """A change, and since when."""

    change: Change
    since: str


@dataclass(frozen=True)
class _Expected:
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
class _Readout:
    """What a pointer over a month is told."""

    x: float
    width: float
    month: str
    lines: Sequence[tuple[str, int, str]]
    expected: str


@dataclass(frozen=True)
class _View:
    """A KPI of one size, or of all."""

    size: str
    name: str
    style: int
    exact: str
    shown: str
    counts: str
    comparisons: Sequence[_Comparison]
    expected: _Expected | None
    few: str
    has_hollow_dots: bool
    sentence: str
    chart: Chart
    chart_name: str
    readouts: Sequence[_Readout]


@dataclass(frozen=True)
class _Section:
    """A KPI with its definition and a view of each size, that of the total first."""

    kpi: Kpi
    definition: str
    views: Sequence[_View]


class _Company:
    """The rows, found by size."""

    def __init__(self, rows: Sequence[MonthlyKpis]) -> None:
        self.periods = sorted({row.period for row in rows})
        names = dict.fromkeys(row.company_size for row in rows)
        self.sizes = [ALL_SIZES, *(name for name in names if name != ALL_SIZES)]
        self.months = {size: [row for row in rows if row.company_size == size] for size in self.sizes}

    def style(self, size: str) -> int:
        """0 is the total's; sizes take turns where there are many."""
        return 0 if size == ALL_SIZES else (self.sizes.index(size) - 1) % _STYLES + 1


def leadership_page(rows: Sequence[MonthlyKpis], definition: Callable[[str], str], source: str) -> str:
    """The page as HTML; the same rows give the same text.

    Parameters
    ----------
    rows : for every month and size one, and one for `all`; at least one month.
    definition : what a word means, by its name in `models/vocabulary.md`.
    source : where the rows come from, as told to people.
    """
    company = _Company(rows)
    last = company.months[ALL_SIZES][-1]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(month=month_name, short_month=short_month, size_name=size_name, companies=companies)
    cells = sum(row.company_size != ALL_SIZES for row in rows)
    page = environment.get_template("page.html.jinja").render(
        headline=headline(company.months[ALL_SIZES]),
        acquired=counted(company.months[ALL_SIZES][0].opening_companies, "customer"),
        first=company.periods[0],
        last=last.period,
        sizes=company.sizes,
        sections=[_section(kpi, company, definition) for kpi in _KPIS],
        months=company.months,
        kpis={kpi.column: kpi for kpi in _KPIS},
        few_companies=FEW_COMPANIES,
        words=[(word.replace("_", " ").capitalize(), definition(word)) for word in _WORDS],
        cells=cells,
        agreeing=last.cells_as_in_the_books,
        has_books=last.cells_in_the_books > 0,
        agrees=cells == last.cells_in_the_books == last.cells_as_in_the_books,
        seed=last.seed,
        source=source,
        tick=_tick,
    )
    return page.lstrip()  # of the lines that the macros' definitions leave


def _section(kpi: Kpi, company: _Company, definition: Callable[[str], str]) -> _Section:
    return _Section(kpi, definition(kpi.column), [_view(kpi, size, company) for size in company.sizes])


def _view(kpi: Kpi, size: str, company: _Company) -> _View:
    months = company.months[size]
    last = months[-1]
    drawn = [size]
    if size == ALL_SIZES and 1 < len(company.sizes) - 1 <= _MOST_LINES:
        drawn = company.sizes
    series = [_series(kpi, one, company, has_band=one == size) for one in drawn]
    figure = kpi.of(last)
    chart = line_chart(company.periods, series, are_shares=kpi.is_share)
    return _View(
        size=size,
        name=companies(size),
        style=company.style(size),
        exact="" if figure is None else str(figure),
        shown=NOTHING if figure is None else kpi.brief(figure),
        counts=_counts(kpi, last),
        comparisons=_comparisons(kpi, months),
        expected=_expected(kpi, last),
        few=_few(kpi, last),
        sentence=sentence(kpi, months),
        has_hollow_dots=any(dot.is_hollow for line in chart.lines for dot in line.dots),
        chart=chart,
        chart_name=f"Line chart: {kpi.title} of {companies(size).lower()} by month, {month_name(months[0].period)}"
        f" to {month_name(last.period)}. The table below has every figure.",
        readouts=_readouts(kpi, drawn, company) if len(months) <= _MOST_READOUTS else [],
    )


def _series(kpi: Kpi, size: str, company: _Company, *, has_band: bool) -> Series:
    months = company.months[size]
    figures = [kpi.of(row) for row in months]
    bands = [kpi.band(row) for row in months]
    has_band = has_band and any(bands)
    return Series(
        label=size_name(size),
        style=company.style(size),
        values=[None if figure is None else float(figure) for figure in figures],
        few=[_behind(kpi, row) < FEW_COMPANIES for row in months],
        lower=[None if band is None else float(band[0]) for band in bands] if has_band else (),
        upper=[None if band is None else float(band[1]) for band in bands] if has_band else (),
    )


def _behind(kpi: Kpi, row: MonthlyKpis) -> int:
    """How many companies a figure is a share or a mean of; of money it is no question, so that many."""
    return {RETENTION: row.opening_companies, USAGE: row.active_companies}.get(kpi, FEW_COMPANIES)


def _few(kpi: Kpi, row: MonthlyKpis) -> str:
    """How much one company weighs in a figure of few; nothing in one of many."""
    companies_behind = _behind(kpi, row)
    if not 0 < companies_behind < FEW_COMPANIES:
        return ""
    weight = f"{100 / companies_behind:.1f}"
    return f"Of few companies: one more or less would be {weight} {'points' if kpi.is_share else 'percent of them'}."


def _counts(kpi: Kpi, row: MonthlyKpis) -> str:
    return {
        REVENUE: f"{counted(row.active_companies, 'company')} paid",
        RETENTION: f"{row.active_companies:,} of {counted(row.opening_companies, 'company')}",
        USAGE: f"{counted(row.sessions, 'session')}, {counted(row.active_companies, 'company')}",
    }[kpi]


def _comparisons(kpi: Kpi, months: Sequence[MonthlyKpis]) -> list[_Comparison]:
    """Against the month before, and against the same month a year before or else the first of all."""
    last = len(months) - 1
    earlier = dict.fromkeys([last - 1, max(last - _YEAR, 0)])
    rows = [months[index] for index in earlier if 0 <= index < last]
    found = [(row, change(kpi, kpi.of(months[last]), kpi.of(row))) for row in rows]
    return [_Comparison(it, f"{short_month(row.period)} {row.period.year}") for row, it in found if it]


def _expected(kpi: Kpi, row: MonthlyKpis) -> _Expected | None:
    figure, band = kpi.of(row), kpi.band(row)
    if figure is None or band is None:
        return None
    side = "below" if figure < band[0] else "above" if figure > band[1] else "inside"
    return _Expected(kpi.brief(band[0]), kpi.brief(band[1]), side)


def _readouts(kpi: Kpi, drawn: Sequence[str], company: _Company) -> list[_Readout]:
    count = len(company.periods)
    width = 100 / max(count - 1, 1)
    readouts = []
    for index, period in enumerate(company.periods):
        rows = {size: company.months[size][index] for size in drawn}
        expected = _expected(kpi, rows[drawn[0]])
        readouts.append(
            _Readout(
                x=round(width * index if count > 1 else 50.0, 2),
                width=round(width, 2),
                month=month_name(period),
                lines=[(size_name(size), company.style(size), _in_full(kpi, row)) for size, row in rows.items()],
                expected=f"{expected.lower} to {expected.upper}" if expected else "",
            )
        )
    return readouts


def _in_full(kpi: Kpi, row: MonthlyKpis) -> str:
    shown = kpi.shown(row)
    return f"{shown} ({row.active_companies:,} of {row.opening_companies:,})" if kpi is RETENTION else shown


def _tick(kpi: Kpi, value: float) -> str:
    if kpi.is_share:
        return f"{value:.0%}"
    return f"${compact(value)}" if kpi is REVENUE else compact(value)
