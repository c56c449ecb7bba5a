"""The geometry of lines, steps and axes: where each stands follows from the numbers."""

import re
from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.charts import Chart, Line, Series, Steps, axis, line_chart, longest_name, sparkline, step_chart
from shown import month

AMOUNTS = st.just(0.0) | st.floats(1e-6, 1e13)
SHARES = st.just(0.0) | st.floats(1e-6, 1)


def first_months(count: int) -> list[date]:
    return [month(number) for number in range(count)]


def drawn(*lines: Sequence[float | None], are_shares: bool = False) -> Chart:
    series = [Series("a", 0, line, [False] * len(line)) for line in lines]
    return line_chart(first_months(len(lines[0])), series, are_shares=are_shares)


def points(path: str) -> list[list[tuple[float, float]]]:
    """The points of each stretch of a path."""
    stretches = [re.findall(r"([-\d.e]+),([-\d.e]+)", stretch) for stretch in path.split("M")[1:]]
    return [[(float(x), float(y)) for x, y in stretch] for stretch in stretches]


@given(data=st.data(), months=st.integers(1, 12), are_shares=st.booleans())
def test_each_point_stands_above_its_month_at_the_height_of_its_value(
    data: st.DataObject, months: int, *, are_shares: bool
) -> None:
    figures = st.sampled_from([SHARES, st.floats(0.9, 1)]) if are_shares else st.just(AMOUNTS)
    values = data.draw(st.lists(st.none() | data.draw(figures), min_size=months, max_size=months))
    chart = drawn(values, are_shares=are_shares)
    bottom, top = chart.ticks[0][1], chart.ticks[-1][1]

    def place(month: int, value: float) -> tuple[object, object]:
        x = 100 * month / (months - 1) if months > 1 else 50
        return pytest.approx(x, abs=0.006), pytest.approx(100 * (top - value) / (top - bottom), abs=0.006)

    assert chart.begins_at == bottom
    assert [y for y, _ in chart.ticks] == [place(0, tick)[1] for _, tick in chart.ticks]
    there = [place(month, value) for month, value in enumerate(values) if value is not None]
    (line,) = chart.lines
    assert [point for stretch in points(line.path) for point in stretch] == there
    assert (line.path_ahead, line.end, line.band) == ("", None, "")
    assert [(dot.x, dot.y) for dot in line.dots] == there


def test_of_more_than_36_months_only_those_that_stand_alone_have_a_dot() -> None:
    values = [None if month in {4, 6, 20} else 1.0 for month in range(37)]
    assert [dot.x for dot in drawn(values).lines[0].dots] == [round(100 * 5 / 36, 2)]
    assert len(drawn(values[:36]).lines[0].dots) == 33


def test_what_lies_ahead_begins_after_the_last_month_and_has_its_part_of_the_axis() -> None:
    series = Series(
        *("All", 0, [30.0, 20.0, None, None], [False] * 4),
        ahead=[None, None, 15.0, 40.0],
        lower=[25.0, 15.0, 10.0, 35.0],
        upper=[35.0, 25.0, 20.0, 45.0],
        value="$20",
    )
    chart = line_chart(first_months(4), [series], are_shares=False)
    (line,) = chart.lines
    assert [value for _, value in chart.ticks] == [0, 20, 40, 60]

    def y(value: float) -> str:
        return f"{round(100 - value / 0.6, 2):g}"

    assert line.path == f"M0,{y(30)} 33.33,{y(20)}"
    assert line.path_ahead == f"M66.67,{y(15)} 100,{y(40)}"
    assert line.name_y == float(y(40))  # at its end
    # There and back again: a band is an area, and no line.
    assert line.band == (
        f"M0,{y(35)} 33.33,{y(25)} 66.67,{y(20)} 100,{y(45)} 100,{y(35)} 66.67,{y(10)} 33.33,{y(15)} 0,{y(25)}Z"
    )
    assert [dot.x for dot in line.dots] == [0, 33.33]
    assert line.end == (33.33, float(y(20)))
    never = Series("All", 0, [None, None, None, None], [False] * 4, ahead=[None, None, 15.0, 40.0])
    assert line_chart(first_months(4), [never], are_shares=False).lines[0].end is None


def test_a_band_of_a_single_month_is_not_drawn() -> None:
    series = Series("a", 0, [1.0, 2.0, 3.0], [False] * 3, lower=[1.0, None, None], upper=[2.0, None, None])
    assert line_chart(first_months(3), [series], are_shares=False).lines[0].band == ""
    of_two = Series("a", 0, [1.0, 2.0], [False] * 2, lower=[0.0, 0.0], upper=[2.0, 2.0])
    assert line_chart(first_months(2), [of_two], are_shares=False).lines[0].band == "M0,0 100,0 100,100 0,100Z"


