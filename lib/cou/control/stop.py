"""How a run is stopped: a cancel, which is a record and a wake-up, and a forced one."""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .. import crash
from ..errors import CouError, JournalError
from ..journal import FILE, FencedOff, Journal
from ..journal.records import Attempt, Run, RunState, StepState
from ..process import account_in_memory, liveness, lost_journal, runner_files
from ..process.access import Access
from ..show import view
from ..wording import FORCE, UPGRADE
from . import cancel_by_supervisor
from .answers import CancelAnswer, ForceAnswer
from .unit_run import UnitRun

if TYPE_CHECKING:
    from ..juju.port import Juju

_FORCE_S = 10.0
_TASKS_S = 6.0
# Twice what a disk may need for a cancel to be acknowledged within two seconds.
_SLOW_S = 1.5


def cancel(unit_run: UnitRun) -> CancelAnswer:
    """Record a cancel; see `control.Control.cancel`.

    A run that goes on without its journal is seen to end. Where the cancel cannot be recorded
    here, the run's supervisor is asked to. What else is wrong is said, and stops no cancel.
    """
    try:
        answer = _record(unit_run.for_cancel())
    except (CouError, OSError) as error:
        answer = cancel_by_supervisor.cancel(unit_run, error)
    return dataclasses.replace(answer, message=answer.message + unit_run.trouble())


def _record(unit_run: UnitRun) -> CancelAnswer:
    ended = lost_journal.end(unit_run.paths)
    try:
        answer = _cancel(unit_run)
    except JournalError as error:
        if _is_lost(unit_run, error):
            ended = f"{error.seen} {lost_journal.end(unit_run.paths)}"
            answer = _cancel(unit_run)
        elif ended:  # which is what was asked for, whatever lies there now
            message = "Nothing is running."
            told = (
                f"{message}{lost_journal.may_go_on(unit_run.paths, unit_run.style)} "
                f"{error.text_for(unit_run.style)}"
            )
            answer = CancelAnswer(None, told)
        else:
            raise
    return dataclasses.replace(answer, message=ended + answer.message)


def _is_lost(unit_run: UnitRun, error: JournalError) -> bool:
    """Whether a damaged journal was just set aside that somebody has open, or had to the end."""
    if error.code != "journal-damaged" or (unit_run.paths.home / FILE).exists():
        return False
    return runner_files.is_astray(unit_run.paths) or bool(lost_journal.tasks(unit_run.paths, None))


def _cancel(unit_run: UnitRun) -> CancelAnswer:
    seen = unit_run.view()
    journal = unit_run.existing() if seen is not None else None
    if seen is None or journal is None:
        message = "Nothing is running."
        return CancelAnswer(None, message + lost_journal.may_go_on(unit_run.paths, unit_run.style))
    try:
        attempt, interrupted = seen.attempt, seen.state is RunState.INTERRUPTED
        goes_on = seen.state.going
        if attempt is None or not (goes_on or interrupted):
            message = f"Nothing is running: the run is {seen.state.value}."
            return CancelAnswer(seen.state, message + _may_go_on(unit_run, journal, seen.run))
        # One whose locks are gone looks interrupted, and ends for that.
        if interrupted and not liveness.is_any(unit_run.paths):
            asked = time.monotonic()
            journal.cancel(attempt.token, unit_run.by)
            message = "Nothing is running: the run is interrupted. It will not go on by itself."
            message += _slow(time.monotonic() - asked)
            return CancelAnswer(seen.state, message + _may_go_on(unit_run, journal, seen.run))
        return _acknowledge(unit_run, journal, seen, attempt)
    except JournalError as error:
        raise JournalError("cancel-not-acknowledged/cancel-2", found=error.seen) from error
    finally:
        journal.close()


def _acknowledge(
    unit_run: UnitRun, journal: Journal, seen: view.View, attempt: Attempt
) -> CancelAnswer:
    before, asked = attempt.cancelled, time.monotonic()
    attempt, running = journal.cancel(attempt.token, unit_run.by)
    took_s = time.monotonic() - asked
    lost_journal.wake(unit_run.paths)
    unit_run.audit("cancel", f"Run {seen.run} is stopped after {len(running)} running steps.")
    records = journal.steps(seen.run)
    steps = [step for step in seen.plan.root.single_steps() if step.id in running]
    drained = view.describe(steps, records)
    names = "; ".join(f"{one['title']} (since {one['since'][11:19]})" for one in drained)
    since = (before or attempt.cancelled or attempt.started).strftime("%H:%M:%S")
    what = f"still finishing: {names}" if names else "no step was running"
    message = f"Cancelled at {since} UTC; {what}. Nothing further begins."
    if seen.silent_since is not None:
        message += f" The runner hangs since {seen.silent_since:%H:%M:%S} UTC."
    message += _slow(took_s)
    if before is not None or seen.silent_since is not None:
        message += f" To stop without waiting: {unit_run.style.command(FORCE)}"
    return CancelAnswer(RunState.DRAINING, message, tuple(drained))


