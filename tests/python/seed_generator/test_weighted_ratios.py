"""The bounds of a ratio of two sums over companies, against all outcomes and against the best of all tilts."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from exact_laws import Floats, Month, cohorts, of_sums
from seed_generator.expectations.bounds import SIDES, Bounds, Contribution, Total
from seed_generator.expectations.cohorts import Cohorts
from seed_generator.expectations.tilted_sums import LARGEST_EXPONENT, Companies
from seed_generator.expectations.weighted_ratios import Parts, WeightedRatio, cornish_fisher

MISS = 0.025
# In cents or so: some pairs have no number below.
ABOVE, BELOW = np.array([4, 0, 6, 3, 1]), np.array([2, 2, 4, 0, 4])
OFTEN, SELDOM, APART, NEVER, TOGETHER = range(5)
CHANCES = np.array(
    [[0.3, 0.2, 0.1, 0.1, 0.05], [0.02, 0.03, 0.01, 0, 0.02], [0, 0.1, 0, 0.3, 0], [0.0] * 5, [0.2, 0.1, 0.3, 0, 0.3]]
)
NOTHING = np.array([0.25, 0.92, 0.6, 1.0, 0.1])


def ratio(*months: Month, scale: int = 1) -> WeightedRatio:
    return WeightedRatio(cohorts(*months), Parts(ABOVE * scale, BELOW, CHANCES, NOTHING))


def of_one_month(bounds: Bounds, month: int = 0) -> tuple[float, float]:
    return float(bounds[0][month]), float(bounds[1][month])


def exact_law(month: Month) -> tuple[Floats, Floats]:
    """Every ratio, ascending, and its chance, given that the sum below is not 0."""
    total = np.ones((1, 1))
    for law, number in month.items():
        of_one = np.zeros((ABOVE.max() + 1, BELOW.max() + 1))
        np.add.at(of_one, (ABOVE, BELOW), CHANCES[law])
        of_all = of_sums(number, of_one)
        grown = np.zeros(np.add(total.shape, of_all.shape) - 1)
        for (above, below), chance in np.ndenumerate(total):
            grown[above : above + of_all.shape[0], below : below + of_all.shape[1]] += chance * of_all
        total = grown
    above, below = np.indices(total.shape)
    some = (below > 0) & (total > 0)
    ratios, order = above[some] / below[some], np.argsort(above[some] / below[some])
    return ratios[order], total[some][order] / total[some].sum()


def expected(month: Month) -> float:
    average = np.array(list(month.values())) @ CHANCES[list(month)]
    return float(average @ ABOVE / (average @ BELOW))


def reached(month: Month, sign: int, tilts: Floats, x: Floats) -> Floats:
    """Markov's bound of the chance that the ratio is x or beyond, for each tilt and its own x."""
    numbers, laws = np.array(list(month.values())), list(month)
    away = sign * tilts[:, np.newaxis] * (ABOVE - x[:, np.newaxis] * BELOW)
    powers = np.exp(np.clip(away, -300, 300))
    with_below = powers[:, BELOW > 0] @ CHANCES[laws][:, BELOW > 0].T
    without = NOTHING[laws] + powers[:, BELOW == 0] @ CHANCES[laws][:, BELOW == 0].T
    nobody = np.prod((1 - CHANCES[laws][:, BELOW > 0].sum(axis=1)) ** numbers)
    # The difference of the products over the companies, with and without those outcomes.
    factors, more = np.log(without) @ numbers, np.log1p(with_below / without) @ numbers
    chances: Floats = np.exp(np.minimum(factors + more + np.log(-np.expm1(-more)), 600)) / (1 - nobody)
    return chances


