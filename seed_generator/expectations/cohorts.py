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

    def _pairs(self) -> Iterable[tuple[Whole, Whole]]:
        return zip(self.laws, self.numbers, strict=True)