def _slow(took_s: float) -> str:
    message = f" The disk is slow: to record this took {took_s:.1f} s."
    return message if took_s > _SLOW_S else ""


def force(unit_run: UnitRun, access: Access | None = None) -> ForceAnswer:
    """Kill all processes of a run; see `control.Control.force`."""
    without = _without(unit_run)
    killed = unit_run.launcher.kill(_FORCE_S)
    if killed.left:
        names = ", ".join(map(str, killed.left))
        raise CouError("force-failed", names=names, seconds=f"{_FORCE_S:.0f}")
    unit_run.audit("cancel-force", f"{len(killed.gone)} processes were killed.")
    left = _clear(unit_run)
    try:
        answer = _record_after_damage(unit_run.for_cancel(), killed.gone, access)
    except (CouError, OSError) as error:
        # The tasks that its runner has kept are all that is left to look after.
        answer = _after_force(unit_run, None, killed.gone, access)
        if not without:
            raise _unrecorded(answer.message, error) from error
        answer = dataclasses.replace(answer, message=f"{answer.message} {_told(error, unit_run)}")
    return dataclasses.replace(
        answer, message=without + answer.message + left + unit_run.trouble()
    )


def _without(unit_run: UnitRun) -> str:
    """Say that what goes on has lost its journal, if that can be seen."""
    with contextlib.suppress(OSError):
        return (
            f"{lost_journal.gone(unit_run.paths)} "
            if runner_files.is_astray(unit_run.paths)
            else ""
        )
    return ""


def _clear(unit_run: UnitRun) -> str:
    """Remove what only a run that goes on needs; return what could not be, in words."""
    try:
        account_in_memory.forget(unit_run.paths)
        unit_run.paths.coming.unlink(missing_ok=True)
    except CouError as error:
        return f" {error.text_for(unit_run.style)}"
    except OSError as error:
        return f" {error.filename} cannot be removed: {error.strerror}."
    return ""


def _unrecorded(done: str, error: CouError | OSError) -> JournalError:
    """Say what was done, and why it could not be recorded."""
    if isinstance(error, CouError):
        return JournalError(error.code, f"{done} {error.seen}", error.remedy)
    return JournalError(
        "journal-unusable/unrecorded", done=done, path=error.filename, reason=error.strerror
    )


def _record_after_damage(
    unit_run: UnitRun, killed: Sequence[int], access: Access | None
) -> ForceAnswer:
    """Record it, also where the journal is damaged and is set aside only now."""
    try:
        return _record_force(unit_run, killed, access)
    except JournalError as error:
        if error.code != "journal-damaged" or not lost_journal.tasks(unit_run.paths, None):
            raise
        # The tasks are all that is left to look after.
        answer = _record_force(unit_run, killed, access)
        return dataclasses.replace(answer, message=f"{error.seen} {answer.message}")


def _record_force(unit_run: UnitRun, killed: Sequence[int], access: Access | None) -> ForceAnswer:
    with unit_run.reading() as journal:
        return _after_force(unit_run, journal, killed, access)


def _after_force(
    unit_run: UnitRun, journal: Journal | None, killed: Sequence[int], access: Access | None
) -> ForceAnswer:
    run = journal.current() if journal is not None else None
    message, doubt = _kill(unit_run, journal, run, killed)
    open_tasks = _open_tasks(unit_run, journal, run.id if run else "")
    note, taken, running = _tell_juju(unit_run, journal, access, open_tasks)
    message += note
    if running:
        message += f" Tasks {_listed(running)} run on in Juju until they end."
    if doubt:
        message += (
            f" In doubt: {', '.join(doubt)}. "
            f"To go on (it looks first): {unit_run.style.command(UPGRADE)}"
        )
    return ForceAnswer(message, tuple(killed), taken, running, doubt)


