"""How a command line begins and ends: its options, its exit code, and one sentence where not all went well."""

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from seed_generator.errors import EnvironmentFailure, InputError, SeedError
from seed_generator.interruption import INTERRUPTED, ends_at_once, heard

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

_STDERR = 2


class OptionParser(argparse.ArgumentParser):
    """Bad options end as any other bad input does: in one sentence."""

    def error(self, message: str) -> NoReturn:
        """An error about the options, as argparse words it."""
        raise InputError(f"{message}; --help lists the options.")

    def _print_message(self, message: str, file: "SupportsWrite[str] | None" = None) -> None:
        """As argparse does it, which keeps silent where that fails."""
        print(message, end="", file=file)


def text(given: str) -> str:
    """The type of an option whose value is a text; an empty one comes of a variable of the shell that is not set."""
    if not given:
        raise argparse.ArgumentTypeError("must not be empty")
    return given


def path(given: str) -> Path:
    """The type of an option whose value is a path, which may begin with `~`."""
    try:
        return Path(text(given)).expanduser()
    except RuntimeError:
        raise argparse.ArgumentTypeError(f"must be in a home folder that is known, not {given}") from None


def run(module: str, interrupted: str) -> NoReturn:
    """Import a module and end the process as its `main` says; `interrupted` is told of Ctrl-C during the imports."""
    _open_missing_streams()
    # A logger, as dbt has one, would print a traceback of each line that it can't write: that is told at the end.
    logging.raiseExceptions = False
    mains: list[Callable[[], int]] = []
    with ends_at_once(interrupted):
        code = _code(lambda: mains.append(importlib.import_module(module).main))
    try:
        code = code or mains[0]()
    except KeyboardInterrupt:  # in the instant before `main` hears it, or after
        code = _told("interrupted.", INTERRUPTED)
    sys.exit(code)


def ended(work: Callable[[Callable[[], None]], None], aftermath: Callable[[], str] = str) -> int:
    """Do the work of a program, and say in one sentence what a user can cause; returns the exit code.

    Parameters
    ----------
    work : prints to standard output; is given what `heard` yields.
    aftermath : what is so when the work did not come to its end, such as `nothing was changed`; may be nothing.
    """

    def hear_and_work() -> None:
        with heard() as stop_if_pressed, suppress(SystemExit):  # --help and --version end so
            work(stop_if_pressed)
        sys.stdout.flush()

    return _code(hear_and_work, aftermath)


def _code(work: Callable[[], None], aftermath: Callable[[], str] = str) -> int:
    code = 0
    try:
        work()
    except KeyboardInterrupt:
        code = _told(_sentence("interrupted", aftermath()), INTERRUPTED)
    except SeedError as error:
        code = _told(f"error: {error}", error.exit_code)
    except BrokenPipeError:
        pass  # The reader of our output left.
    except OSError as error:
        code = _told(f"error: {_sentence(_reason(error), aftermath())}", EnvironmentFailure.exit_code)
    _flush_or_discard()
    return code


def _open_missing_streams() -> None:
    """A process can be started without some; a file that then gets the number of one would take in what is printed."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        pass
    os.close(number)
    sys.stdin, sys.stdout, sys.stderr = (
        stream or Path(os.devnull).open("r+")  # noqa: SIM115 - as long as the process
        for stream in (sys.stdin, sys.stdout, sys.stderr)
    )


def _reason(error: OSError) -> str:
    """What the surroundings refused, where no part of the program has said it better."""
    if error.filename is not None:
        return f"{error.filename} can't be used: {error.strerror}"
    if isinstance(error, FileNotFoundError):
        return "the current folder is gone; change to another"
    return f"the output can't be written: {error.strerror or error}"


def _sentence(*parts: str) -> str:
    return f"{'; '.join(filter(None, parts))}."


def _told(sentence: str, code: int) -> int:
    with suppress(OSError):
        print(sentence, file=sys.stderr)
    return code


def _flush_or_discard() -> None:
    """Leave nothing that the interpreter would fail to write at its end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