@pytest.mark.parametrize("miss", [MISS, 1e-6, 1e-12])
@pytest.mark.parametrize(
    "month",
    [
        {TOGETHER: 1},
        {OFTEN: 1},
        {OFTEN: 40},
        {TOGETHER: 300},
        {SELDOM: 5},
        {OFTEN: 20, SELDOM: 200},
        {OFTEN: 3, APART: 9, NEVER: 2},
        {APART: 6},
    ],
)
def test_bounds_that_are_guaranteed_are_those_of_the_best_tilt(month: Month, miss: float) -> None:
    found = of_one_month(ratio({TOGETHER: 300}, month, {SELDOM: 2, OFTEN: 1}, scale=100).guaranteed(miss), 1)
    possible = [
        (a, b) for a, b, chance in zip(ABOVE, BELOW, CHANCES[list(month)].sum(axis=0), strict=True) if chance and b
    ]
    limits = [sign * max(sign * a / b for a, b in possible) for sign in SIDES]
    if CHANCES[list(month), ABOVE.tolist().index(3)].any():  # one company adds above, another one below
        limits[1] = 6.0 * sum(month.values()) / 2
    inside = expected(month)
    # Tilts are small enough for a float; the largest on the grid is not quite the largest that there may be.
    tilts = np.geomspace(1e-3, LARGEST_EXPONENT, 1_500) / 6 / max(inside * 4 / 6, 1)
    on_the_grid = tilts <= 0.8 * tilts[-1]
    for end, sign, limit in zip(found, SIDES, limits, strict=True):
        near, far = np.full(len(tilts), inside), np.full(len(tilts), limit)
        for _ in range(45):
            middle = (near + far) / 2
            is_rare = reached(month, sign, tilts, middle) <= miss
            near, far = np.where(is_rare, near, middle), np.where(is_rare, middle, far)
        assert sign * end / 100 >= (sign * far).min() - 1e-6
        # The tilt is the best one of the average law, on a grid.
        best = (sign * far[on_the_grid]).min() - sign * inside
        assert sign * (end / 100 - inside) <= (1.02 if len(month) == 1 else 1.1) * best + 1e-9


@pytest.mark.parametrize(
    "month", [{TOGETHER: 12}, {OFTEN: 12}, {SELDOM: 12}, {OFTEN: 5, SELDOM: 6}, {APART: 8, OFTEN: 2}]
)
def test_few_companies_are_seldom_beyond_their_quantiles(month: Month) -> None:
    beside_many = ratio({TOGETHER: 150}, month)
    wide = beside_many.guaranteed(1e-6)
    lower, upper = of_one_month(beside_many.quantiles(MISS, wide), 1)
    ratios, chances = exact_law(month)
    assert chances[ratios < lower].sum() <= MISS
    assert chances[ratios > upper].sum() <= MISS
    assert (lower, upper) == of_one_month(beside_many.guaranteed(MISS), 1)
    assert lower >= wide[0][1]
    assert upper <= wide[1][1]


@pytest.mark.parametrize("month", [{OFTEN: 400}, {TOGETHER: 150}, {OFTEN: 150, SELDOM: 300}])
def test_quantiles_of_many_companies_come_from_cumulants(month: Month) -> None:
    """Solved anew: the end is where the quantile of above - x · below is half of a company's part away from 0."""
    many = ratio({SELDOM: 9, OFTEN: 1}, month)
    lower, upper = of_one_month(many.quantiles(MISS, many.guaranteed(1e-6)), 1)
    half = np.abs(ABOVE / 6 - expected(month) * 4 / 6 * BELOW / 4).max() / 2 * 6
    for end, sign in ((lower, -1), (upper, 1)):
        cumulants = np.zeros(4)
        for law, number in month.items():
            parts = np.append(ABOVE - end * BELOW, 0)
            chances = np.append(CHANCES[law], NOTHING[law])
            mean = chances @ parts
            second, third, fourth = (chances @ (parts - mean) ** power for power in (2, 3, 4))
            cumulants += number * np.array([mean, second, third, fourth - 3 * second**2])
        z = sign * norm.ppf(1 - MISS)
        skewness, kurtosis = cumulants[2] / cumulants[1] ** 1.5, cumulants[3] / cumulants[1] ** 2
        standard = (
            z + skewness * (z * z - 1) / 6 + kurtosis * (z**3 - 3 * z) / 24 - skewness**2 * (2 * z**3 - 5 * z) / 36
        )
        assert cumulants[0] + standard * np.sqrt(cumulants[1]) == pytest.approx(-sign * half, abs=1e-4)


