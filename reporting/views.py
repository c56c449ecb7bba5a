"""What the page shows of each KPI: a view of each size and of all sizes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reporting.charts import Chart, Series, Spark, Values, across, line_chart, longest_name, sparkline
from reporting.judgement import Expected, judged
from reporting.kpis import Column, Kpi
from reporting.life import Life
from reporting.mix import told_of_mix
from reporting.rows import MonthlyKpis, place_a_year_before
from reporting.sentences import filled, sentence
from reporting.units import Change, change
from reporting.words import companies, companies_within, month_and_year, short_month, size_name
from seed_generator.rounding import written
from seed_generator.scenario import ALL_SIZES

_STYLES = 6  # of lines that the style sheet tells apart, beside the total's
MOST_LINES = 4  # sizes that are drawn together with the total
_MOST_READOUTS = 240  # months of all views that a pointer finds one by one, or else the file grows too large
_WIDEST_READOUT = 20.0  # in percent of a plot, so that the last month's does not leave a phone


@dataclass(frozen=True)
class Comparison:
    """A change, since when, and whether it is good news: `better`, `worse`, or `level` if it is no news."""

    change: Change
    since: str
    news: str


@dataclass(frozen=True)
class Readout:
    """What a pointer over a month is told."""

    x: float
    width: float
    month: str
    lines: Sequence[tuple[str, int, str]]
    expected: str


@dataclass(frozen=True)
class Small:
    """A small chart of one size: how it is called, its last figure, and its line."""

    name: str
    shown: str
    spark: Spark


@dataclass(frozen=True)
class View:
    """A KPI of one size, or of all.

    Parameters
    ----------
    spark : of the whole time, for where there is little room.
    others : where sizes are too many for one chart, a small one of each.
    """

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
    mix: str
    spark: Spark
    chart: Chart
    chart_name: str
    has_ahead: bool
    others: Sequence[Small]
    readouts: Sequence[Readout]


@dataclass(frozen=True)
class Section:
    """A KPI with a view of each size, that of the total first."""

    kpi: Kpi
    views: Sequence[View]


class Company:
    """The rows, found by size; that of the total is the first size.

    Parameters
    ----------
    rows : for every month and size one, and one for `all`; at least one month.
    ahead : the same for the months to come, with the expected figures; may be empty. A size without customers, in a
        company that acquires none, loses its expected figures here.
    life : what else there is, if customers come, return and change.
    """

    def __init__(
        self, rows: Sequence[MonthlyKpis], ahead: Sequence[MonthlyKpis] = (), life: Life | None = None
    ) -> None:
        self.life = life
        self.periods = sorted({row.period for row in rows})
        names = dict.fromkeys(row.company_size for row in rows)
        self.sizes = [ALL_SIZES, *(name for name in names if name != ALL_SIZES)]
        self.months, self.ahead = (
            {size: [row for row in of_all if row.company_size == size] for size in self.sizes}
            for of_all in (rows, ahead)
        )
        for size in self.sizes if life is None else ():
            if not self.months[size][-1].count("active_companies"):
                self.ahead[size] = [replace(row, figures=dict.fromkeys(row.figures)) for row in self.ahead[size]]
        is_over = life is None and not self.months[ALL_SIZES][-1].count("active_companies")
        self.periods_ahead = [] if is_over else sorted({row.period for row in ahead})

    def judged(self, kpi: Kpi, row: MonthlyKpis, kpis: int) -> Expected | None:
        """What is to be said of a figure, beside the others of the last month."""
        return judged(kpi, row, self.judged_together(kpis))

    def judged_together(self, kpis: int) -> int:
        """How many figures a month has: those of so many KPIs, of every size."""
        return kpis * len(self.sizes)

    def style(self, size: str) -> int:
        """0 is the total's; sizes take turns where there are many."""
        return 0 if size == ALL_SIZES else (self.sizes.index(size) - 1) % _STYLES + 1


def section_of(kpi: Kpi, company: Company, kpis: int) -> Section:
    """The section of a KPI, which is one of so many."""
    return Section(kpi, [_view(kpi, size, company, kpis) for size in company.sizes])


