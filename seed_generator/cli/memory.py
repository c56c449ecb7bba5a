"""The C library's memory, told to keep what it is given back.

Batches come and go by the megabyte. By default each takes fresh pages from the system, and to get these costs as much
as to fill them.
"""

import ctypes
from contextlib import suppress

# Of glibc's malloc.h; other C libraries have no such function and are left alone.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_KEPT_BYTES = 128 << 20  # more than all batches that are in memory at a time
_LARGEST_KEPT_BYTES = 32 << 20  # the most that glibc takes


def keep_freed_memory() -> None:
    """From now on, for this process."""
    with suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT_BYTES)
