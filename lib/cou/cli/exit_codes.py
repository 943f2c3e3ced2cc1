"""How the command ends: the exit codes and the peer's three sentences."""

from __future__ import annotations

import enum
import signal

NAME = "charmed-openstack-upgrader"
TERMINATED = f"{NAME} has been terminated"
STOPPED = f"{NAME} has been stopped safely"
NOT_WAITED = f"{NAME} has been terminated without waiting"
CANCELLING = "Canceling upgrade... (Press ctrl+c again to stop immediately)"


class ExitCode(enum.IntEnum):
    """Every exit code there is."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    SIGINT = 130
    SIGTERM = 143


# What `cou --help` says; the page on the command line says the same.
MEANINGS = {
    ExitCode.DONE: "done, or declined before the start, which is at the first question",
    ExitCode.ERROR: "error, plan with blocking problems, declined later, stopped by somebody else",
    ExitCode.USAGE: "bad command line, or no terminal to ask at and no --auto-approve",
    ExitCode.SIGINT: "stopped by SIGINT",
    ExitCode.SIGTERM: "stopped by SIGTERM",
}


def of_signal(number: int) -> ExitCode:
    """Return the exit code of a signal; a lost terminal has none of its own."""
    codes = {int(signal.SIGINT): ExitCode.SIGINT, int(signal.SIGTERM): ExitCode.SIGTERM}
    return codes.get(number, ExitCode.ERROR)


class CommandEnded(Exception):
    """The command is over, with this exit code; what there was to say has been said."""

    def __init__(self, code: ExitCode):
        super().__init__(code.name)
        self.code = code


class CommandInterrupted(Exception):
    """A signal came while nothing of the upgrade was running."""

    def __init__(self, number: int):
        super().__init__(f"signal {number}")
        self.number = number
