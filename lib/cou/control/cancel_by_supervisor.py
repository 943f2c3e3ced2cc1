"""A cancel that whoever asks cannot record: the run's own supervisor is asked to.

The journal may be one that this code does not know, one that may not be touched here, or one that
cannot be opened any more. The supervisor of a run that goes on has it open. A signal has it record
the cancel, which is the same fence.
"""

from __future__ import annotations

from ..errors import CouError, JournalError
from ..process import liveness, lost_journal
from ..wording import told
from .answers import Cancelled
from .control_base import Desk

_ENDS_WITHIN_S = 1.5


def cancel(desk: Desk, error: CouError | OSError) -> Cancelled:
    """Have what goes on stop; return if it is seen to end.

    Raises:
        CouError: it is not seen to end, or nothing goes on and nothing could be recorded.
    """
    seen, remedy = _words(error)
    found = liveness.find(desk.place)
    try:
        if liveness.ask_supervisors(found):
            desk.audit("cancel", "The run's supervisor was asked to record a cancel.")
        if isinstance(error, CouError) and error.code == "cancel-not-acknowledged":
            raise error  # which says what goes on, and was waited for
        if not found:
            raise _nothing_runs(desk, error)
        if not liveness.await_end(desk.place, _ENDS_WITHIN_S):
            message = f"Nothing is running: the run has ended. {seen} {told(remedy, desk.way)}"
            return Cancelled(None, message + lost_journal.may_go_on(desk.place, desk.way))
    finally:
        liveness.close(found)
    raise JournalError("cancel-not-acknowledged/cancel", found=seen, processes=list(found))


def _nothing_runs(desk: Desk, error: CouError | OSError) -> JournalError:
    seen, remedy = _words(error)
    code = error.code if isinstance(error, CouError) else "journal-unusable"
    left = lost_journal.may_go_on(desk.place, desk.way)
    return JournalError(
        code, f"Nothing is running; the cancel is not recorded.{left} {seen}", remedy
    )


def _words(error: CouError | OSError) -> tuple[str, str]:
    if isinstance(error, CouError):
        return error.seen, error.remedy
    return f"{error.filename}: {error.strerror}.", "See whose it is: ls -ld"
