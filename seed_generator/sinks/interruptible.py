"""Work that Ctrl-C ends at once, whatever library it is in."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

from seed_generator.interruption import undisturbed

_SECONDS_BETWEEN_INTERRUPTS = 0.1


def interruptibly(work: Callable[[], object], interrupt: Callable[[], None]) -> None:
    """Do the work in a thread of its own: a database's library hears Ctrl-C now and then only, and this thread does.

    Then `interrupt` is called until the work has ended, because it may have been between two statements.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="database") as thread:
        with undisturbed():  # else the thread may run already, and its pool does not know it
            working = thread.submit(work)
        try:
            working.result()
        except KeyboardInterrupt:
            while not working.done():
                interrupt()
                wait([working], _SECONDS_BETWEEN_INTERRUPTS)
            raise
        finally:
            del working  # it holds the error, which holds this frame: the two would keep a connection until the end
