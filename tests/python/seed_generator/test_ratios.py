"""The bounds of a mean over the companies with a value, against all outcomes and against the best of all tilts."""

import numpy as np
import pytest
from scipy.stats import binom

from exact_laws import Floats, Month, cohorts, of_sums
from seed_generator.expectations.bounds import SIDES, Bounds, Contribution, Total, cornish_fisher
from seed_generator.expectations.ratios import Mean

MISS = 0.025
VALUES = np.array([5, 1, 3])
OFTEN, SELDOM, NEVER, ALWAYS, ALIKE = range(5)
CHANCES = np.array([[0.3, 0.2, 0.1], [0.02, 0.05, 0.1], [0, 0, 0], [0.25, 0.5, 0.25], [0.03, 0.02, 0.01]])
NOTHING = np.array([0.4, 0.83, 1.0, 0.0, 0.94])


def mean(*months: Month, many: int = 10**9, values: np.ndarray = VALUES) -> Mean:
    return Mean(cohorts(*months), Contribution(values, CHANCES, NOTHING), many)


def of_numbers(month: Month) -> Floats:
    """The chance of each number of companies with a value."""
    found = np.ones(1)
    for law, number in month.items():
        found = np.convolve(found, binom.pmf(np.arange(number + 1), number, CHANCES[law].sum()))
    return found


def of_means(month: Month) -> tuple[Floats, Floats]:
    """Every mean of values by the average of the laws, ascending, and its chance; given that there is a value."""
    average = np.zeros(VALUES.max() + 1)
    np.add.at(average, VALUES, sum(number * CHANCES[law] for law, number in month.items()) / sum(month.values()))
    average /= average.sum()
    chances: dict[float, float] = {}
    numbers = of_numbers(month)
    sums = np.ones(1)
    for number in range(1, len(numbers)):
        sums = np.convolve(sums, average)
        for total in np.flatnonzero(sums):
            exact = round(float(total) / number, 12)
            chances[exact] = chances.get(exact, 0.0) + numbers[number] * sums[total]
    means = np.array(sorted(chances))
    of_each = np.array([chances[value] for value in means])
    return means, of_each / of_each.sum()


def of_one_month(bounds: Bounds, month: int = 0) -> tuple[float, float]:
    return float(bounds[0][month]), float(bounds[1][month])


@pytest.mark.parametrize("miss", [MISS, 0.2])
@pytest.mark.parametrize(
    "month",
    [{OFTEN: 1}, {OFTEN: 12}, {SELDOM: 4}, {SELDOM: 30}, {OFTEN: 60}, {OFTEN: 6, SELDOM: 9}, {OFTEN: 3, ALWAYS: 2}],
)
def test_quantiles_of_a_mean_are_the_closest_ones(month: Month, miss: float) -> None:
    lower, upper = of_one_month(mean({ALWAYS: 1}, month).quantiles(miss), 1)
    means, chances = of_means(month)
    below = np.cumsum(chances)
    # Where laws differ, a little is held back.
    beyond = miss if len(month) == 1 else 0.98 * miss
    assert lower == pytest.approx(means[(below > beyond + 1e-12).argmax()], abs=1e-9)
    assert upper == pytest.approx(means[(below >= 1 - beyond - 1e-13).argmax()], abs=1e-9)


def test_quantiles_of_a_share_are_the_closest_ones() -> None:
    """Of six companies nine of ten are customers, on average, and six of ten customers are kept."""
    kept = Mean(cohorts({0: 6}), Contribution(np.array([0, 1]), np.array([[0.36, 0.54]]), np.array([0.1])), 10**9)
    chances: dict[float, float] = {}
    for customers in range(1, 7):
        of_kept = binom.pmf(customers, 6, 0.9) * binom.pmf(np.arange(customers + 1), customers, 0.6)
        for number, chance in enumerate(of_kept):
            chances[number / customers] = chances.get(number / customers, 0.0) + chance / (1 - 0.1**6)
    shares = sorted(chances)
    below = np.cumsum([chances[share] for share in shares])
    exact = shares[(below > MISS).argmax()], shares[(below >= 1 - MISS).argmax()]
    assert of_one_month(kept.quantiles(MISS)) == pytest.approx(exact, abs=1e-9)


def test_a_mean_may_be_below_its_lower_quantile_with_just_that_chance() -> None:
    one = Mean(cohorts({0: 1}), Contribution(np.array([1, 3]), np.array([[0.0125, 0.4875]]), np.array([0.5])), 10)
    assert of_one_month(one.quantiles(MISS)) == pytest.approx((3, 3))


