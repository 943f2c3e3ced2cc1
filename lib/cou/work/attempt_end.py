"""How the end of an attempt is recorded: its state, and what caused it."""

from __future__ import annotations

from ..errors import Cause, cause
from ..journal.records import SIGNAL, Attempt, RunState
from .executor import WorkEnd


def broke_off(failure: Exception) -> Cause:
    """Return the cause where an error that no code of ours expects has ended a runner."""
    return cause("runner-broke-off", kind=type(failure).__name__, failure=str(failure))


def of(ending: WorkEnd, attempt: Attempt | None) -> tuple[RunState, Cause]:
    """Return how an ending is recorded.

    A drain that nobody asked for, because the machine or the service was stopped, leaves an
    interrupted run: it may go on by itself, as one that an operator has stopped never does.
    """
    drained = ending.state is RunState.STOPPED and attempt is not None
    if not drained or attempt is None or attempt.cancelled_by != SIGNAL:
        return ending.state, ending.error
    return RunState.INTERRUPTED, cause("runner-stopped")
