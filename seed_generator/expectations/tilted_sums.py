"""What the sums of tilted numbers over companies are in the mean of their exponentials: for Chernoff's inequality."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from seed_generator.expectations.bounds import log_of
from seed_generator.expectations.cohorts import Floats, Whole

# Exponents are so small that a float holds their quotients; to raise one keeps a bound valid.
LARGEST_EXPONENT = 300.0

_ENDLESS = 1e290


@dataclass(frozen=True)
class Companies:
    """The companies of some months.

    Parameters
    ----------
    chances : of their pairs, of shape (months, pairs, laws).
    nothing : of no pair, of shape (months, laws).
    numbers : of companies that follow the law, of shape (months, laws).
    """

    chances: Floats
    nothing: Floats
    numbers: Whole

    def log_nobody(self, has_below: NDArray[np.bool_]) -> Floats:
        """The logarithm of the chance that no company has a number below, of shape (months,)."""
        somebody = np.minimum(self.chances[:, has_below].sum(axis=1), 1)
        with np.errstate(divide="ignore"):
            return _product(self.numbers, np.log1p(-somebody))

    def log_chances(self, tilted: Floats, has_below: NDArray[np.bool_] | None) -> Floats:
        """The logarithm of E[exp(sum of the tilted numbers)], without the part in which no company has one below.

        `tilted` has the shape (months, tilts, pairs), and the result (months, tilts). All of it is taken for
        `has_below` None.
        """
        tilted = np.clip(tilted, -LARGEST_EXPONENT, LARGEST_EXPONENT)
        powers, nothing, numbers = np.exp(tilted), self.nothing[:, np.newaxis], self.numbers[:, np.newaxis]
        whole = nothing + powers @ self.chances
        logarithm = _product(numbers, log_of(np.expm1(tilted) @ self.chances, whole))
        if has_below is None:
            return logarithm
        with_below = powers[..., has_below] @ self.chances[:, has_below]
        without = nothing + powers[..., ~has_below] @ self.chances[:, ~has_below]
        with np.errstate(divide="ignore"):
            part: Floats = np.log(-np.expm1(-_product(numbers, np.log1p(with_below / without))))
        return logarithm + part


def _product(numbers: Whole, logarithms: Floats) -> Floats:
    """The logarithm of the product over all companies; a law without companies counts for nothing."""
    product: Floats = (numbers * np.clip(logarithms, -_ENDLESS, _ENDLESS)).sum(axis=-1)
    return product
