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
def heard() -> Iterator[None]:
    """While a library works: Ctrl-C raises KeyboardInterrupt, and again at the end if the library has swallowed it."""
    pressed = False

    def press(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        pressed = True
        signal.default_int_handler(number, frame)

    with _handled_by(press):
        yield
    if pressed:
        raise KeyboardInterrupt


@contextmanager
def _handled_by(handler: _Handler) -> Iterator[None]:
    """Only where Python would raise KeyboardInterrupt: in the main thread, of a process that does not ignore Ctrl-C."""
    is_ours = threading.current_thread() is threading.main_thread()
    if not is_ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
