"""How many companies follow which law in each month: those acquired in the same month are alike, others are not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Decimals = NDArray[np.object_]
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Cohorts:
    """For each month, which laws its companies follow, and how many follow each.

    Parameters
    ----------
    laws : for each month, rows of what is known law by law, int64 of shape (cohorts,).
    numbers : for each month, how many companies follow each of these laws, int64 of shape (cohorts,).
    """

    laws: Sequence[Whole]
    numbers: Sequence[Whole]

    @classmethod
    def of_acquired(cls, acquired: Sequence[int], cycle: int) -> tuple[Whole, "Cohorts"]:
        """The places in the cycle at which laws start, and the cohorts, where laws are alike after so many months.

        The laws of a start stand one after the other, one for each age; `acquired` companies are acquired each month.
        """
        months = range(len(acquired))
        some = [month for month in months if acquired[month]]
        starts = sorted({month % cycle for month in some})
        place = {start: number * len(acquired) for number, start in enumerate(starts)}
        so_far = [[month for month in some if month <= now] for now in months]
        return np.array(starts), cls(
            [
                np.array([place[month % cycle] + now - month for month in known])
                for now, known in zip(months, so_far, strict=True)
            ],
            [np.array([acquired[month] for month in known]) for known in so_far],
        )

    @cached_property
    def companies(self) -> Whole:
        """All of each month, of shape (months,)."""
        return np.array([numbers.sum() for numbers in self.numbers], np.int64)

    @property
    def are_single(self) -> bool:
        """Whether all companies of each month follow one law."""
        return all(len(laws) == 1 for laws in self.laws)

    @cached_property
    def padded(self) -> tuple[Whole, Whole]:
        """Laws and numbers of shape (months, cohorts), where a month has too few with a law of its own and number 0."""
        most = max(map(len, self.laws))
        laws = [np.append(laws, np.repeat(laws[:1], most - len(laws))) for laws in self.laws]
        return np.array(laws), np.array([np.append(of, np.zeros(most - len(of), np.int64)) for of in self.numbers])

    @property
    def proportions(self) -> "Cohorts":
        """The smallest whole numbers with the same ratios, so that of a single law nothing is lost by rounding."""
        return Cohorts(self.laws, [numbers // np.gcd.reduce(numbers) for numbers in self.numbers])

    def sums(self, of_laws: Floats) -> Floats:
        """Of what is known law by law, (laws, …), over the companies of each month: of shape (months, …)."""
        return np.array([numbers @ of_laws[laws] for laws, numbers in self._pairs()])

    def averages(self, of_laws: Floats) -> Floats:
        """The same by the number of companies."""
        return np.array([numbers / numbers.sum() @ of_laws[laws] for laws, numbers in self._pairs()])

    def exact_sums(self, of_laws: Decimals) -> Decimals:
        """The sums in decimals, from shape (laws,) to (months,)."""
        return np.array([numbers.astype(object) @ of_laws[laws] for laws, numbers in self._pairs()])

    def months(self, some: Iterable[int]) -> "Cohorts":
        """Those of some months only."""
        chosen = list(some)
        return Cohorts([self.laws[month] for month in chosen], [self.numbers[month] for month in chosen])

    def with_a_chance(self, of_laws: Floats) -> "Cohorts":
        """Without the companies whose law has no chance above 0 among `of_laws`, of shape (laws, values)."""
        possible = of_laws.sum(axis=1) > 0
        return Cohorts(
            [laws[possible[laws]] for laws in self.laws],
            [numbers[possible[laws]] for laws, numbers in self._pairs()],
        )

    def used(self) -> tuple[Whole, "Cohorts"]:
        """The laws that some company follows, and the cohorts by their places among these alone."""
        laws = np.unique(np.concatenate(self.laws))
        return laws, Cohorts([np.searchsorted(laws, of_month) for of_month in self.laws], self.numbers)

    def _pairs(self) -> Iterable[tuple[Whole, Whole]]:
        return zip(self.laws, self.numbers, strict=True)
