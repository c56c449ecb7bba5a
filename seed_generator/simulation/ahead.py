"""Work done ahead of whoever takes its results, in their order."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

# Enough that no worker runs out of items while the taker makes one, few enough that memory stays flat.
_AHEAD_PER_WORKER = 3


def made_ahead(make: Callable[[_Item], _Result], items: Iterable[_Item], workers: int) -> Iterator[_Result]:
    """`make(item)` of every item, in order, by `workers` threads: the taker's, and others that are a few items ahead.

    The items are taken by whoever takes the results, who makes the next one instead of waiting for the others: a
    thread that sleeps is slow to wake. What `make` raises is raised in the place of its result.
    """
    if workers == 1:
        yield from map(make, items)
        return
    others = workers - 1
    pool = ThreadPoolExecutor(others, thread_name_prefix="worker")
    try:
        made: deque[Future[_Result]] = deque()
        for item in items:
            under_way = sum(not result.done() for result in made)
            made.append(pool.submit(make, item) if under_way < others * _AHEAD_PER_WORKER else _made(make, item))
            if made[0].done() or len(made) > workers * _AHEAD_PER_WORKER:
                yield made.popleft().result()
        while made:
            yield made.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _made(make: Callable[[_Item], _Result], item: _Item) -> Future[_Result]:
    """As a pool has it, by this thread and now."""
    result: Future[_Result] = Future()
    try:
        result.set_result(make(item))
    except Exception as error:  # noqa: BLE001 - whatever it is, it belongs to this result
        result.set_exception(error)
    return result