@pytest.mark.parametrize(
    ("values", "are_shares", "ticks"),
    [
        ([], False, [0, 0.5]),
        ([0.0], False, [0, 0.5]),
        ([80.0, 1.0], False, [0, 20, 40, 60, 80]),
        ([20957.0], False, [0, 10000, 20000, 30000]),
        ([0.3, 0.1 + 0.2], False, [0, 0.1, 0.2, 0.3]),
        ([], True, [0, 0.01]),
        ([0.93, 0.963], True, [0.93, 0.94, 0.95, 0.96, 0.97]),
        ([0.3, 0.97], True, [0.2, 0.4, 0.6, 0.8, 1]),
        ([0.5], True, [0.5, 0.51]),
        ([1.0], True, [0.99, 1]),
        ([1.0, 0.0], True, [0, 0.5, 1]),
    ],
)
def test_an_axis_has_these_ticks(values: list[float], *, are_shares: bool, ticks: list[float]) -> None:
    assert axis(values, are_shares=are_shares) == ticks


def test_a_line_that_ends_earlier_has_no_name_at_the_end_of_the_chart() -> None:
    values: dict[str, list[float | None]] = {"gone": [1.0, None], "never": [None, None], "all": [1.0, 2.0]}
    series = [Series(label, 0, line, [False] * 2) for label, line in values.items()]
    chart = line_chart(first_months(2), series, are_shares=False)
    assert [line.label for line in chart.lines if line.name_y is not None] == ["all"]


@pytest.mark.parametrize("months", [36, 37, 120, 1200])
def test_months_of_few_companies_are_hollow_however_many_months_there_are(months: int) -> None:
    few = [month % 3 == 0 for month in range(months)]
    chart = line_chart(first_months(months), [Series("a", 0, [1.0] * months, few)], are_shares=False)
    assert sum(dot.is_hollow for dot in chart.lines[0].dots) == sum(few)


@given(st.lists(AMOUNTS, max_size=30))
def test_an_axis_of_amounts_has_a_few_round_steps_from_zero_over_all_of_them(values: list[float]) -> None:
    ticks = axis(values, are_shares=False)
    assert 2 <= len(ticks) <= 7
    assert ticks[0] == 0
    assert ticks[-1] >= max(values, default=0) * (1 - 1e-6)
    assert {round((above - below) / ticks[1], 6) for below, above in pairwise(ticks)} == {1.0}
    assert f"{ticks[1]:e}"[0] in "125"
    assert set(f"{ticks[1]:e}"[1:8]) <= set(".0")


@given(st.lists(SHARES, max_size=30))
def test_an_axis_of_shares_ends_at_one_hundred_percent_in_whole_percents(values: list[float]) -> None:
    ticks = axis(values, are_shares=True)
    assert 2 <= len(ticks) <= 7
    assert 0 <= ticks[0] <= min(values, default=0) + 1e-9
    assert max(values, default=0) - 1e-9 <= ticks[-1] <= 1
    assert [tick for tick in ticks if abs(tick * 100 - round(tick * 100)) > 1e-9] == []


@given(st.lists(st.lists(st.none() | AMOUNTS, min_size=3, max_size=3), min_size=1, max_size=5))
def test_names_of_lines_never_cover_one_another_and_months_without_a_figure_are_gaps(
    lines: list[list[float | None]],
) -> None:
    chart = drawn(*lines)
    heights = sorted(line.name_y for line in chart.lines if line.name_y is not None)
    assert all(below - above > 8.9 for above, below in pairwise(heights))
    assert all(0 <= height <= 100 for height in heights)
    for values, line in zip(lines, chart.lines, strict=True):
        assert (line.name_y is None) == (values[-1] is None)
        assert len(line.dots) == sum(value is not None for value in values)
        assert line.path.count("M") == len([1 for run in "".join("x "[v is None] for v in values).split()])


def test_names_stand_at_the_ends_of_their_lines_or_as_near_as_the_other_names_let_them() -> None:
    assert [line.name_y for line in drawn([0.0, 50.0], [0.0, 0.0], [0.0, 100.0]).lines] == [50, 100, 0]
    # Three that end at the bottom are pushed up, two at the top down, and the one between them is left alone.
    ends = [0.0, 50.0, 98.0, 1.0, 2.0, 100.0]
    assert [line.name_y for line in drawn(*([0.0, end] for end in ends)).lines] == [100, 50, 9, 91, 82, 0]


