"""How a run is stopped: a cancel, which is a record and a wake-up, and a forced one."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence

from ..errors import CouError, JournalError, JujuError
from . import crash, handed, locks, view
from .access import Access
from .answers import Cancelled, Forced
from .desk import Desk
from .journal import Fenced, Journal
from .records import Attempt, RunState, StepState

_FORCE_S = 10.0
_TASKS_S = 6.0
# Twice what a disk may need for a cancel to be acknowledged within two seconds.
_SLOW_S = 1.5


def cancel(desk: Desk) -> Cancelled:
    """Record a cancel: the fence. What is running is finished, nothing further begins.

    Raises:
        JournalError: it could not be recorded, so it is not acknowledged.
    """
    seen = desk.view()
    journal = desk.existing() if seen is not None else None
    if seen is None or journal is None:
        return Cancelled(None, "Nothing is running.")
    try:
        if seen.attempt is not None and seen.state is RunState.INTERRUPTED:
            journal.cancel(seen.attempt.token, desk.by)
            message = "Nothing is running: the run is interrupted. It will not go on by itself."
            return Cancelled(seen.state, message + _may_go_on(journal, seen.run))
        if seen.attempt is None or not (seen.state.active or seen.state is RunState.DRAINING):
            message = f"Nothing is running: the run is {seen.state.value}."
            return Cancelled(seen.state, message + _may_go_on(journal, seen.run))
        return _acknowledge(desk, journal, seen)
    except JournalError as error:
        raise JournalError(
            "cancel-not-acknowledged",
            f"The cancel could not be recorded and is not acknowledged: {error.seen}",
            "Run cancel force=true to kill the runner.",
        ) from error
    finally:
        journal.close()


def _acknowledge(desk: Desk, journal: Journal, seen: view.View) -> Cancelled:
    if seen.attempt is None:
        raise JournalError("journal-unusable", "A run without an attempt.")
    before, asked = seen.attempt.cancelled, time.monotonic()
    attempt, running = journal.cancel(seen.attempt.token, desk.by)
    took_s = time.monotonic() - asked
    _wake(desk)
    desk.audit("cancel", f"Run {seen.run} is stopped after {len(running)} running steps.")
    records = journal.steps(seen.run)
    steps = [step for step in seen.plan.root.leaves() if step.id in running]
    drained = view.describe(steps, records)
    names = "; ".join(f"{one['title']} (since {one['since'][11:19]})" for one in drained)
    since = (before or attempt.cancelled or attempt.started).strftime("%H:%M:%S")
    what = f"still finishing: {names}" if names else "no step was running"
    message = f"Cancelled at {since} UTC; {what}. Nothing further begins."
    if seen.silent_since is not None:
        message += f" The runner hangs since {seen.silent_since:%H:%M:%S} UTC."
    if took_s > _SLOW_S:
        message += f" The disk is slow: to record this took {took_s:.1f} s."
    if before is not None or seen.silent_since is not None:
        message += f" To stop without waiting: {desk.command('cancel force=true')}."
    return Cancelled(RunState.DRAINING, message, tuple(drained))


def _wake(desk: Desk) -> None:
    found = locks.open_holder(desk.place.runner_lock)
    if found is not None:
        try:
            signal.pidfd_send_signal(found[1], signal.SIGTERM)
        except ProcessLookupError:
            pass
        finally:
            os.close(found[1])


def force(desk: Desk, access: Access | None = None) -> Forced:
    """Kill the supervisor, the runner and every process below them; return when none is left.

    Args:
        access: to look after the tasks that were sent; without it they are only counted.

    Raises:
        CouError: processes are still there after 10 s; it names them.
        JournalError: they were killed, and it could not be recorded.
    """
    desk.check()
    killed = desk.launcher.kill(_FORCE_S)
    if killed.left:
        names = ", ".join(map(str, killed.left))
        raise CouError(
            "force-failed",
            f"Processes {names} did not end within {_FORCE_S:.0f} s.",
            "They hang in the kernel: look at the machine.",
        )
    desk.audit("cancel-force", f"{len(killed.gone)} processes were killed.")
    handed.forget(desk.place)
    desk.place.coming.unlink(missing_ok=True)
    try:
        return _record_force(desk, killed.gone, access)
    except JournalError as error:
        if not killed.gone:
            raise
        seen = f"Killed {len(killed.gone)} processes; none is left. {error.seen}"
        raise JournalError(error.code, seen, error.remedy) from error


def _record_force(desk: Desk, killed: Sequence[int], access: Access | None) -> Forced:
    journal = desk.existing()
    if journal is None:
        return Forced("Nothing is running.", tuple(killed), (), (), ())
    try:
        return _after_force(desk, journal, killed, access)
    finally:
        journal.close()


def _after_force(
    desk: Desk, journal: Journal, killed: Sequence[int], access: Access | None
) -> Forced:
    run = journal.current()
    attempt = journal.attempt(run.id) if run else None
    if run is None or attempt is None:
        return Forced("Nothing is running.", tuple(killed), (), (), ())
    message = _kill(desk, journal, attempt, killed)
    steps = journal.steps(run.id).values()
    doubt = tuple(one.id for one in steps if one.state is StepState.IN_DOUBT)
    open_tasks = _open_tasks(journal, run.id)
    note, taken, running = "", (), tuple(open_tasks)
    if open_tasks and access is not None:
        import asyncio

        try:
            taken, running = asyncio.run(_take_back(access, open_tasks))
        except (JujuError, asyncio.TimeoutError) as error:
            note = f" What became of tasks {open_tasks} could not be read: {error}."
    message += note
    if running:
        message += f" Tasks {', '.join(map(str, running))} run on in Juju until they end."
    if doubt:
        message += f" In doubt: {', '.join(doubt)}. Run {desk.command('upgrade')}: it looks first."
    return Forced(message, tuple(killed), taken, running, doubt)


def _kill(desk: Desk, journal: Journal, attempt: Attempt, killed: Sequence[int]) -> str:
    """Record that an attempt was killed, unless it has ended before; return what to say of it."""
    going = attempt.ended is None
    if going:
        try:
            journal.cancel(attempt.token, desk.by, forced=True)
            journal.end_attempt(attempt.token, RunState.KILLED)
        except Fenced:  # another forced cancel, or the supervisor in its last moment
            going = False
    message = "Nothing is running."
    if going or killed:
        message = f"Killed {len(killed)} processes; none is left."
    return message


def _may_go_on(journal: Journal, run: str) -> str:
    """Name what nobody here runs any more, and Juju may still do."""
    tasks = _open_tasks(journal, run)
    if not tasks:
        return ""
    message = (
        f" Tasks {', '.join(map(str, tasks))} may run on in Juju; upgrade looks for their end."
    )
    return message


def _open_tasks(journal: Journal, run: str) -> list[int]:
    """Return the tasks of a run of which nobody has seen the end."""
    return [
        operation.task
        for operation in journal.operations(run)
        if operation.task is not None and operation.verdict is None
    ]


async def _take_back(
    access: Access, tasks: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Cancel tasks that Juju has not begun; return them, and those that run on."""
    from .. import together
    from ..juju.port import TaskStatus
    from .connection import PLAN_TIMING, open_client

    juju = open_client(access, PLAN_TIMING, any_version=True)
    try:
        found = await together.within(juju.tasks(tasks), _TASKS_S)
        pending = [id_ for id_, task in found.items() if task.status is TaskStatus.PENDING]
        if pending:
            crash.reach("juju/cancel-tasks/before")
            await together.within(juju.cancel_tasks(pending), _TASKS_S)
            crash.reach("juju/cancel-tasks/after")
        after = await together.within(juju.tasks(tasks), _TASKS_S)
    finally:
        await juju.close()
    return (
        tuple(i for i in sorted(after) if after[i].status is TaskStatus.CANCELLED),
        tuple(i for i in sorted(after) if not after[i].status.final),
    )
