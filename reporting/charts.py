"""The geometry of line charts, in percent of the plot, so that a page can stretch them and its text keeps its size."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby, pairwise

Values = Sequence[float | None]

_STEPS = (1, 2, 5, 10)
_TICKS = 4
_LEAST_SPAN_OF_SHARES = 0.04  # so that ticks are whole percents
_LABEL_HEIGHT = 9.0  # of a line's name, in percent of a plot
_WIDE_LABELS, _NARROW_LABELS = 12, 4  # how many months are named below a wide and a narrow plot
_MONTHS_BETWEEN = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200)
_MOST_DOTS = 36


@dataclass(frozen=True)
class Series:
    """A line to be drawn: its values by month, the band behind it, and which of the page's styles it has."""

    label: str
    style: int
    values: Values
    few: Sequence[bool]
    lower: Values = ()
    upper: Values = ()


@dataclass(frozen=True)
class Dot:
    """A month's point, hollow where few companies stand behind it."""

    x: float
    y: float
    is_hollow: bool


@dataclass(frozen=True)
class Line:
    """A drawn line: SVG paths of its stretches and of its band, its dots, and where its name stands.

    Parameters
    ----------
    name_y : beside the line's last point; None where the line does not reach the last month.
    """

    label: str
    style: int
    path: str
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


def line_chart(periods: Sequence[date], series: Sequence[Series], *, are_shares: bool) -> Chart:
    """Draw series over the same months, at least one of each; what the values may be says `axis`."""
    found = [value for one in series for values in (one.values, one.lower, one.upper) for value in values]
    ticks = axis([value for value in found if value is not None], are_shares=are_shares)
    span = ticks[-1] - ticks[0]

    def y(value: float) -> float:
        return round(100 * (ticks[-1] - value) / span, 2)

    def placed(values: Values) -> Values:
        return [None if value is None else y(value) for value in values]

    xs = [round(100 * index / (len(periods) - 1), 2) if len(periods) > 1 else 50.0 for index in range(len(periods))]
    heights = [placed(one.values) for one in series]
    lines = [
        Line(
            label=one.label,
            style=one.style,
            path=" ".join(_path(stretch) for stretch in _stretches(xs, ys)),
            band=_band(xs, placed(one.lower), placed(one.upper)),
            dots=_dots(xs, ys, one.few),
            name_y=name_y,
        )
        for one, ys, name_y in zip(series, heights, _apart([ys[-1] for ys in heights]), strict=True)
    ]
    return Chart([(y(tick), tick) for tick in ticks], lines, _month_labels(periods, xs))


def axis(values: Sequence[float], *, are_shares: bool) -> list[float]:
    """Round numbers around the values, a step of 1, 2 or 5 times a power of ten apart; at least two.

    That of shares ends at 1 at the latest and need not begin at 0; that of everything else does.

    Parameters
    ----------
    values : 0, or at least a millionth; shares are at most 1. May be empty.
    """
    top = max(values, default=0.0)
    bottom = min(values, default=0.0) if are_shares else 0.0
    span = max(top - bottom, _LEAST_SPAN_OF_SHARES) if are_shares else top or 1.0
    power = 10.0 ** math.floor(math.log10(span / _TICKS))
    step = next(power * step for step in _STEPS if power * step >= span / _TICKS * 0.999)
    first = math.floor(bottom / step + 1e-9)
    last = max(math.ceil(top / step - 1e-9), first + 1)
    if are_shares and last * step > 1 + step / 2:
        first, last = first - 1, last - 1
    return [round(step * tick, 10) for tick in range(max(first, 0), last + 1)]


def _stretches(xs: Sequence[float], ys: Values) -> Iterator[list[tuple[float, float]]]:
    """The points between the gaps."""
    for is_there, points in groupby(zip(xs, ys, strict=True), key=lambda point: point[1] is not None):
        if is_there:
            yield [(x, y) for x, y in points if y is not None]


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
    excess = max((moved[order[-1]] - 100.0, 0.0)) if order else 0.0
    floor = 100.0
    for index in reversed(order if excess else []):
        moved[index] = min(moved[index], floor)
        floor = moved[index] - _LABEL_HEIGHT
    return [None if y is None else round(at, 2) for y, at in zip(ys, moved, strict=True)]


def _month_labels(periods: Sequence[date], xs: Sequence[float]) -> list[MonthLabel]:
    wide, narrow = _months_between(len(periods), _WIDE_LABELS), _months_between(len(periods), _NARROW_LABELS)
    labels: list[MonthLabel] = []
    for index in range(0, len(periods), wide):
        period = periods[index]
        has_year = not labels or labels[-1].period.year != period.year
        labels.append(MonthLabel(xs[index], period, has_year, is_major=index % narrow == 0))
    return labels


def _months_between(months: int, labels: int) -> int:
    return next(step for step in _MONTHS_BETWEEN if math.ceil(months / step) <= labels)
