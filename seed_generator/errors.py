"""What a user can cause, each with the exit code it ends the program with.

An error names a *key*: a key of the scenario, a parameter. Only a command line knows which option that is, and says so.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager


class SeedError(Exception):
    """Base of every error that is told in one sentence and without a traceback.

    Examples
    --------
    >>> from saas_kpis import SeedError, simulate
    >>> try:
    ...     simulate(months=12_000)
    ... except SeedError as error:
    ...     print(error)
    months must be a whole number from 1 to 1,200, not 12000.
    """

    exit_code = 2


class InputError(SeedError):
    """The user asked for something that can't be: an option, a file, a target.

    Parameters
    ----------
    sentence : what is wrong, and what would be right.
    key : what was given that is wrong; nothing where the sentence says all of it.

    Examples
    --------
    >>> from saas_kpis import InputError, simulate
    >>> try:
    ...     simulate(companies=0)
    ... except InputError as error:
    ...     print(error.key)
    companies
    """

    def __init__(self, sentence: str, key: str = "") -> None:
        self.key = key
        super().__init__(sentence)

    def named(self, word: str) -> "InputError":
        """The same error about a key that the user knows by this word."""
        return InputError(f"{word}: {self}")


class InvalidValueError(InputError):
    """A value outside what is allowed.

    Parameters
    ----------
    key : what holds the value.
    given : the value as it was given.
    allowed : what would have been accepted, as the end of "must be …".
    """

    def __init__(self, key: str, given: object, allowed: str) -> None:
        self.given = given
        self.allowed = allowed
        super().__init__(f"{key} must be {allowed}, not {_said(given)}.", key)

    def named(self, word: str) -> "InputError":
        """The same error about a key that the user knows by this word."""
        return InputError(f"{word} must be {self.allowed}, not {_said(self.given)}.")


def _said(given: object) -> str:
    """On one line, and never nothing."""
    return " ".join(str(given).split()) or "empty"


class EnvironmentFailure(SeedError):  # noqa: N818 - a failure of the surroundings, not a mistake of the user's
    """The surroundings said no: a server, a login, a lock, a place that can't be written, a full disk.

    Examples
    --------
    >>> from saas_kpis import EnvironmentFailure, Place, simulate
    >>> try:
    ...     simulate(companies=10).load(Place(csv="/dev/null/tables"))
    ... except EnvironmentFailure as error:
    ...     print(error)
    /dev/null/tables can't be written: File exists (/dev/null).
    """

    exit_code = 1


@contextmanager
def told_with(word_of: Callable[[str], str | None]) -> Iterator[None]:
    """Errors inside name their key by its word; an error about a key without one goes on as it is."""
    try:
        yield
    except InputError as error:
        word = word_of(error.key)
        raise error.named(word) if word else error from None