@pytest.mark.parametrize("miss", [MISS, 1e-6, 1e-12])
@pytest.mark.parametrize(
    "month",
    [{OFTEN: 1}, {OFTEN: 500}, {SELDOM: 4}, {OFTEN: 60, SELDOM: 900}, {SELDOM: 7, ALIKE: 2}, {ALWAYS: 300, NEVER: 5}],
)
def test_bounds_of_a_mean_that_are_guaranteed_are_those_of_the_best_tilt(month: Month, miss: float) -> None:
    """For each tilt Markov's inequality gives a bound, the solution of an equation; the best one is the closest."""
    found = of_one_month(mean({OFTEN: 1}, month).guaranteed(miss), 1)
    laws, numbers = list(month), np.array(list(month.values()))
    nobody = float(np.prod(NOTHING[laws] ** numbers))
    target = np.log(nobody + miss * (1 - nobody))
    tilts = np.geomspace(1e-4, 140, 3_000)
    ends = []
    for sign in SIDES:
        low, high = np.full(len(tilts), -sign * 200.0), np.full(len(tilts), sign * 10.0)
        for _ in range(50):
            middle = (low + high) / 2
            away = sign * tilts[:, np.newaxis] * (VALUES - middle[:, np.newaxis])
            moments = NOTHING[laws] + np.exp(np.clip(away, -600, 600)) @ CHANCES[laws].T
            is_rare = np.log(moments) @ numbers <= target
            low, high = np.where(is_rare, low, middle), np.where(is_rare, middle, high)
        ends.append(sign * (sign * high).min())
    average = numbers @ CHANCES[laws]
    expected = average @ VALUES / average.sum()
    values = VALUES[average > 0]
    for end, sign, best in zip(found, SIDES, ends, strict=True):
        limit = values.min() if sign < 0 else values.max()
        exact = sign * min(sign * best, sign * limit)
        assert sign * end >= sign * exact - 1e-6
        # The grid of tilts, and with several laws the one tilt that is taken, make it a little wider.
        wider = expected + (1.002 if len(month) == 1 else 1.003) * (exact - expected)
        assert sign * end <= sign * wider + 1e-9


def test_where_no_value_is_possible_but_the_one_it_is_the_only_mean() -> None:
    only = Mean(
        cohorts({0: 7}, {0: 2, 1: 3}),
        Contribution(np.array([4, 9]), np.array([[0.5, 0], [0.1, 0]]), np.array([0.5, 0.9])),
        10,
    )
    for lower, upper in (only.guaranteed(1e-6), only.quantiles(MISS)):
        assert [*lower, *upper] == pytest.approx([4, 4, 4, 4], rel=1e-12)


def test_the_mean_of_companies_that_all_have_a_value_is_their_sum_by_their_number() -> None:
    exact = Total(cohorts({ALWAYS: 90}), Contribution(VALUES, CHANCES, NOTHING)).quantiles(MISS)
    lower, upper = of_one_month(mean({OFTEN: 3}, {ALWAYS: 90}, many=10).quantiles(MISS), 1)
    assert (lower * 90, upper * 90) == pytest.approx(of_one_month(exact))
    power = of_sums(90, np.array([0, 0.5, 0, 0.25, 0, 0.25])).cumsum()
    assert (lower * 90, upper * 90) == pytest.approx(((power > MISS).argmax(), (power >= 1 - MISS).argmax()))


def test_where_hardly_any_company_has_a_value_the_mean_is_that_of_one() -> None:
    chances = np.array([[1e-20, 0, 3e-20]])
    found = Mean(cohorts({0: 5}), Contribution(VALUES, chances, np.ones(1)), 10).quantiles(MISS)
    assert of_one_month(found) == (3, 5)
    found = Mean(cohorts({0: 5}), Contribution(VALUES, chances * [1, 1, 1e3], np.ones(1)), 10).quantiles(MISS)
    assert of_one_month(found) == (3, 3)


@pytest.mark.parametrize("month", [{OFTEN: 4_000}, {OFTEN: 2_000, SELDOM: 9_000}, {OFTEN: 300}])
def test_quantiles_of_a_mean_over_many_companies_come_from_cumulants(month: Month) -> None:
    few, many = mean(month), mean(month, many=100)
    closest, nearly = of_one_month(few.quantiles(MISS)), of_one_month(many.quantiles(MISS))
    assert closest != nearly
    laws, numbers = list(month), np.array(list(month.values()))
    average = numbers @ CHANCES[laws]
    spread = np.sqrt(average @ VALUES**2 / average.sum() - (average @ VALUES / average.sum()) ** 2) / np.sqrt(
        average.sum()
    )
    assert nearly == pytest.approx(closest, abs=float(spread) / 150)