def _view(kpi: Kpi, size: str, company: Company, kpis: int) -> View:
    months = company.months[size]
    last = months[-1]
    sizes = company.sizes[1:]
    drawn = [size]
    if size == ALL_SIZES and 1 < len(sizes) <= MOST_LINES:
        drawn = company.sizes
    is_alone = len(drawn) == 1
    series = [_series(kpi, one, company, is_alone=is_alone, has_band=one == size) for one in drawn]
    chart = line_chart([*company.periods, *company.periods_ahead], series, are_shares=kpi.unit.is_share)
    has_ahead = any(line.path_ahead for line in chart.lines)
    expected = company.judged(kpi, last, kpis)
    return View(
        size=size,
        name=companies(size),
        style=company.style(size),
        exact=_exact(kpi, last),
        shown=_shown(kpi, last),
        counts=filled(kpi.counts, kpi, last),
        comparisons=_comparisons(kpi, months, is_news=not (expected and not expected.is_surprising)),
        expected=expected,
        few=_few(kpi, last),
        sentence=sentence(kpi, months),
        mix=told_of_mix(kpi, company.months, place_a_year_before(months)) if size == ALL_SIZES else "",
        spark=_spark(kpi, months),
        has_hollow_dots=any(dot.is_hollow for line in chart.lines for dot in line.dots),
        has_band=any(line.band for line in chart.lines),
        has_ahead=has_ahead,
        longest_name=longest_name(chart.lines, with_values=not has_ahead),
        others=[
            Small(size_name(one), kpi.brief(company.months[one][-1]), _spark(kpi, company.months[one]))
            for one in (sizes if size == ALL_SIZES and len(sizes) > MOST_LINES else ())
        ],
        chart=chart,
        chart_name=f"Line chart: {kpi.title} of {companies_within(size)} by month, {month_and_year(months[0].period)}"
        f" to {month_and_year(last.period)}. The table below has every figure.",
        readouts=_readouts(kpi, drawn, company) if len(months) * len(company.sizes) <= _MOST_READOUTS else [],
    )


def _spark(kpi: Kpi, months: Sequence[MonthlyKpis]) -> Spark:
    return sparkline(*_values(kpi, months))


def _values(kpi: Kpi, months: Sequence[MonthlyKpis]) -> tuple[Values, Values, Values]:
    """The figures of some months, and the ends of their bands; these are empty if no month has any."""
    figures = [kpi.of(row) for row in months]
    bands = [kpi.band(row) for row in months]
    values = [None if figure is None else float(figure) for figure in figures]
    if not any(bands):
        return values, (), ()
    lower, upper = ([None if band is None else float(band[end]) for band in bands] for end in (0, 1))
    return values, lower, upper


def _series(kpi: Kpi, size: str, company: Company, *, is_alone: bool, has_band: bool) -> Series:
    months, ahead = company.months[size], company.ahead[size][: len(company.periods_ahead)]
    values, lower, upper = _values(kpi, [*months, *ahead])
    nothing = [None] * len(ahead)
    end = "" if kpi.of(months[-1]) is None else kpi.brief(months[-1])
    return Series(
        label="" if is_alone else size_name(size),
        value=end,
        style=company.style(size),
        values=[*values[: len(months)], *nothing],
        few=[*map(kpi.is_of_few, months), *(False for _ in ahead)],
        lower=lower if has_band else (),
        upper=upper if has_band else (),
        ahead=[*(None for _ in months), *values[len(months) :]] if ahead else (),
    )


def _shown(kpi: Kpi, row: MonthlyKpis) -> str:
    """The figure, or why there is none."""
    if kpi.of(row) is not None:
        return kpi.brief(row)
    return "None to keep" if row.count("active_companies") else "No customers"


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


def _comparisons(kpi: Kpi, months: Sequence[MonthlyKpis], *, is_news: bool) -> list[Comparison]:
    """Against the month before, and against the same month a year before or else the first of all.

    What is as expected is no news, and what one company more or less would turn round is none either.
    """
    last = len(months) - 1
    earlier = dict.fromkeys([last - 1, place_a_year_before(months)])
    rows = [months[index] for index in earlier if 0 <= index < last]
    found = [(row, change(kpi.unit, kpi.of(months[last]), kpi.of(row))) for row in rows]
    is_news = is_news and not kpi.is_of_few(months[last])
    return [
        Comparison(it, f"{short_month(row.period)} {row.period.year}", _news(kpi, it) if is_news else "level")
        for row, it in found
        if it
    ]


def _news(kpi: Kpi, it: Change) -> str:
    if it.direction == "level":
        return "level"
    return "better" if (it.direction == "up") == kpi.more_is_better else "worse"


def _readouts(kpi: Kpi, drawn: Sequence[str], company: Company) -> list[Readout]:
    """Month by month; of a month to come what is expected."""
    xs = across(len(company.periods) + len(company.periods_ahead))
    width = min(100 / max(len(xs) - 1, 1), _WIDEST_READOUT)
    readouts = []
    for index, period in enumerate([*company.periods, *company.periods_ahead]):
        is_ahead = index >= len(company.periods)
        months, place = (company.ahead, index - len(company.periods)) if is_ahead else (company.months, index)
        rows = {size: months[size][place] for size in drawn}
        shown = kpi.shown if is_ahead else kpi.with_parts
        band = kpi.band(rows[drawn[0]])
        readouts.append(
            Readout(
                x=xs[index],
                width=round(width, 2),
                month=f"{month_and_year(period)}{', expected' if is_ahead else ''}",
                lines=[(size_name(size), company.style(size), shown(row)) for size, row in rows.items()],
                expected=" to ".join(map(kpi.unit.brief, band)) if band else "",
            )
        )
    return readouts
