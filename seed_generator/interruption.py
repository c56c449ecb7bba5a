"""Ctrl-C, which ends a program in one line, whatever the libraries do with it."""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

INTERRUPTED = 130  # as a shell reports it

_Handler = Callable[[int, FrameType | None], None]


@contextmanager
def ends_at_once(line: str) -> Iterator[None]:
    """While libraries are imported: Ctrl-C ends the process with a line, because nothing has begun."""

    def end(*_: object) -> None:
        os.write(2, f"{line}\n".encode())
        os._exit(INTERRUPTED)

    with _handled_by(end):
        yield


@contextmanager
def heard() -> Iterator[Callable[[], None]]:
    """While libraries work: Ctrl-C raises KeyboardInterrupt, which gets lost or becomes an error in some of their code.

    Yields a function that raises it again then, in the main thread: call it where the work may stop, and at its end.
    An error that comes after it is taken for what a library made of it.
    """
    pressed = False

    def press(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.default_int_handler(number, frame)

    def stop_if_pressed() -> None:
        if pressed and _is_main_thread():
            raise KeyboardInterrupt

    with _handled_by(press):
        try:
            yield stop_if_pressed
        except Exception:
            stop_if_pressed()
            raise


@contextmanager
def undisturbed() -> Iterator[None]:
    """For a step that must not be cut in two, and is short: Ctrl-C raises KeyboardInterrupt at its end."""
    presses: list[tuple[int, FrameType | None]] = []
    with _handled_by(lambda *press: presses.append(press)) as before:
        yield
    if presses and before:
        before(*presses[0])


@contextmanager
def _handled_by(handler: _Handler) -> Iterator[_Handler | None]:
    """Yields the handler before, or None where Ctrl-C is not ours: ignored, or in another thread than the main one."""
    before = signal.getsignal(signal.SIGINT)
    if not _is_main_thread() or not callable(before):
        yield None
        return
    signal.signal(signal.SIGINT, handler)
    try:
        yield before
    finally:
        signal.signal(signal.SIGINT, before)


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