def test_cumulants_of_a_mean_are_those_of_one_company_by_their_number() -> None:
    month = {OFTEN: 30_000, SELDOM: 90_000}
    found = mean(month)._cumulants(0, number=33_300)
    average = np.array([30_000, 90_000]) @ CHANCES[:2] / 33_300
    first = average @ VALUES
    moments = [average @ (VALUES - first) ** power for power in (2, 3, 4)]
    # Of the number: the variance by the mean, which is the chance of no value, taken over the companies with a value.
    without = (30_000 * 0.6 * 0.4 + 90_000 * 0.17 * 0.83) / 33_300
    second = moments[0] / 33_300 * (1 + without / 33_300)
    kurtosis = (moments[2] - 3 * moments[0] ** 2) / 33_300**3 + 3 * without / 33_300 * second**2
    assert found == pytest.approx([first, second, moments[1] / 33_300**2, kurtosis], rel=1e-9, abs=0)
    lower, upper = of_one_month(mean(month, many=100).quantiles(MISS))
    assert lower == pytest.approx(cornish_fisher(found, 0.98 * MISS), rel=1e-12)
    assert upper == pytest.approx(cornish_fisher(found, 1 - 0.98 * MISS), rel=1e-12)


def test_cumulants_tell_quantiles_from_more_than_so_many_companies_with_a_value() -> None:
    half = Contribution(np.array([1, 2]), np.array([[0.25, 0.25]]), np.array([0.5]))
    by_many = [of_one_month(Mean(cohorts({0: 80}), half, many).quantiles(MISS)) for many in (39, 40, 41)]
    assert by_many[0] != by_many[1] == by_many[2]


def test_bounds_of_a_chance_that_is_almost_0_are_the_smallest_and_the_largest_value() -> None:
    chance = np.linspace(0.01, 0.9, 90)
    few = Contribution(np.array([2, 9]), np.column_stack([chance / 2] * 2), 1 - chance)
    lower, upper = Mean(cohorts(*({law: 3} for law in range(90))), few, 10).guaranteed(1e-30)
    assert set(lower) == {2}
    assert set(upper) == {9}


def test_the_band_of_too_many_companies_is_guaranteed() -> None:
    # For about 280 numbers of companies with a value, with 4,096 or 8,192 sums for each.
    assert mean({OFTEN: 1_500}, values=4 * VALUES)._exact(0, MISS) is not None
    assert mean({OFTEN: 1_500}, values=8 * VALUES)._exact(0, MISS) is None
    # Hardly ever a value that is a million times the others, so that no cumulants tell a quantile.
    chances = np.array([[0.3, 0.2, 1e-4]])
    skewed = Mean(cohorts({0: 3_000}), Contribution(np.array([1, 2, 10**6]), chances, 1 - chances.sum(axis=1)), 10)
    assert skewed._exact(0, MISS) is None
    assert of_one_month(skewed.quantiles(MISS)) == of_one_month(skewed.guaranteed(MISS))


@pytest.mark.parametrize(
    "month", [{OFTEN: 50}, {SELDOM: 3}, {OFTEN: 5, SELDOM: 9}, {OFTEN: 1, SELDOM: 3}, {ALIKE: 5_000}, {OFTEN: 1}]
)
def test_weights_are_the_chances_of_so_many_companies_with_a_value(month: Month) -> None:
    numbers, weights = mean({OFTEN: 2}, month)._weights(1)
    exact = of_numbers(month)
    exact[0] = 0
    assert numbers.tolist() == list(range(int(numbers[0]), int(numbers[-1]) + 1))
    assert numbers[0] >= 1
    assert weights == pytest.approx(exact[numbers] / exact.sum(), rel=1e-6, abs=1e-13)
    rest = exact.sum() - exact[numbers].sum()
    assert rest <= 1e-11


def test_weights_of_one_law_are_exact_however_rare() -> None:
    chances = np.array([[1e-14, 0, 0]])
    numbers, weights = Mean(cohorts({0: 1_000}), Contribution(VALUES, chances, np.ones(1)), 10)._weights(0)
    exact = binom.pmf(numbers, 1_000, 1e-14)
    assert numbers.tolist() == [1, 2]
    assert weights == pytest.approx(exact / exact.sum(), rel=1e-6, abs=0)


def test_where_two_companies_with_a_value_are_too_rare_there_is_one() -> None:
    chances = np.array([[1e-12, 0, 0], [1.1e-12, 0, 0]])
    numbers, weights = Mean(cohorts({0: 1, 1: 1}), Contribution(VALUES, chances, np.ones(2)), 10)._weights(0)
    assert (numbers.tolist(), weights.tolist()) == ([1], [1])
