"""A cancel that whoever asks cannot record: the run's own supervisor is asked to.

The journal may be one that this code does not know, one that may not be touched here, or one that
cannot be opened any more. The supervisor of a run that goes on has it open. A signal has it record
the cancel, which is the same fence.
"""

from __future__ import annotations

from ..errors import CouError, JournalError
from ..process import liveness, lost_journal
from ..wording import text_for
from .answers import CancelAnswer
from .unit_run import UnitRun

_ENDS_WITHIN_S = 1.5


def cancel(unit_run: UnitRun, error: CouError | OSError) -> CancelAnswer:
    """Have what goes on stop; return if it is seen to end.

    Raises:
        CouError: it is not seen to end, or nothing goes on and nothing could be recorded.
    """
    seen, remedy = _words(error)
    found = liveness.find(unit_run.paths)
    try:
        if liveness.ask_supervisors(found):
            unit_run.audit("cancel", "The run's supervisor was asked to record a cancel.")
        if isinstance(error, CouError) and error.code == "cancel-not-acknowledged":
            raise error  # which says what goes on, and was waited for
        if not found:
            raise _nothing_runs(unit_run, error)
        if not liveness.await_end(unit_run.paths, _ENDS_WITHIN_S):
            message = (
                f"Nothing is running: the run has ended. {seen} {text_for(remedy, unit_run.style)}"
            )
            return CancelAnswer(
                None, message + lost_journal.may_go_on(unit_run.paths, unit_run.style)
            )
    finally:
        liveness.close(found)
    raise JournalError("cancel-not-acknowledged/cancel", found=seen, processes=list(found))


def _nothing_runs(unit_run: UnitRun, error: CouError | OSError) -> JournalError:
    seen, remedy = _words(error)
    code = error.code if isinstance(error, CouError) else "journal-unusable"
    left = lost_journal.may_go_on(unit_run.paths, unit_run.style)
    return JournalError(
        code, f"Nothing is running; the cancel is not recorded.{left} {seen}", remedy
    )


def _words(error: CouError | OSError) -> tuple[str, str]:
    if isinstance(error, CouError):
        return error.seen, error.remedy
    return f"{error.filename}: {error.strerror}.", "See whose it is: ls -ld"
