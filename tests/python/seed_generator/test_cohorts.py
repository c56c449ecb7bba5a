"""Which companies follow which law, and laws that are taken as one."""

from decimal import Decimal

import numpy as np
import pytest

from exact_laws import Floats
from seed_generator.expectations.alike import few_laws
from seed_generator.expectations.bounds import Contribution
from seed_generator.expectations.cohorts import Cohorts

COHORTS = Cohorts(
    [np.array([4]), np.array([1, 4]), np.array([0, 3, 2])], [np.array([6]), np.array([10, 4]), np.array([2, 5, 8])]
)
OF_LAWS = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 0.5], [0.0, 0.0], [5.0, 0.25]])


def lists(cohorts: Cohorts) -> tuple[list[list[int]], list[list[int]]]:
    return [of.tolist() for of in cohorts.laws], [of.tolist() for of in cohorts.numbers]


def test_laws_start_where_in_the_cycle_companies_are_acquired() -> None:
    starts, cohorts = Cohorts.of_acquired([50, 0, 7, 9, 0], 3)
    # The laws of the months 0 and 3 are alike.
    assert starts.tolist() == [0, 2]
    assert lists(cohorts) == (
        [[0], [1], [2, 5], [3, 6, 0], [4, 7, 1]],
        [[50], [50], [50, 7], [50, 7, 9], [50, 7, 9]],
    )


def test_companies_add_up_and_single_laws_are_told_from_several() -> None:
    assert COHORTS.companies.tolist() == [6, 14, 15]
    assert not COHORTS.are_single
    assert COHORTS.months([0]).are_single
    assert lists(COHORTS.months([2, 0])) == ([[0, 3, 2], [4]], [[2, 5, 8], [6]])


def test_months_with_few_laws_are_padded_with_companies_that_do_not_count() -> None:
    laws, numbers = COHORTS.padded
    assert laws.tolist() == [[4, 4, 4], [1, 4, 1], [0, 3, 2]]
    assert numbers.tolist() == [[6, 0, 0], [10, 4, 0], [2, 5, 8]]


def test_proportions_are_the_smallest_whole_numbers() -> None:
    assert lists(COHORTS.proportions)[1] == [[1], [5, 2], [2, 5, 8]]
    assert lists(COHORTS.proportions)[0] == lists(COHORTS)[0]


def test_what_is_known_of_laws_is_added_up_over_companies() -> None:
    assert COHORTS.sums(OF_LAWS) == pytest.approx(np.array([[30, 1.5], [40, 201], [26, 24]]))
    assert COHORTS.averages(OF_LAWS) == pytest.approx(np.array([[30, 1.5], [40, 201], [26, 24]]) / [[6], [14], [15]])
    exact = COHORTS.exact_sums(np.array([Decimal("0.1")] * 5))
    assert exact.tolist() == [Decimal("0.6"), Decimal("1.4"), Decimal("1.5")]


def test_companies_without_a_chance_and_laws_without_companies_are_left_out() -> None:
    assert lists(COHORTS.with_a_chance(OF_LAWS / 100)) == ([[4], [1, 4], [0, 2]], [[6], [10, 4], [2, 8]])
    laws, cohorts = COHORTS.months([0, 1]).used()
    assert laws.tolist() == [1, 4]
    assert lists(cohorts) == ([[1], [0, 1]], [[6], [10, 4]])


def _grouped(means: Floats) -> list[list[int]]:
    """The laws of each group: 16 groups of the same width between the least and the greatest root of a mean."""
    roots = np.sqrt(means)
    edges = np.linspace(roots.min(), roots.max(), 17)
    places = np.minimum(np.searchsorted(edges, roots + 1e-12, side="right") - 1, 15)
    return [np.flatnonzero(places == place).tolist() for place in range(16) if (places == place).any()]


@pytest.mark.parametrize(("first", "decline"), [(0, 0.93), (8, 0.93), (0, 0.5), (0, 1.02)])
def test_more_than_24_laws_are_put_into_16_groups_by_the_roots_of_their_means(first: int, decline: float) -> None:
    chances = np.array([[0.1, 0.2]]) * decline ** np.arange(48)[:, np.newaxis]
    each = Contribution(np.array([30, 7]), chances, 1 - chances.sum(axis=1))
    laws = [np.arange(first, first + 24), np.arange(first, first + 25), np.arange(first, 48)]
    numbers = [5 + np.arange(len(of_month)) % 4 for of_month in laws]
    fewer, alike = few_laws(Cohorts(laws, numbers), each)
    assert fewer.laws[0].tolist() == list(range(24))
    assert (fewer.numbers[0] == numbers[0]).all()
    assert (alike.chances[:24] == chances[laws[0]]).all()
    place = 24
    for month in (1, 2):
        groups = _grouped((chances @ [30, 7])[laws[month]])
        assert fewer.laws[month].tolist() == list(range(place, place + len(groups)))
        for law, number, group in zip(fewer.laws[month], fewer.numbers[month], groups, strict=True):
            assert number == numbers[month][group].sum()
            average = np.average(chances[laws[month]][group], axis=0, weights=numbers[month][group])
            assert alike.chances[law] == pytest.approx(average)
            assert alike.nothing[law] == pytest.approx(1 - average.sum())
        place += len(groups)
    assert len(alike.chances) == place


def test_laws_with_the_same_mean_are_one() -> None:
    chances = np.tile([0.25, 0.5], (30, 1))
    fewer, alike = few_laws(
        Cohorts([np.arange(30)], [np.full(30, 2)]), Contribution(np.array([1, 2]), chances, np.full(30, 0.25))
    )
    assert lists(fewer) == ([[0]], [[60]])
    assert alike.chances == pytest.approx(chances[:1])
