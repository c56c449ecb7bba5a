"""The random streams: their bits, frozen for ever, and the maps from bits to numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from seed_generator.simulation.streams import Purpose, draw, keyed_draw, stream, uniform_integers


class _Words(np.random.PCG64DXSM):
    """A bit generator that yields given words."""

    def __init__(self, words: list[int]) -> None:
        super().__init__()
        self._words = np.array(words, np.uint64)

    def random_raw(self, size: int, output: bool = True) -> NDArray[np.uint64]:  # type: ignore[override]  # noqa: FBT001, FBT002, ARG002 - numpy's signature
        return self._words[:size].copy()


def test_the_bits_of_a_stream_are_frozen() -> None:
    assert stream(42, Purpose.COMPANY_SIZE).random_raw(2).tolist() == [
        4_372_932_540_770_023_534,
        4_886_186_045_912_184_068,
    ]
    assert stream(42, Purpose.SESSION_TIME, block=3, month=11).random_raw() == 14_731_045_647_994_160_415
    assert {purpose.name: int(purpose) for purpose in Purpose} == {
        "COMPANY_SIZE": 0,
        "SESSION_COUNT": 1,
        "SESSION_TIME": 2,
        "COMPANY_NAME": 3,
        "FAULT": 4,
        "PLAN_CHANGE": 5,
        "REACTIVATION": 6,
    }


@pytest.mark.parametrize("number", [1, 32])
def test_the_draw_of_a_key_is_what_splitmix64_makes_of_it(number: int) -> None:
    keys = [0, 1, 2, 500, 2**40 + 7, 2**63 - 1]
    start = np.random.SeedSequence(entropy=42, spawn_key=(1, 4, number)).generate_state(1, np.uint64)[0]

    def splitmix64(key: int) -> float:
        word = (key * 0x9E3779B97F4A7C15 + int(start)) % 2**64
        word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        word = (word ^ word >> 27) * 0x94D049BB133111EB % 2**64
        return ((word ^ word >> 31) >> 11) / 2**53

    drawn = keyed_draw(42, Purpose.FAULT, number, np.array(keys))
    assert drawn.tolist() == [splitmix64(key) for key in keys]


def test_every_seed_purpose_block_and_month_has_a_stream_of_its_own() -> None:
    keys = [(s, p, b, m) for s in (0, 1, 2**63 - 1) for p in Purpose for b in (0, 1, 70_000) for m in (0, 1, 1_199)]
    assert len({stream(*key).random_raw() for key in keys}) == len(keys)


@given(st.integers(1, 3_000), st.integers(1, 3_000))
def test_a_longer_draw_begins_with_the_shorter_one(one: int, other: int) -> None:
    short, long = sorted((one, other))
    bits = stream(1, Purpose.SESSION_COUNT)
    again = stream(1, Purpose.SESSION_COUNT)
    np.testing.assert_array_equal(draw(bits, long)[:short], draw(again, short))


def test_draws_taken_in_parts_are_the_draws_taken_at_once() -> None:
    at_once = draw(stream(1, Purpose.SESSION_TIME), 1_000)
    bits = stream(1, Purpose.SESSION_TIME)
    np.testing.assert_array_equal(np.concatenate([draw(bits, n) for n in (1, 9, 990)]), at_once)


def test_a_draw_is_never_one_and_reaches_zero() -> None:
    assert draw(_Words([0, 2**64 - 1]), 2).tolist() == [0.0, 1 - 2**-53]


@given(st.integers(1, 2**53))
def test_the_largest_draw_stays_below_every_bound(bound: int) -> None:
    assert uniform_integers(draw(_Words([2**64 - 1]), 1), float(bound)).tolist() == [bound - 1]


@given(st.integers(1, 500), st.integers(0, 499))
def test_every_integer_has_its_share_of_the_unit_interval(bound: int, wanted: int) -> None:
    wanted %= bound
    middle = (wanted + 0.5) / bound
    assert uniform_integers(np.array([middle]), float(bound)).tolist() == [wanted]


@pytest.mark.parametrize("bound", [2, 12, 22, 512])
def test_integers_are_uniform_by_chi_square(bound: int) -> None:
    drawn = uniform_integers(draw(stream(5, Purpose.SESSION_COUNT, 1, 2), 1_000_000), float(bound))
    assert stats.chisquare(np.bincount(drawn, minlength=bound)).pvalue > 1e-6