def test_cumulants_are_polynomials_of_the_ratio() -> None:
    months: list[Month] = [{OFTEN: 3, SELDOM: 8}, {TOGETHER: 5}]
    x = np.array([0.3, 1.7])
    found = ratio(*months)._cumulants(x)
    for month, at, of_month in zip(months, x, found.T, strict=True):
        parts = ABOVE / 6 - at * BELOW / 4
        exact = np.zeros(4)
        for law, number in month.items():
            chances, values = np.append(CHANCES[law], NOTHING[law]), np.append(parts, 0)
            mean = chances @ values
            second, third, fourth = (chances @ (values - mean) ** power for power in (2, 3, 4))
            exact += number * np.array([mean, second, third, fourth - 3 * second**2])
        assert of_month == pytest.approx(exact, rel=1e-9, abs=1e-12)


def test_a_ratio_whose_sum_below_is_certain_is_a_sum() -> None:
    # All companies add 4 below, and 1 or 6 above.
    chances, nothing = np.array([[0.5, 0.5], [0.1, 0.9]]), np.zeros(2)
    months: list[Month] = [{0: 60}, {1: 2, 0: 3}]
    sure = WeightedRatio(cohorts(*months), Parts(np.array([1, 6]), np.array([4, 4]), chances, nothing))
    lower, upper = sure.quantiles(MISS, sure.guaranteed(1e-6))
    exact = Total(cohorts(*months), Contribution(np.array([1, 6]), chances, nothing)).quantiles(MISS)
    assert lower * [240, 20] == pytest.approx(exact[0])
    assert upper * [240, 20] == pytest.approx(exact[1])


def test_a_sum_below_is_not_certain_where_a_company_may_add_nothing_or_something_else() -> None:
    parts = Parts(
        np.array([1, 6, 2]),
        np.array([4, 4, 8]),
        np.array([[0.5, 0.5, 0], [0.5, 0.4, 0], [0.5, 0.25, 0.25], [0.0, 0.0, 1.0]]),
        np.array([0.0, 0.1, 0.0, 0.0]),
    )
    months: list[Month] = [{0: 3}, {1: 3}, {2: 3}, {3: 3}, {0: 2, 1: 1}, {0: 2, 3: 1}, {2: 4, 3: 5}]
    assert WeightedRatio(cohorts(*months), parts)._below_of_all == [12, 0, 0, 24, 0, 0, 0]


def test_what_is_certain_of_a_ratio_has_no_band() -> None:
    sure = WeightedRatio(cohorts({0: 50}), Parts(np.array([3]), np.array([2]), np.array([[0.4]]), np.array([0.6])))
    wide = sure.guaranteed(1e-6)
    assert of_one_month(wide) == of_one_month(sure.quantiles(MISS, wide)) == (1.5, 1.5)
    never = WeightedRatio(cohorts({0: 50}), Parts(np.array([0]), np.array([2]), np.array([[0.4]]), np.array([0.6])))
    wide = never.guaranteed(1e-6)
    assert of_one_month(wide) == of_one_month(never.quantiles(MISS, wide)) == (0, 0)


def test_few_companies_or_a_skewed_sum_are_not_nearly_normal() -> None:
    # Above an even number below, which all have: 0 or 100, and 0, 50 or 100; skewness and kurtosis are of the binomial
    # sum, and those of one company by their number. Then half of them have a number below, or add above alone.
    chances = np.array(
        [[0.99, 0, 0.01, 0], [0.01, 0.98, 0.01, 0], [0.25, 0, 0.25, 0], [0.25, 0, 0.25, 0.5], [0.01, 0, 0.99, 0]]
    )
    months: list[Month] = [{0: 380}, {0: 400}, {1: 93}, {1: 95}, {2: 59}, {2: 60}, {3: 50}, {4: 380}, {4: 400}]
    of = WeightedRatio(
        cohorts(*months),
        Parts(np.array([0, 50, 100, 50]), np.array([2, 2, 2, 0]), chances, np.array([0, 0, 0.5, 0, 0])),
    )
    assert of._are_nearly_normal.tolist() == [False, True, False, True, False, True, False, False, True]


