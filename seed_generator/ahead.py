"""Work done ahead of whoever takes its results, in their order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

# Enough that no worker waits for the taker, few enough that memory stays flat.
_AHEAD_PER_WORKER = 2


def made_ahead(make: Callable[[_Item], _Result], items: Iterable[_Item], workers: int) -> Iterator[_Result]:
    """`make(item)` of every item, in order; several workers are threads of their own, a few items ahead.

    The items are taken by whoever takes the results. What `make` raises is raised in the place of its result.
    """
    if workers == 1:
        yield from map(make, items)
        return
    pool = ThreadPoolExecutor(workers, thread_name_prefix="worker")
    try:
        pending: deque[Future[_Result]] = deque()
        for item in items:
            pending.append(pool.submit(make, item))
            if len(pending) > workers * _AHEAD_PER_WORKER:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