def _tell_juju(
    unit_run: UnitRun, journal: Journal | None, access: Access | None, tasks: Sequence[int]
) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
    """Take tasks back, and have the model's annotation say that nothing runs; at the same time.

    Returns:
        what to say of it, the tasks that were taken back, and those that run on.
    """
    run = journal.current() if journal is not None else None
    held = journal if journal is not None and run and journal.is_on_model(run.id) else None
    message, taken, running, said = "", (), tuple(tasks), False
    if access is not None and (tasks or held is not None):
        import asyncio

        from .. import concurrency

        state = run.state if run is not None else RunState.KILLED
        said, found = asyncio.run(concurrency.run_main(_after_kill(access, tasks, held, state)))
        if not isinstance(found, Exception):
            taken, running = found
        elif tasks:
            message = (
                f" What became of tasks {list(tasks)} could not be read: {_told(found, unit_run)}"
            )
    if held is not None and not said:
        message += (
            " The model's annotation could not be changed. It says for up to two minutes that the "
            "run goes on."
        )
    return message, taken, running


async def _after_kill(
    access: Access, tasks: Sequence[int], held: Journal | None, state: RunState
) -> tuple[bool, tuple[tuple[int, ...], tuple[int, ...]] | Exception]:
    """Return whether the annotation was changed, and what became of the tasks."""
    from .. import concurrency
    from ..process.connection import PLAN_TIMING, open_client
    from ..work import release_lease

    try:
        juju = open_client(access, PLAN_TIMING, any_version=True)
    except CouError as error:
        return held is None, error

    async def say() -> bool:
        if held is None:
            return True
        return await release_lease.release_once(held, juju, state, release_lease.WITHIN_S)

    try:
        return await concurrency.run_together(say(), _taken_back(juju, tasks))
    finally:
        await juju.close()


def _kill(
    unit_run: UnitRun, journal: Journal | None, run: Run | None, killed: Sequence[int]
) -> tuple[str, tuple[str, ...]]:
    """Record that a run was killed, unless it has ended; return what to say, and its doubts."""
    going, doubt = False, ()
    attempt = journal.attempt(run.id) if journal is not None and run is not None else None
    if journal is not None and attempt is not None:
        going = attempt.ended is None
        if going:
            try:
                journal.cancel(attempt.token, unit_run.by, forced=True)
                journal.end_attempt(attempt.token, RunState.KILLED)
            except FencedOff:  # another forced cancel, or the supervisor in its last moment
                going = False
        steps = journal.steps(attempt.run).values()
        doubt = tuple(one.id for one in steps if one.state is StepState.IN_DOUBT)
    message = "Nothing is running."
    if killed:
        message = f"Killed {len(killed)} processes; none is left."
    elif going:
        message = "Nothing is running: the run was interrupted. It will not go on by itself."
    return message, doubt


def _may_go_on(unit_run: UnitRun, journal: Journal, run: str) -> str:
    """Name what nobody here runs any more, and Juju may still do."""
    tasks = _open_tasks(unit_run, journal, run)
    message = (
        f" Tasks {_listed(tasks)} may run on in Juju. "
        f"To look for their end: {unit_run.style.command(UPGRADE)}"
    )
    return message if tasks else ""


def _told(error: Exception, unit_run: UnitRun) -> str:
    if isinstance(error, CouError):
        return error.text_for(unit_run.style)
    if isinstance(error, OSError):
        return f"{error}."
    return "no answer came in time."


def _listed(tasks: Sequence[int]) -> str:
    return ", ".join(map(str, tasks))


def _open_tasks(unit_run: UnitRun, journal: Journal | None, run: str) -> list[int]:
    """Return the tasks of which nobody has seen the end: of a run, and of one without journal."""
    found = journal.open_tasks(run) if journal is not None else []
    return sorted({*found, *lost_journal.tasks(unit_run.paths, journal)})


async def _taken_back(
    juju: Juju, tasks: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]] | Exception:
    """Cancel tasks that Juju has not begun; return them and those that run on, or what failed."""
    import asyncio

    if not tasks:
        return (), ()
    try:
        return await _take_back(juju, tasks)
    except (CouError, OSError, asyncio.TimeoutError) as error:
        return error


async def _take_back(juju: Juju, tasks: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    from .. import concurrency
    from ..juju.port import TaskStatus

    found = await concurrency.with_timeout(juju.tasks(tasks), _TASKS_S)
    pending = [id_ for id_, task in found.items() if task.status is TaskStatus.PENDING]
    if pending:
        crash.reach("juju/cancel-tasks/before")
        await concurrency.with_timeout(juju.cancel_tasks(pending), _TASKS_S)
        crash.reach("juju/cancel-tasks/after")
    after = await concurrency.with_timeout(juju.tasks(tasks), _TASKS_S)
    return (
        tuple(i for i in sorted(after) if after[i].status is TaskStatus.CANCELLED),
        tuple(i for i in sorted(after) if not after[i].status.final),
    )
