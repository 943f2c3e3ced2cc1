"""How the end of an attempt is recorded: its state, and what caused it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import CouError, record
from ..journal.records import SIGNAL, Attempt, RunState
from ..wording import UPGRADE, say
from .executor import Ending


def cause_of(error: CouError) -> Mapping[str, Any]:
    """Return an error as the journal keeps it."""
    return record(error.code, error.seen, error.remedy)


def broke_off(failure: Exception) -> Mapping[str, Any]:
    """Return as the journal keeps it what no code of ours expects."""
    return {
        "code": "runner-broke-off",
        "seen": f"The runner broke off: {type(failure).__name__}: {failure}.",
        "remedy": say(
            "Run `",
            UPGRADE,
            "` to go on: it looks first. If it comes again, report it with the run's log.",
        ),
    }


def of(ending: Ending, attempt: Attempt | None) -> tuple[RunState, Mapping[str, Any]]:
    """Return how an ending is recorded.

    A drain that nobody asked for, because the machine or the service was stopped, leaves an
    interrupted run: it may go on by itself, as one that an operator has stopped never does.
    """
    drained = ending.state is RunState.STOPPED and attempt is not None
    if not drained or attempt is None or attempt.cancelled_by != SIGNAL:
        return ending.state, ending.error
    return RunState.INTERRUPTED, {
        "code": "runner-stopped",
        "seen": "The machine or the service of the run was stopped; what ran was finished first.",
        "remedy": say("Run `", UPGRADE, "` to go on."),
    }
