"""What a user can cause, each with the exit code it ends the program with."""


class SeedError(Exception):
    """Base of every error that is told in one sentence and without a traceback."""

    exit_code = 2


class InputError(SeedError):
    """The user asked for something that can't be: an option, a file, a target."""


class InvalidValueError(InputError):
    """A value outside what is allowed.

    Parameters
    ----------
    name : what holds the value: a scenario key, later put in the words of an option or a file.
    given : the value as it was given.
    allowed : what would have been accepted, as the end of "must be …".
    """

    def __init__(self, name: str, given: object, allowed: str) -> None:
        self.name = name
        self.given = given
        self.allowed = allowed
        super().__init__(f"{name} must be {allowed}, not {given!s}.")


class EnvironmentFailure(SeedError):  # noqa: N818 - a failure of the surroundings, not a mistake of the user's
    """The surroundings said no: a server, a login, a lock, a place that can't be written, a full disk."""

    exit_code = 1
