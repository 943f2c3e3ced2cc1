"""What arrives after a run has ended: looked for by whoever looks at the cloud next, and told.

No runner is left that could put it right. So each thing is told with the command that does.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from .. import concurrency, kinds
from ..checks import undo_commands
from ..errors import JujuError
from ..journal import Journal
from ..journal.records import Operation, Run
from ..juju.port import Juju, Task
from ..operations import late_changes, late_tasks
from ..process.access import Access
from ..wording import Wording, text

logger = logging.getLogger("cou.afterwards")

_MOST = 20  # operations: those sent last arrive last
_WITHIN_S = 10.0
_LOOKS = 12  # by itself: one with each update-status, which is an hour


def wanted(journal: Journal, *, by_itself: bool = False) -> Run | None:
    """Return the newest run if it has ended and something of it may still arrive.

    Args:
        by_itself: nobody has asked: not for ever.
    """
    run = journal.current()
    if run is None or not run.state.finished:
        return None
    left = [one for one in journal.unanswered(run.id) if not by_itself or _looks(one) < _LOOKS]
    return run if left else None


async def look(juju: Juju, journal: Journal, run: Run) -> tuple[str, ...]:
    """Look what of an ended run has arrived, and write it down; return it, one text each.

    A look that fails changes nothing, and is made again by whoever looks next.
    """
    left = journal.unanswered(run.id)[-_MOST:]
    try:
        await concurrency.with_timeout(_look(juju, journal, run, left), _WITHIN_S)
    except (JujuError, asyncio.TimeoutError) as error:
        logger.warning("no look for what arrived after run %s: %r", run.id, error)
    return journal.late(run.id)


async def _look(juju: Juju, journal: Journal, run: Run, left: tuple[Operation, ...]) -> None:
    known = journal.sent(run.id)
    every = journal.operations(run.id)
    for operation in left:
        if operation.request.get("kind") not in late_changes.CHANGES:
            for task in await late_tasks.arrived(juju, operation, known):
                told = _with_undo(late_tasks.describe(operation, task), task)
                journal.note_afterwards(run.id, operation.id, f"{task.id}", told)
    for one in await late_changes.look(juju, left, every):
        told = text("drift/undone", what=one.text, then=one.remedy)
        journal.note_afterwards(run.id, one.early.id, "change", told)
    journal.count_late_checks(run.id, [operation.id for operation in left])


def _with_undo(what: Wording, task: Task) -> Wording:
    """Add how to undo what a task leaves switched."""
    action = kinds.switching(task.name)
    if action is None or task.started is None:
        return what
    how = undo_commands.of_mark(action.mark(task.unit), {})
    return text("late/left-switched", what=what, undo=how.text) if how else what


def _looks(operation: Operation) -> int:
    return int(operation.result.get("looks", 0))


def by_itself(journal: Journal, account: Callable[[], Access]) -> None:
    """Look, if there is anything to look for; the account is asked for only then.

    Raises:
        CouError: there is no account.
    """
    run = wanted(journal, by_itself=True)
    if run is not None:
        asyncio.run(_open_and_look(account(), journal, run))


async def _open_and_look(access: Access, journal: Journal, run: Run) -> None:
    from ..process.connection import PLAN_TIMING, opened

    async with opened(access, PLAN_TIMING) as juju:
        await look(juju, journal, run)