def test_a_pair_of_two_zeros_is_nothing() -> None:
    chances, nothing = np.array([[0.4, 0.2]]), np.array([0.4])
    of = WeightedRatio(cohorts({0: 5}), Parts(np.array([3, 0]), np.array([2, 0]), chances, nothing))
    assert of_one_month(of.guaranteed(1e-6)) == (1.5, 1.5)


def test_so_many_laws_that_one_month_alone_is_computed_at_once_have_bounds_too() -> None:
    laws, pairs = 1_100, 500
    chances = np.full((laws, pairs), 0.5 / pairs)
    above, below = np.arange(pairs), np.full(pairs, 2)
    many = WeightedRatio(
        Cohorts([np.arange(laws)], [np.ones(laws, np.int64)]), Parts(above, below, chances, np.full(laws, 0.5))
    )
    one = WeightedRatio(cohorts({0: laws}), Parts(above, below, chances[:1], np.array([0.5])))
    assert of_one_month(many.guaranteed(1e-6)) == pytest.approx(of_one_month(one.guaranteed(1e-6)))


def test_quantiles_of_nearly_normal_laws_are_those_of_cornish_and_fisher() -> None:
    z = float(norm.ppf(0.975))
    cumulants = np.array([[5.0, 2.0], [4.0, 1.0], [0.8, 0.0], [1.6, 0.0]])
    with_all = z + 0.1 * (z * z - 1) / 6 + 0.1 * (z**3 - 3 * z) / 24 - 0.01 * (2 * z**3 - 5 * z) / 36
    assert cornish_fisher(cumulants, z) == pytest.approx([5 + 2 * with_all, 2 + z])
    assert cornish_fisher(np.array([[5.0], [0.0], [0.0], [0.0]]), z) == pytest.approx([5])


def companies(*months: Month) -> Companies:
    laws, numbers = cohorts(*months).padded
    return Companies(CHANCES[laws].swapaxes(1, 2), NOTHING[laws], numbers)


def test_the_chance_that_no_company_has_a_number_below_is_a_product() -> None:
    found = companies({OFTEN: 3, SELDOM: 2}, {TOGETHER: 4}).log_nobody(BELOW > 0)
    assert np.exp(found) == pytest.approx([0.35**3 * 0.92**2, 0.1**4])
    # Floats that should add up to 1 may be a digit more.
    for chance in (1.0, 1.0 + 2**-52):
        certain = Companies(np.full((1, 1, 1), chance), np.zeros((1, 1)), np.array([[5]]))
        assert certain.log_nobody(np.array([True]))[0] < -1e280


@pytest.mark.parametrize("has_below", [None, BELOW > 2])
def test_tilted_sums_are_those_of_all_outcomes(has_below: NDArray[np.bool_] | None) -> None:
    months: list[Month] = [{OFTEN: 3, SELDOM: 2}, {TOGETHER: 4}]
    tilted = np.linspace(-2, 3, 20).reshape(2, 2, 5)
    found = companies(*months).log_chances(tilted, has_below)
    assert found.shape == (2, 2)
    for month, of_month, chances in zip(months, tilted, found, strict=True):
        for powers, chance in zip(np.exp(of_month), chances, strict=True):
            whole = np.prod([(NOTHING[law] + powers @ CHANCES[law]) ** n for law, n in month.items()])
            above = powers * (BELOW <= 2)
            without = np.prod([(NOTHING[law] + above @ CHANCES[law]) ** n for law, n in month.items()])
            assert np.exp(chance) == pytest.approx(whole - (0 if has_below is None else without))


def test_exponents_are_no_larger_than_a_float_can_bear() -> None:
    few = companies({OFTEN: 1})
    for sign in (1, -1):
        largest = few.log_chances(np.full((1, 1, 5), sign * LARGEST_EXPONENT), None)
        assert few.log_chances(np.full((1, 1, 5), sign * 1e6), None) == largest
        assert np.isfinite(largest).all()


def test_a_law_without_companies_counts_for_nothing_whatever_its_chances() -> None:
    certain = Companies(np.array([[[0.5, 1.0]]]), np.array([[0.5, 0.0]]), np.array([[2, 0]]))
    assert certain.log_nobody(np.array([True])) == pytest.approx([2 * np.log(0.5)])
