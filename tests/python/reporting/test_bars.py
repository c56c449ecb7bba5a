"""The geometry of bars: where each stands follows from the numbers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reporting.bars import bridge, columns
from shown import month

PERIODS = [month(number) for number in range(24)]


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
            assert bar.width == pytest.approx(70 / len(numbers), abs=0.02)
            on += number
    assert next(bars, None) is None


@pytest.mark.parametrize(
    ("gained", "lost", "ticks"),
    [
        (0, 0, [0, 1]),
        (3, 0, [0, 1, 2, 3]),
        (4, 2, [-2, -1, 0, 1, 2, 3, 4]),
        (0, 5, [-6, -4, -2, 0, 2]),
        (20, 3, [-5, 0, 5, 10, 15, 20]),
    ],
)
def test_an_axis_around_zero_has_these_ticks(gained: int, lost: int, ticks: list[int]) -> None:
    assert [value for _, value in columns(PERIODS[:1], [("acquired", [gained])], [lost]).ticks] == ticks


def test_months_are_named_below_the_middle_of_their_columns() -> None:
    labels = columns(PERIODS[:4], [("acquired", [1, 2, 3, 4])], [0, 0, 0, 0]).months
    assert [label.x for label in labels] == [12.5, 37.5, 62.5, 87.5]