def test_the_longest_name_is_counted_with_the_figures_or_without_them() -> None:
    lines = [Line(label, value, 0, "", "", None, "", [], 0.0) for label, value in (("Small", "$1"), ("Mid", "$1,000"))]
    assert longest_name(lines, with_values=False) == len("Small")
    assert longest_name(lines, with_values=True) == len("Mid $1,000")


@pytest.mark.parametrize(
    ("months", "wide", "narrow"),
    [
        *((1, 1, 1), (4, 1, 1), (5, 1, 2), (8, 1, 2), (9, 1, 3), (12, 1, 3), (13, 2, 6), (24, 2, 6), (25, 3, 12)),
        *((36, 3, 12), (37, 6, 12), (48, 6, 12), (49, 6, 24), (72, 6, 24), (73, 12, 24), (96, 12, 24), (97, 12, 48)),
        *((144, 12, 48), (145, 24, 48), (192, 24, 48), (193, 24, 120), (288, 24, 120), (289, 48, 240)),
        *((576, 48, 240), (577, 60, 240), (720, 60, 240), (721, 120, 240), (960, 120, 240), (961, 120, 600)),
        *((1206, 120, 600),),
    ],
)
def test_every_so_many_months_are_named_so_that_there_is_room(months: int, wide: int, narrow: int) -> None:
    periods = first_months(months)
    labels = drawn([1.0] * months).months
    assert [label.period for label in labels] == periods[::wide]
    assert [label.period for label in labels if label.is_major] == periods[::narrow]
    assert [label.x for label in labels] == [
        round(100 * place / (months - 1), 2) if months > 1 else 50 for place in range(0, months, wide)
    ]
    # A year is told once, with the first of its months.
    assert [label.has_year for label in labels] == [
        place == 0 or periods[place].year > periods[place - wide].year for place in range(0, months, wide)
    ]


def test_steps_go_down_at_the_age_at_which_companies_left_and_are_thin_where_few_are_left() -> None:
    ages = Steps("Small", 1, [0.75, 0.5, 0.25], many=2, value="25%")
    chart = step_chart([ages])
    (line,) = chart.lines
    assert (line.label, line.value, line.style) == ("Small", "25%", 1)
    assert line.path == "M0,0V25H33.33V50H66.67"
    assert line.path_of_few == "M66.67,50V75H100"
    assert line.name_y == 75
    assert chart.ticks == [(100, 0), (75, 0.25), (50, 0.5), (25, 0.75), (0, 1)]
    assert chart.ages == [(0, 0), (33.33, 1), (66.67, 2), (100, 3)]
    shorter = Steps("Large", 2, [0.5], many=0)
    assert step_chart([ages, shorter]).lines[1].path_of_few == "M0,0V50H33.33"
    assert step_chart([ages, shorter]).lines[1].path == ""
    assert step_chart([Steps("Large", 2, [0.5], many=1)]).lines[0].path_of_few == ""
    assert [age for _, age in step_chart([Steps("a", 0, [1.0] * 11, many=11)]).ages] == list(range(12))
    assert [age for _, age in step_chart([Steps("a", 0, [1.0] * 12, many=12)]).ages] == list(range(0, 13, 2))


def test_a_small_line_has_all_of_its_height_for_the_figures_and_their_band() -> None:
    line = sparkline([3.0, 2.0, None, 4.0], [2.0, 2.0, 2.0, 2.0], [4.0, 4.0, 6.0, 6.0])
    assert line.path == "M0,75 33.3,100 M100,50"
    assert line.band == "M0,50 33.3,50 66.7,0 100,0 100,100 66.7,100 33.3,100 0,100Z"
    assert line.end == (100, 50)
    assert sparkline([3.0, 3.0], (), ()).path == "M0,50 100,50"
    assert sparkline([1.0, None], (), ()).end is None
    assert sparkline([None], (), ()).path == ""


@given(st.lists(st.floats(0, 1e9), min_size=2, max_size=24))
def test_a_small_line_goes_up_where_the_figures_do_and_ends_at_the_last(values: list[float]) -> None:
    line = sparkline(values, (), ())
    (places,) = points(line.path)
    assert [x for x, _ in places] == sorted(x for x, _ in places)
    assert (places[0][0], places[-1]) == (0, line.end)
    for (one, other), ((_, y), (_, next_y)) in zip(pairwise(values), pairwise(places), strict=True):
        assert (next_y - y) * (other - one) <= 0
    assert {0 <= y <= 100 for _, y in places} == {True}
