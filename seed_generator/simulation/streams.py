"""Every random stream of the simulation, and the only maps from raw bits to numbers.

A draw depends on nothing but (seed, stream version, purpose, block, month) and its position in the block. Only
`random_raw` of a bit generator is drawn: numpy promises that those bits stay the same, which it does not of the methods
of `Generator`. So the maps from bits to numbers are here, and changing one is a new `STREAM_VERSION`.
"""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

STREAM_VERSION = 1

# The upper 53 bits of a word are what a float64 can hold exactly.
_UNUSED_BITS = np.uint64(11)
_UNIT = 2.0**-53

_GOLDEN_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_MIXING = ((np.uint64(30), np.uint64(0xBF58476D1CE4E5B9)), (np.uint64(27), np.uint64(0x94D049BB133111EB)))
_LAST_SHIFT = np.uint64(31)


class Purpose(IntEnum):
    """What a stream is drawn for, so that one purpose never shifts another."""

    COMPANY_SIZE = 0
    SESSION_COUNT = 1
    SESSION_TIME = 2
    COMPANY_NAME = 3
    FAULT = 4
    PLAN_CHANGE = 5
    REACTIVATION = 6


def stream(seed: int, purpose: Purpose, block: int = 0, month: int = 0) -> np.random.PCG64DXSM:
    """The stream of a purpose, for a block of companies and a month counted from 0."""
    key = (STREAM_VERSION, int(purpose), block, month)
    return np.random.PCG64DXSM(np.random.SeedSequence(entropy=seed, spawn_key=key))


def keyed_draw(seed: int, purpose: Purpose, number: int, keys: NDArray[np.int64]) -> NDArray[np.float64]:
    """A draw that belongs to a key, wherever it stands: uniform in [0, 1), of the shape of `keys`.

    The mixing is that of SplitMix64 (Steele, Lea and Flood, Fast splittable pseudorandom number generators, 2014), with
    a start of its own for each seed, purpose and number.
    """
    start = np.random.SeedSequence(entropy=seed, spawn_key=(STREAM_VERSION, int(purpose), number))
    words = keys.astype(np.uint64) * _GOLDEN_GAMMA
    words += start.generate_state(1, np.uint64)
    for shift, factor in _MIXING:
        words ^= words >> shift
        words *= factor
    words ^= words >> _LAST_SHIFT
    return _unit_interval(words)


def draw(bits: np.random.PCG64DXSM, count: int) -> NDArray[np.float64]:
    """The next `count` draws, uniform in [0, 1) in steps of 2**-53, of shape (count,)."""
    words: NDArray[np.uint64] = bits.random_raw(count)
    return _unit_interval(words)


def uniform_integers(uniform: NDArray[np.float64], bound: NDArray[np.float64] | float) -> NDArray[np.int64]:
    """Integers uniform in [0, bound), of the shape of `uniform`, which is overwritten.

    `bound` is a whole number up to 2**53, one for all or one a draw. The largest draw, 1 - 2**-53, never rounds up to
    `bound`; each integer is off its fair share by at most bound / 2**53 of it.
    """
    uniform *= bound
    return uniform.astype(np.int64)


def _unit_interval(words: NDArray[np.uint64]) -> NDArray[np.float64]:
    """The words as numbers in [0, 1); the words are overwritten."""
    words >>= _UNUSED_BITS
    uniform = words.view(np.int64).astype(np.float64)  # the same numbers, and converted twice as fast
    uniform *= _UNIT
    return uniform
