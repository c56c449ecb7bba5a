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


class Purpose(IntEnum):
    """What a stream is drawn for, so that one purpose never shifts another."""

    COMPANY_SIZE = 0
    SESSION_COUNT = 1
    SESSION_TIME = 2
    COMPANY_NAME = 3


def stream(seed: int, purpose: Purpose, block: int = 0, month: int = 0) -> np.random.PCG64DXSM:
    """The stream of a purpose, for a block of companies and a month counted from 0."""
    key = (STREAM_VERSION, int(purpose), block, month)
    return np.random.PCG64DXSM(np.random.SeedSequence(entropy=seed, spawn_key=key))


def draw(bits: np.random.PCG64DXSM, count: int) -> NDArray[np.float64]:
    """The next `count` draws, uniform in [0, 1) in steps of 2**-53, of shape (count,)."""
    words: NDArray[np.uint64] = bits.random_raw(count)
    words >>= _UNUSED_BITS
    uniform = words.astype(np.float64)
    uniform *= _UNIT
    return uniform


def uniform_integers(uniform: NDArray[np.float64], bound: NDArray[np.float64] | float) -> NDArray[np.int64]:
    """Integers uniform in [0, bound), of the shape of `uniform`, which is overwritten.

    `bound` is a whole number up to 2**53, one for all or one a draw. The largest draw, 1 - 2**-53, never rounds up to
    `bound`; each integer is off its fair share by at most bound / 2**53 of it.
    """
    uniform *= bound
    return uniform.astype(np.int64)
