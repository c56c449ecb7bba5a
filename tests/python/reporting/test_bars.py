"""The geometry of bars, steps and small lines: where each stands follows from the numbers."""

from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.bars import bridge, columns
from reporting.charts import Series, line_chart, sparkline, step_chart

PERIODS = [date(2021 + month // 12, month % 12 + 1, 1) for month in range(24)]


@given(st.floats(0, 1e9), st.lists(st.floats(-1e6, 1e6), max_size=7))
def test_each_step_of_a_bridge_begins_where_the_one_before_ends(opening: float, steps: list[float]) -> None:
    opening += sum(-step for step in steps if step < 0)  # no level is below nothing
    drawn = bridge(opening, steps)
    most = max(opening + sum(steps[:number]) for number in range(len(steps) + 1)) or 1
    assert [bar.kind for bar in drawn] == ["level", *("loss" if step < 0 else "gain" for step in steps), "level"]
    assert [bar.left for bar in (drawn[0], drawn[-1])] == [0, 0]
    ends = [0.0, drawn[0].width]
    for bar, step in zip(drawn[1:-1], steps, strict=True):
        begins, stops = (bar.left + bar.width, bar.left) if step < 0 else (bar.left, bar.left + bar.width)
        assert begins == pytest.approx(ends[-1], abs=0.03)
        assert stops - begins == pytest.approx(100 * step / most, abs=0.02)
        ends.append(stops)
    assert drawn[-1].width == pytest.approx(ends[-1], abs=0.03)
    if opening or any(steps):
        assert max(bar.left + bar.width for bar in drawn) == pytest.approx(100, abs=0.02)


NUMBERS = st.lists(st.tuples(*[st.integers(0, 10**6)] * 3), min_size=1, max_size=24)


@given(NUMBERS)
def test_columns_are_as_high_as_their_numbers_and_stand_on_zero_or_on_one_another(
    numbers: list[tuple[int, int, int]],
) -> None:
    acquired, returned, lost = (list(of_kind) for of_kind in zip(*numbers, strict=True))
    drawn = columns(PERIODS[: len(numbers)], [("acquired", acquired), ("returned", returned)], lost)
    values = [value for _, value in drawn.ticks]
    heights = [y for y, _ in drawn.ticks]
    assert heights == sorted(heights, reverse=True)  # more is higher
    assert (heights[0], heights[-1]) == (100, 0)
    assert values == [int(value) for value in values]
    assert values[-1] >= max(a + r for a, r, _ in numbers)
    assert -values[0] >= max(lost)
    percent = 100 / (values[-1] - values[0])
    zero = percent * values[-1]
    bars = iter(drawn.columns)
    for place, of_month in enumerate(numbers):
        on = 0
        for kind, number in zip(("acquired", "returned", "lost"), of_month, strict=True):
            if number == 0:
                continue
            bar = next(bars)
            assert bar.kind == kind
            assert bar.height == pytest.approx(percent * number, abs=0.02)
            top = zero if kind == "lost" else zero - percent * (on + number)
            assert bar.top == pytest.approx(top, abs=0.02)
            assert bar.left + bar.width / 2 == pytest.approx(100 * (place + 0.5) / len(numbers), abs=0.02)
            on += number
    assert next(bars, None) is None


def test_steps_go_down_at_the_age_at_which_companies_left_and_are_thin_where_few_are_left() -> None:
    ages = Series("Small", 1, [0.75, 0.5, 0.25], [False, False, True], value="25%")
    chart = step_chart([ages])
    (line,) = chart.lines
    assert line.path == "M0,0V25H33.33V50H66.67"
    assert line.path_of_few == "M66.67,50V75H100"
    assert line.name_y == 75
    assert [value for _, value in chart.ticks] == [0, 0.25, 0.5, 0.75, 1]
    assert [y for y, _ in chart.ticks] == [100, 75, 50, 25, 0]
    assert chart.ages == [(0, 0), (33.33, 1), (66.67, 2), (100, 3)]
    shorter = Series("Large", 2, [0.5], [True])
    assert step_chart([ages, shorter]).lines[1].path_of_few == "M0,0V50H33.33"
    assert step_chart([ages, shorter]).lines[1].path == ""


@given(st.lists(st.floats(0, 1e9), min_size=2, max_size=24))
def test_a_small_line_goes_up_where_the_figures_do_and_ends_at_the_last(values: list[float]) -> None:
    drawn = sparkline(values, (), ())
    points = [tuple(map(float, point.split(","))) for point in drawn.path.removeprefix("M").split()]
    assert [x for x, _ in points] == sorted(x for x, _ in points)
    assert (points[0][0], points[-1]) == (0, drawn.end)
    for (one, other), ((_, y), (_, next_y)) in zip(pairwise(values), pairwise(points), strict=True):
        assert (next_y - y) * (other - one) <= 0
    assert {0 <= y <= 100 for _, y in points} == {True}


def test_what_lies_ahead_begins_after_the_last_month_and_has_its_part_of_the_axis() -> None:
    series = Series(
        *("All", 0, [30.0, 20.0, None, None], [False] * 4),
        ahead=[None, None, 15.0, 40.0],
        lower=[25.0, 15.0, 10.0, 35.0],
        upper=[35.0, 25.0, 20.0, 45.0],
        value="$20",
    )
    chart = line_chart(PERIODS[:4], [series], are_shares=False)
    (line,) = chart.lines
    assert chart.ticks[-1][1] >= 45
    percent = 100 / chart.ticks[-1][1]
    assert line.path == f"M0,{round(100 - 30 * percent, 2):g} 33.33,{round(100 - 20 * percent, 2):g}"
    assert line.path_ahead == f"M66.67,{round(100 - 15 * percent, 2):g} 100,{round(100 - 40 * percent, 2):g}"
    assert line.name_y == round(100 - 40 * percent, 2)  # at its end
    assert line.band.startswith(f"M0,{round(100 - 35 * percent, 2):g}")
    assert line.band.count(",") == 8
    assert len(line.dots) == 2
