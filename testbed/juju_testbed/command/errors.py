"""How a command of `juju` fails: a text after ``ERROR`` and an exit code."""

from __future__ import annotations


class CommandError(Exception):
    """A command failed.

    Attributes:
        code: the exit code: 1 while running, 2 for a wrong command line.
        printed: the message is not to be printed after ``ERROR`` (it was, or there is none).
    """

    def __init__(self, message: str, code: int = 1, *, printed: bool = False):
        super().__init__(message)
        self.code = code
        self.printed = printed


class RPCError(CommandError):
    """The controller answered with an error.

    Attributes:
        error_code: Juju's code, ``not found``; empty where it has none.
    """

    def __init__(self, message: str, error_code: str = ""):
        super().__init__(message)
        self.error_code = error_code


def usage(message: str) -> CommandError:
    """Make the error of a wrong command line."""
    return CommandError(message, 2)


def not_supported(what: str) -> CommandError:
    """Make the error for what a real Juju does and this testbed does not."""
    return CommandError(f"{what} is not supported by this testbed (not supported)")
