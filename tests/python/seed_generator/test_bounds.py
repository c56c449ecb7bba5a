"""The bounds of sums over independent companies, against sums of all outcomes and against the best of all tilts."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from scipy.stats import binom, norm

from exact_laws import Floats, of_sums
from seed_generator.expectations.bounds import (
    SIDES,
    TILTS,
    Contribution,
    Total,
    cornish_fisher,
    furthest,
    is_nearly_normal,
    log_of,
)
from seed_generator.expectations.cohorts import Cohorts

# A law with each kind of value, in no order, and one that is nearly always nothing.
VALUES = [7, 0, 3, 12]
LAWS = [[0.2, 0.1, 0.3, 0.15], [1e-9, 0, 2e-9, 0]]


def of(values: Sequence[int], *laws: Sequence[float]) -> Contribution:
    chances = np.array(laws, float)
    nothing = np.array([math.fsum([1.0, *(-chance for chance in law)]) for law in laws])
    return Contribution(np.array(values, np.int64), chances, np.maximum(nothing, 0))


def companies(*months: dict[int, int]) -> Cohorts:
    """Of each month the law of a company, and how many follow it."""
    return Cohorts(
        [np.array(list(month), np.int64) for month in months],
        [np.array(list(month.values()), np.int64) for month in months],
    )


def law_of_sum(contribution: Contribution, month: dict[int, int]) -> Floats:
    """The chance of each sum, by adding up company after company."""
    total = np.ones(1)
    for law, number in month.items():
        of_one = np.zeros(int(contribution.values.max()) + 1)
        np.add.at(of_one, contribution.values, contribution.chances[law])
        of_one[0] += contribution.nothing[law]
        total = np.convolve(total, of_sums(number, of_one))
    return np.maximum(total, 0)


def test_tilts_are_taken_of_values_by_the_largest_one() -> None:
    assert of(VALUES, *LAWS).scale == 12
    assert of([0], [0.5]).scale == 1
    assert Contribution(np.array([], np.int64), np.zeros((1, 0)), np.ones(1)).scale == 1


def test_cumulants_are_those_of_the_moments() -> None:
    for cumulants, law in zip(of(VALUES, *LAWS).cumulants, LAWS, strict=True):
        first, second, third, fourth = (
            math.fsum(p * v**k for p, v in zip(law, VALUES, strict=True)) for k in range(1, 5)
        )
        assert cumulants == pytest.approx(
            [
                first,
                second - first**2,
                third - 3 * second * first + 2 * first**3,
                fourth - 4 * third * first - 3 * second**2 + 12 * second * first**2 - 6 * first**4,
            ],
            rel=1e-12,
        )


@pytest.mark.parametrize("miss", [0.025, 0.1, 0.2, 0.4])
def test_a_value_is_seldom_beyond_its_quantiles_and_no_closer_ones_will_do(miss: float) -> None:
    # The last law has its steps at the chance itself.
    laws = [*LAWS[:1], [0.25, 0.25, 0.25, 0.25], [miss, miss, 1 - 3 * miss, miss]]
    lower, upper = of(VALUES, *laws).quantiles(miss)
    for law, low, high in zip(laws, lower, upper, strict=True):
        ordered = sorted(zip(VALUES, law, strict=True))
        below = np.cumsum([chance for _, chance in ordered]) / sum(law)
        assert low == next(value for (value, _), chance in zip(ordered, below, strict=True) if chance > miss)
        assert high == next(
            value for (value, _), chance in zip(ordered, below, strict=True) if chance >= 1 - miss - 1e-13
        )
    assert lower.dtype == upper.dtype == np.float64


def test_moments_of_tilted_values_are_exact_even_where_hardly_anything_happens() -> None:
    contribution = of(VALUES, *LAWS)
    for sign, logarithms in zip(SIDES, contribution.log_moments, strict=True):
        powers = np.exp(sign * np.outer(TILTS, VALUES) / 12)
        often = np.log(contribution.nothing[0] + powers @ LAWS[0])
        assert logarithms[0] == pytest.approx(often, rel=1e-9, abs=1e-12)
        # The series of the logarithm, where it is short.
        seldom = math.fsum(p * math.expm1(sign * TILTS[3] * v / 12) for p, v in zip(LAWS[1], VALUES, strict=True))
        assert logarithms[1, 3] == pytest.approx(seldom, rel=1e-8, abs=0)


def test_transforms_are_those_of_the_law() -> None:
    values, points = [1, 4, 11], 8  # the last value wraps round
    contribution = of(values, [0.2, 0.1, 0.25], [1e-15, 0, 0], [0.0, 1.0, 0.0])
    found = contribution.log_transforms(points, np.array([0, 1, 2]))
    assert found.shape == (3, points // 2 + 1)
    turns = np.exp(-2j * np.pi * np.outer(np.arange(points // 2 + 1), values) / points)
    direct = contribution.nothing[0] + turns @ contribution.chances[0]
    assert np.exp(found[0]) == pytest.approx(direct, abs=1e-14)
    assert found[1] == pytest.approx(1e-15 * (turns[:, 0] - 1), rel=1e-9, abs=1e-40)
    assert np.exp(found[2]) == pytest.approx(turns[:, 1], abs=1e-14)
    assert contribution.log_transforms(points, np.array([1])) == pytest.approx(found[1:2])


def test_a_law_whose_transform_is_0_somewhere_has_a_distribution_all_the_same() -> None:
    # Of 1 or nothing, like a coin, the transform at the middle is 0.
    total = Total(companies({0: 3}), of([1], [0.5]))
    assert total.distribution(0, 0, 3) == pytest.approx(binom.pmf(range(4), 3, 0.5))


@pytest.mark.parametrize(
    ("values", "month"),
    [([7, 0, 3, 12], {0: 5}), ([7, 0, 3, 12], {0: 3, 1: 4}), ([14, 0, 6, 24], {1: 2, 0: 3}), ([1, 2, 3, 4], {1: 6})],
)
def test_a_distribution_is_that_of_all_companies_added_up(values: list[int], month: dict[int, int]) -> None:
    contribution = of(values, LAWS[0], [0.05, 0.5, 0.1, 0.2])
    exact = law_of_sum(contribution, month)
    unit = math.gcd(*values)
    exact = exact[::unit]
    first, last = len(exact) // 4, len(exact) - 1
    total = Total(companies({0: 1}, month), contribution)
    whole = total.distribution(1, 0, last)
    assert whole[: len(exact)] == pytest.approx(exact, abs=1e-14)
    assert len(whole) == 1 << last.bit_length()
    # A part of it, with what lies outside of the part in the places that it would have on a circle.
    part = total.distribution(1, first, last)
    assert len(part) == 1 << (last - first).bit_length()
    circle = np.zeros(len(part))
    np.add.at(circle, (np.arange(len(exact)) - first) % len(part), exact)
    assert part == pytest.approx(circle, abs=1e-14)


@pytest.mark.parametrize("miss", [0.025, 1e-6, 1e-12])
@pytest.mark.parametrize("month", [{0: 400}, {0: 300, 1: 50}, {1: 7}, {2: 30}])
def test_bounds_that_are_guaranteed_are_those_of_the_best_tilt(month: dict[int, int], miss: float) -> None:
    unit, values = 19, np.array([701, 30, 0])
    contribution = of(list(unit * values), [0.2, 0.5, 0.1], [0.01, 0.0, 0.3], [0.0, 0.9999, 0.0])
    (lower, upper), number = Total(companies({2: 3}, month), contribution).guaranteed(miss), sum(month.values())
    tilts = np.geomspace(1e-8, 700 / 701, 5_000)
    ends = []
    for sign in SIDES:
        powers = np.exp(sign * tilts[:, np.newaxis] * values)
        logarithms = [
            companies * np.log(contribution.nothing[law] + powers @ contribution.chances[law])
            for law, companies in month.items()
        ]
        ends.append(sign * ((np.sum(logarithms, axis=0) - np.log(miss)) / tilts).min())
    best = max(ends[0], 0), min(ends[1], 701 * number)
    # Sums are whole units. The grid of tilts makes the way to the mean longer by 0.2 % at the most.
    mean = float(companies(month).sums(contribution.cumulants)[0, 0]) / unit
    for end, exact, rounded in ((lower, best[0], math.ceil), (upper, best[1], math.floor)):
        assert end[1] % unit == 0
        assert min(rounded(exact), rounded(mean + 1.002 * (exact - mean))) <= end[1] / unit
        assert end[1] / unit <= max(rounded(exact), rounded(mean + 1.002 * (exact - mean)))


def test_bounds_may_be_asked_for_with_a_chance_for_each_month() -> None:
    contribution = of([1], [0.3])
    total = Total(companies({0: 500}, {0: 500}), contribution)
    (often, seldom), (low, high) = total.guaranteed(np.array([0.1, 1e-9]))
    assert (often, low) == tuple(float(ends[0]) for ends in total.guaranteed(0.1))
    assert (seldom, high) == tuple(float(ends[0]) for ends in total.guaranteed(1e-9))
    assert seldom < often < low < high


@pytest.mark.parametrize("miss", [0.025, 0.2])
@pytest.mark.parametrize(
    ("number", "chance"), [(1, 0.5), (40, 0.025), (500, 0.3), (10_000, 0.5), (60_000, 0.999), (60_000, 1e-5)]
)
def test_quantiles_of_a_number_of_companies_are_those_of_the_binomial(number: int, chance: float, miss: float) -> None:
    unit = 3
    lower, upper = Total(companies({0: number}), of([unit], [chance])).quantiles(miss)
    assert (lower[0], upper[0]) == tuple(unit * binom.ppf(end, number, chance) for end in (miss, 1 - miss))


def test_quantiles_of_many_companies_are_those_of_the_cumulants() -> None:
    number, chance, miss = 10**9, 0.3, 0.025
    lower, upper = Total(companies({0: number}), of([1], [chance])).quantiles(miss)
    assert (lower[0], upper[0]) == tuple(binom.ppf(end, number, chance) for end in (miss, 1 - miss))


def test_quantiles_of_so_many_laws_that_it_takes_long_are_those_of_the_cumulants() -> None:
    # The sums lie close to multiples of 40, of which cumulants know nothing.
    contribution = of([40, 41], *([0.25 + law / 1_000, 0.25] for law in range(16)))
    alike, many = {0: 160}, dict.fromkeys(range(16), 10)
    lower, upper = Total(companies(alike, many), contribution).quantiles(0.025)
    below = law_of_sum(contribution, alike).cumsum()
    assert (lower[0], upper[0]) == ((below > 0.025).argmax(), (below >= 0.975).argmax())
    cumulants = companies(many).sums(contribution.cumulants)[0]
    assert lower[1] == math.floor(cornish_fisher(cumulants, 0.025) + 0.5)
    assert upper[1] == math.ceil(cornish_fisher(cumulants, 0.975) - 0.5)
    below = law_of_sum(contribution, many).cumsum()
    assert (lower[1], upper[1]) != ((below > 0.025).argmax(), (below >= 0.975).argmax())


@pytest.mark.parametrize(("longest", "is_in_full"), [(32_767, True), (32_768, False), (60_000, False)])
def test_quantiles_of_a_skewed_sum_are_exact_as_long_as_it_is_not_too_long(longest: int, *, is_in_full: bool) -> None:
    total = Total(companies({0: 1}), of([1, longest], [0.5, 0.02]))
    guaranteed = [float(end[0]) for end in total.guaranteed(0.025)]
    assert guaranteed[1] > 0.97 * longest
    assert [float(end[0]) for end in total.quantiles(0.025)] == ([0, 1] if is_in_full else guaranteed)


def test_quantiles_of_a_skewed_sum_are_exact_whatever_the_number_of_laws() -> None:
    contribution = of([1, 15_000], [0.5, 0.01], [0.4, 0.01])
    lower, upper = Total(companies({0: 1, 1: 1}), contribution).quantiles(0.015)
    # With a chance of 0.0199 one or both of the two add 15,000, and with one of 0.0091 a company adds more to it.
    assert (lower[0], upper[0]) == (0, 15_000)


def test_a_distribution_may_have_so_many_points_that_laws_are_added_one_by_one() -> None:
    found = Total(companies({0: 1}), of([1, 3], [0.25, 0.5])).distribution(0, 0, 1 << 20)
    assert found[:5] == pytest.approx([0.25, 0.25, 0, 0.5, 0])


def test_quantiles_of_sums_that_are_too_long_and_too_skewed_are_bounds_that_are_guaranteed() -> None:
    contribution = of([1, 1_000_000], [0.5, 0.001])
    total = Total(companies({0: 1_000}), contribution)
    assert [float(end[0]) for end in total.quantiles(0.025)] == [float(end[0]) for end in total.guaranteed(0.025)]


def test_what_is_certain_has_no_quantiles_of_its_own() -> None:
    total = Total(companies({0: 8}, {1: 8}, {0: 3, 1: 5}), of([5], [1.0], [0.0]))
    for lower, upper in (total.quantiles(0.025), total.guaranteed(1e-9)):
        assert lower.tolist() == upper.tolist() == [40, 0, 15]


def test_a_company_that_contributes_nothing_adds_nothing() -> None:
    nothing = Contribution(np.array([], np.int64), np.zeros((1, 0)), np.ones(1))
    for ends in (Total(companies({0: 9}), nothing).quantiles(0.1), Total(companies({0: 9}), nothing).guaranteed(0.1)):
        assert [float(end[0]) for end in ends] == [0, 0]


def test_the_furthest_number_is_that_of_the_tilt_which_is_best() -> None:
    # Of a normal number with the variance 4, exp(-e) is the chance beyond sqrt(8 e) at the most.
    exponent = np.array([[1.0], [50.0]])
    found = furthest(np.stack([2 * TILTS**2] * 2), exponent)
    assert found == pytest.approx(np.sqrt(8 * exponent[:, 0]), rel=0.002)
    assert (found >= np.sqrt(8 * exponent[:, 0])).all()


def test_a_logarithm_has_the_digits_of_the_better_known() -> None:
    excess = np.array([1e-20, -1e-20, 0.5, -0.4, -0.5, -0.6, -1.0 + 1e-18, 1e300])
    whole = np.array([1.0, 1.0, 1.5, 0.6, 0.5, 0.4, 1e-18, 1e300])
    exact = [
        1e-20,
        -1e-20,
        math.log(1.5),
        math.log(0.6),
        math.log(0.5),
        math.log(0.4),
        math.log(1e-18),
        math.log(1e300),
    ]
    assert log_of(excess, whole) == pytest.approx(exact, rel=1e-14, abs=0)


@pytest.mark.parametrize("second", [1.0, 4.0])
def test_a_law_is_nearly_normal_up_to_a_tenth_of_skewness_and_kurtosis(second: float) -> None:
    third, fourth = 0.1 * second**1.5, 0.1 * second**2
    for one, other in ((1.0, 1.0), (-1.0, -1.0), (0.0, 0.0)):
        assert is_nearly_normal(np.array([3.0, second, one * third, other * fourth]))
    for one, other in ((1.01, 0.0), (-1.01, 0.0), (0.0, 1.01), (0.0, -1.01)):
        assert not is_nearly_normal(np.array([3.0, second, one * third, other * fourth]))


def test_the_quantile_by_cumulants_is_the_normal_one_and_terms_of_cornish_and_fisher() -> None:
    for chance in (0.025, 0.2, 0.975):
        z = norm.ppf(chance)
        assert cornish_fisher(np.array([5.0, 4.0, 0, 0]), chance) == pytest.approx(5 + 2 * z)
        # He2, He3 and the term of the square of the skewness, from tables.
        with_all = z + 0.08 * (z * z - 1) / 6 + 0.05 * (z**3 - 3 * z) / 24 - 0.08**2 * (2 * z**3 - 5 * z) / 36
        assert cornish_fisher(np.array([5.0, 4.0, 0.08 * 8, 0.05 * 16]), chance) == pytest.approx(5 + 2 * with_all)
    assert cornish_fisher(np.array([5.0, 0, 0, 0]), 0.3) == 5
