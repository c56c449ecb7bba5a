"""The geometry of line charts, in percent of the plot, so that a page can stretch them and its text keeps its size."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise

from reporting.words import width

Values = Sequence[float | None]

_STEPS = (1, 2, 5, 10)
_TICKS = 4
_LEAST_SPAN_OF_SHARES = 0.04  # so that ticks are whole percents
_LABEL_HEIGHT = 9.0  # of a line's name, in percent of a plot
_WIDE_LABELS, _NARROW_LABELS = 12, 4  # how many months are named below a wide and a narrow plot
_MONTHS_BETWEEN = (1, 2, 3, 6, 12, 24, 48, 60, 120, 240, 600)
_MOST_DOTS = 36


@dataclass(frozen=True)
class Series:
    """A line to be drawn: its values by month, what lies ahead of them, and the band behind both.

    Parameters
    ----------
    label : its name, which stands at its end; may be empty.
    style : which of the page's styles it has.
    values, few, lower, upper, ahead : one of each for every month, or none at all.
    value : its last figure as written, beside its name.
    """

    label: str
    style: int
    values: Values
    few: Sequence[bool]
    lower: Values = ()
    upper: Values = ()
    ahead: Values = ()
    value: str = ""


@dataclass(frozen=True)
class Steps:
    """Shares by age to be drawn as steps.

    Parameters
    ----------
    label, style, value : as of a `Series`.
    shares : by age in months, from 0.
    many : how many of the first ages rest on many companies.
    """

    label: str
    style: int
    shares: Sequence[float]
    many: int
    value: str = ""


@dataclass(frozen=True)
class Dot:
    """A month's point, hollow where few companies stand behind it."""

    x: float
    y: float
    is_hollow: bool


@dataclass(frozen=True)
class Line:
    """A drawn line: SVG paths of its stretches, of what lies ahead and of its band, its dots, and where its name is.

    Parameters
    ----------
    end : the place of the last figure; None where there is none.
    name_y : beside the line's last point; None where the line does not reach the last month.
    """

    label: str
    value: str
    style: int
    path: str
    path_ahead: str
    end: tuple[float, float] | None
    band: str
    dots: Sequence[Dot]
    name_y: float | None


@dataclass(frozen=True)
class MonthLabel:
    """A month's place below the plot; `is_major` where it is named on a narrow page too."""

    x: float
    period: date
    has_year: bool
    is_major: bool


@dataclass(frozen=True)
class Chart:
    """A line chart, x from the left and y from the top, both in percent.

    Parameters
    ----------
    ticks : y and value of each horizontal line, the lowest first.
    """

    ticks: Sequence[tuple[float, float]]
    lines: Sequence[Line]
    months: Sequence[MonthLabel]

    @property
    def begins_at(self) -> float:
        """The value of the lowest line."""
        return self.ticks[0][1]


@dataclass(frozen=True)
class StepLine:
    """A line that keeps its height until the next age.

    Parameters
    ----------
    path_of_few : the part where few companies are left.
    """

    label: str
    value: str
    style: int
    path: str
    path_of_few: str
    name_y: float | None


@dataclass(frozen=True)
class StepChart:
    """Shares by age in months, x from the left and y from the top, both in percent.

    Parameters
    ----------
    ages : x and age of each label.
    """

    ticks: Sequence[tuple[float, float]]
    lines: Sequence[StepLine]
    ages: Sequence[tuple[float, int]]


def longest_name(lines: Sequence[Line | StepLine], *, with_values: bool) -> int:
    """How wide the names at the ends of the lines are, in letters."""
    return max(width(f"{line.label} {line.value}" if with_values else line.label) for line in lines)


def line_chart(periods: Sequence[date], series: Sequence[Series], *, are_shares: bool) -> Chart:
    """Draw series over the same months, at least one of each; what the values may be says `axis`."""
    found = [value for one in series for values in (one.values, one.ahead, one.lower, one.upper) for value in values]
    ticks = axis([value for value in found if value is not None], are_shares=are_shares)
    span = ticks[-1] - ticks[0]

    def y(value: float) -> float:
        return round(100 * (ticks[-1] - value) / span, 2)

    def placed(values: Values) -> Values:
        return [None if value is None else y(value) for value in values]

    xs = across(len(periods))
    heights = [placed(one.values) for one in series]
    ahead = [placed(one.ahead) for one in series]
    ends = [after[-1] if after else ys[-1] for ys, after in zip(heights, ahead, strict=True)]
    lines = [
        Line(
            label=one.label,
            value=one.value,
            style=one.style,
            path=_lines(xs, ys),
            path_ahead=_lines(xs, after),
            end=next(((x, y) for x, y in zip(xs[::-1], ys[::-1], strict=True) if y is not None), None)
            if after
            else None,
            band=_band(xs, placed(one.lower), placed(one.upper)),
            dots=_dots(xs, ys, one.few),
            name_y=name_y,
        )
        for one, ys, after, name_y in zip(series, heights, ahead, _apart(ends), strict=True)
    ]
    return Chart([(y(tick), tick) for tick in ticks], lines, month_labels(periods, xs))


@dataclass(frozen=True)
class Spark:
    """A line without an axis, as SVG paths, and the place of its last point."""

    path: str
    band: str
    end: tuple[float, float] | None


