"""Work done ahead: in order, by as many threads as were asked for, with its errors in their places."""

import threading
import time
from collections.abc import Iterator

import pytest

from seed_generator.simulation.ahead import made_ahead

WORKERS = [1, 2, 5]


@pytest.mark.parametrize("workers", WORKERS)
def test_results_come_in_the_order_of_the_items_whoever_is_slow(workers: int) -> None:
    def make(item: int) -> int:
        time.sleep(0.002 * (item % 3))
        return item * item

    assert list(made_ahead(make, range(50), workers)) == [item * item for item in range(50)]


@pytest.mark.parametrize("workers", WORKERS)
def test_as_many_threads_work_as_were_asked_for_and_the_takers_is_one(workers: int) -> None:
    all_at_work = threading.Barrier(workers, timeout=60)
    of_a_thread = threading.local()

    def make(_: int) -> int:
        if not hasattr(of_a_thread, "has_begun"):
            of_a_thread.has_begun = True
            all_at_work.wait()
        return threading.get_ident()

    threads = set(made_ahead(make, range(60), workers))
    assert len(threads) == workers
    assert threading.get_ident() in threads


def slow_to_begin(item: int) -> int:
    """So that whoever does not wait for the first result runs far ahead of it."""
    if item == 0:
        time.sleep(0.2)
    return item


def test_no_more_items_are_taken_ahead_than_workers_need() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(1_000):
            taken.append(item)
            yield item

    made = made_ahead(slow_to_begin, items(), 2)
    next(made)
    assert len(taken) <= 8


def test_what_waits_for_a_thread_is_not_made_once_nobody_takes_it() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        yield from range(3)  # the thread is at the first one, and the others wait for it
        raise ValueError("no fourth")

    def make(item: int) -> None:
        slow_to_begin(item)
        made.append(item)

    with pytest.raises(ValueError, match="no fourth"):
        list(made_ahead(make, items(), 2))
    assert set(made) <= {0}


@pytest.mark.parametrize("workers", WORKERS)
def test_an_error_comes_in_the_place_of_its_result(workers: int) -> None:
    def make(item: int) -> int:
        if item == 5:  # with two workers it is the taker's, while the other one still makes the first
            raise ValueError("the fifth")
        return slow_to_begin(item)

    made = made_ahead(make, range(50), workers)
    assert [next(made) for _ in range(5)] == list(range(5))
    with pytest.raises(ValueError, match="the fifth"):
        next(made)
