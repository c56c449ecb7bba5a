"""The geometry of bars, in percent of a plot: a bridge of steps from the left, and columns up and down by month."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate, pairwise

from reporting.charts import MonthLabel, axis, month_labels

_GAP = 0.3  # between two columns, of the room of one
_FEWEST = 4  # companies at the end of an axis, so that its steps are whole ones


@dataclass(frozen=True)
class Step:
    """A bar of a bridge, from its left end.

    Parameters
    ----------
    kind : `level`, `gain` or `loss`.
    """

    kind: str
    left: float
    width: float


@dataclass(frozen=True)
class Column:
    """A column from its left and its top.

    Parameters
    ----------
    kind : which of the numbers of the month it is, as they were given.
    """

    kind: str
    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Columns:
    """Columns by month.

    Parameters
    ----------
    ticks : y and value of each horizontal line, the lowest first; below zero stands how many were lost.
    """

    ticks: Sequence[tuple[float, float]]
    columns: Sequence[Column]
    months: Sequence[MonthLabel]


def bridge(opening: float, steps: Sequence[float]) -> list[Step]:
    """A level, the steps that lead from it, and the level to which they lead; none of the levels is below 0."""
    levels = list(accumulate(steps, initial=opening))
    most = max(levels) or 1.0
    ends = [(0.0, opening), *pairwise(levels), (0.0, levels[-1])]
    kinds = ["level", *("loss" if step < 0 else "gain" for step in steps), "level"]
    return [
        Step(kind, round(100 * min(pair) / most, 2), round(100 * abs(pair[1] - pair[0]) / most, 2))
        for kind, pair in zip(kinds, ends, strict=True)
    ]


def columns(periods: Sequence[date], gains: Sequence[tuple[str, Sequence[int]]], lost: Sequence[int]) -> Columns:
    """For each month what it gained, one kind above the other, and below zero what it lost.

    Parameters
    ----------
    gains : the name of each kind, and its number of each month.
    lost : of each month; the kind is called `lost`.
    """
    places: list[tuple[int, str, float, float]] = []
    for place, loss in enumerate(lost):
        tops = list(accumulate((numbers[place] for _, numbers in gains), initial=0))
        places += [(place, kind, *ends) for (kind, _), ends in zip(gains, pairwise(tops), strict=True)]
        places.append((place, "lost", 0, -loss))
    ticks = _ticks(max(top for *_, top in places), -min(top for *_, top in places))
    span, room = ticks[-1] - ticks[0], 100 / len(periods)

    def y(value: float) -> float:
        return round(100 * (ticks[-1] - value) / span, 2)

    drawn = [
        Column(
            kind,
            left=round(room * (place + _GAP / 2), 2),
            top=y(max(ends)),
            width=round(room * (1 - _GAP), 2),
            height=round(y(min(ends)) - y(max(ends)), 2),
        )
        for place, kind, *ends in places
        if ends[0] != ends[1]
    ]
    centres = [round(room * (place + 0.5), 2) for place in range(len(periods))]
    return Columns([(y(tick), tick) for tick in ticks], drawn, month_labels(periods, centres))


def _ticks(above: float, below: float) -> list[float]:
    """Whole round numbers around zero, in steps for the longer side; at least one above it."""
    steps = axis([max(above, below, _FEWEST)], are_shares=False)
    up, down = (sum(tick < side * 0.999999 for tick in steps) for side in (above, below))
    return [round(steps[1] * number, 10) for number in range(-down, max(up, 1) + 1)]