def step_chart(series: Sequence[Steps]) -> StepChart:
    """Draw shares by age as steps, from all to none of them, at least one of each series."""
    count = max(len(one.shares) for one in series)
    xs = across(count + 1)  # an age lasts a month
    heights = [[_from_top(share) for share in one.shares] for one in series]
    lines = [
        StepLine(one.label, one.value, one.style, _steps(xs, ys[: one.many], 0), _steps(xs, ys, one.many), name_y)
        for one, ys, name_y in zip(series, heights, _apart([ys[-1] for ys in heights]), strict=True)
    ]
    between = _months_between(count + 1, _WIDE_LABELS)
    ticks = [(_from_top(quarter / 4), quarter / 4) for quarter in range(5)]
    return StepChart(ticks, lines, [(xs[age], age) for age in range(0, count + 1, between)])


def _from_top(share: float) -> float:
    return round(100 * (1 - share), 2)


def _steps(xs: Sequence[float], ys: Sequence[float], first: int) -> str:
    """The path from one age on, which begins where the age before it ends."""
    if first >= len(ys):
        return ""
    start = ys[first - 1] if first else 0.0
    return f"M{xs[first]:g},{start:g}" + "".join(f"V{y:g}H{xs[age + 1]:g}" for age, y in enumerate(ys) if age >= first)


def sparkline(values: Values, lower: Values, upper: Values) -> Spark:
    """Draw values by month from the least to the most of them, and their band where there is one."""
    found = [value for part in (values, lower, upper) for value in part if value is not None]
    least, most = min(found, default=0.0), max(found, default=0.0)
    xs = [round(x, 1) for x in across(len(values))]

    def placed(values: Values) -> Values:
        span = most - least
        return [None if value is None else round(100 * (most - value) / span, 1) if span else 50.0 for value in values]

    ys = placed(values)
    end = None if ys[-1] is None else (xs[-1], ys[-1])
    return Spark(_lines(xs, ys), _band(xs, placed(lower), placed(upper)), end)


def across(count: int) -> list[float]:
    """The places of so many points from the left to the right; of a single one the middle."""
    return [round(100 * index / (count - 1), 2) if count > 1 else 50.0 for index in range(count)]


def axis(values: Sequence[float], *, are_shares: bool) -> list[float]:
    """Round numbers around the values, a step of 1, 2 or 5 times a power of ten apart; at least two.

    That of shares ends at 1 at the latest and need not begin at 0; that of everything else does.

    Parameters
    ----------
    values : 0, or at least a millionth; shares are at most 1. May be empty.
    """
    top = max(values, default=0.0)
    bottom = min(values, default=0.0) if are_shares else 0.0
    span = max(top - bottom, _LEAST_SPAN_OF_SHARES) if are_shares else top or 2.0
    power = 10.0 ** math.floor(math.log10(span / _TICKS))
    step = next(power * step for step in _STEPS if power * step >= span / _TICKS * 0.999)
    first = math.floor(bottom / step + 1e-9)
    last = max(math.ceil(top / step - 1e-9), first + 1)
    if are_shares and last > round(1 / step):
        first, last = first - 1, last - 1
    return [round(step * tick, 10) for tick in range(max(first, 0), last + 1)]


def _stretches(xs: Sequence[float], ys: Values) -> Iterator[list[tuple[float, float]]]:
    """The points between the gaps."""
    for is_there, points in groupby(zip(xs, ys, strict=True), key=lambda point: point[1] is not None):
        if is_there:
            yield [(x, y) for x, y in points if y is not None]


def _lines(xs: Sequence[float], ys: Values) -> str:
    return " ".join(map(_path, _stretches(xs[: len(ys)], ys)))


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + " ".join(f"{x:g},{y:g}" for x, y in points)


def _band(xs: Sequence[float], lower: Values, upper: Values) -> str:
    if not lower:
        return ""
    edges = zip(_stretches(xs, upper), _stretches(xs, lower), strict=True)
    return " ".join(f"{_path([*above, *reversed(below)])}Z" for above, below in edges if len(above) > 1)


def _dots(xs: Sequence[float], ys: Values, few: Sequence[bool]) -> list[Dot]:
    """Every month's point; where months are many, those alone that a line without them would not show."""
    alone = {stretch[0] for stretch in _stretches(xs, ys) if len(stretch) == 1}
    return [
        Dot(x, y, is_hollow)
        for x, y, is_hollow in zip(xs, ys, few, strict=True)
        if y is not None and (len(xs) <= _MOST_DOTS or is_hollow or (x, y) in alone)
    ]


def _apart(ys: Values) -> Values:
    """The heights moved so far apart that names do not cover one another, in the same order; None stays None."""
    order = [index for _, index in sorted((y, index) for index, y in enumerate(ys) if y is not None)]
    moved = [y or 0.0 for y in ys]
    for above, below in pairwise(order):
        moved[below] = max(moved[below], moved[above] + _LABEL_HEIGHT)
    floor = 100.0
    for index in reversed(order):
        moved[index] = min(moved[index], floor)
        floor = moved[index] - _LABEL_HEIGHT
    return [None if y is None else round(at, 2) for y, at in zip(ys, moved, strict=True)]


def month_labels(periods: Sequence[date], xs: Sequence[float]) -> list[MonthLabel]:
    """So many months' names that they do not cover one another."""
    wide = _months_between(len(periods), _WIDE_LABELS)
    narrow = _months_between(len(periods), _NARROW_LABELS, times=wide)
    labels: list[MonthLabel] = []
    for index in range(0, len(periods), wide):
        period = periods[index]
        has_year = not labels or labels[-1].period.year != period.year
        labels.append(MonthLabel(xs[index], period, has_year, is_major=index % narrow == 0))
    return labels


def _months_between(months: int, labels: int, times: int = 1) -> int:
    """How many months are between two of at most so many labels, a multiple of `times`."""
    return next(step for step in _MONTHS_BETWEEN if step % times == 0 and math.ceil(months / step) <= labels)
