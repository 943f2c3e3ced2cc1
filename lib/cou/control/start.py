"""How a run is begun and gone on with: the checks, the attempt, the supervisor."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from typing import Any

from .. import clock
from ..errors import BadInput, Cause, CouError, JournalError, cause
from ..journal import Journal, rows
from ..journal.records import Attempt, Job, Limit, MarkState, RunState, StepRecord
from ..options.settings import Settings
from ..plan.plan import Plan
from ..process import account_in_memory, spawn
from ..process.access import Access
from ..show import formatting, view
from ..wording import PLAN, UPGRADE, join, sentence
from .answers import StartAnswer
from .unit_run import UnitRun

SILENT = join("Run `", UPGRADE, "` to go on: it looks first.")
_START_WAIT_S = 1.5
_NOTHING = {Job.RESTORE: "nothing-to-restore", Job.ABANDON: "nothing-to-abandon"}


def start(unit_run: UnitRun, access: Access, limit: Limit, plan_hash: str | None) -> StartAnswer:
    """Start the plan last shown, or go on with an unfinished run; see `control.Control.start`."""
    with contextlib.closing(unit_run.journal()) as journal:
        seen = view.view_of_run(unit_run.paths, journal, estimated=False)
        if seen is not None and seen.state is RunState.COMPLETED and journal.shown() is None:
            same_plan(seen.plan.hash, plan_hash)
            if limit.expect:
                raise BadInput("not-expected/start", to=seen.to)
            return _nothing_left(unit_run, seen)
        if seen is not None and seen.unfinished:
            attempt = _resume(unit_run, journal, seen, plan_hash, Job.UPGRADE, limit)
            resumed = True
        else:
            attempt = _begin(unit_run, journal, plan_hash, limit)
            resumed = False
        _launch(unit_run, journal, access, attempt.run, attempt.token)
    verb = "goes on" if resumed else "has begun"
    unit_run.audit("upgrade", f"Run {attempt.run} {verb}.")
    message = f"Run {attempt.run} {verb} in the background."
    if limit.until is not None:
        message += f" Nothing begins that may end after {formatting.stamp(limit.until)} UTC."
    log = unit_run.paths.log(attempt.run)
    return StartAnswer(attempt.run, resumed, log, message, until=limit.until)


def put_back(unit_run: UnitRun, access: Access, job: Job) -> tuple[str, int]:
    """Begin an attempt that puts back the marks of a run that rests.

    Returns:
        the run, and how many marks are set.

    Raises:
        BadInput: there is no unfinished run.
        JournalError: it is going on.
    """
    seen = unit_run.view()
    if seen is None or not seen.unfinished:
        raise BadInput(_NOTHING[job], "No run is unfinished.", "There is nothing to do.")
    with contextlib.closing(unit_run.journal()) as journal:
        attempt = _resume(unit_run, journal, seen, None, job, Limit())
        _launch(unit_run, journal, access, attempt.run, attempt.token)
    unit_run.audit(job.value, f"What run {seen.run} has switched is put back.")
    return seen.run, sum(mark.state is MarkState.SET for mark in seen.marks)


def _begin(unit_run: UnitRun, journal: Journal, plan_hash: str | None, limit: Limit) -> Attempt:
    shown = journal.shown()
    if shown is None:
        raise BadInput("no-plan")
    plan = rows.plan(shown[0])
    same_plan(plan.hash, plan_hash)
    if plan.blocking:
        first, several = plan.blocking[0], len(plan.blocking) > 1
        there = f"{len(plan.blocking)} blocking problems; the first is"
        raise BadInput(
            "plan-blocked",
            count=there if several else "a blocking problem:",
            what=first.code,
            who=first.subject,
            found=first.seen,
            mend=sentence(first.remedy),
        )
    steps = [step.id for step in plan.root.single_steps()]
    if not steps:
        raise BadInput("nothing-to-do")
    _may_begin(journal, "", plan, {}, limit, shown[1])
    _await_end(unit_run)
    _expect(unit_run)
    return journal.create_run(shown[0], shown[1], steps, limit)


def _resume(
    unit_run: UnitRun,
    journal: Journal,
    seen: view.View,
    plan_hash: str | None,
    job: Job,
    limit: Limit,
) -> Attempt:
    if seen.state.going:
        doing = seen.running[0].title if seen.running else "starting"
        raise JournalError(
            "run-going-on/resume",
            run=seen.run,
            state=seen.state.value,
            number=seen.number,
            total=seen.total,
            doing=doing,
        )
    shown = journal.shown(seen.run) if job is Job.UPGRADE else None
    plan = rows.plan(shown[0]) if shown else seen.plan
    same_plan(plan.hash, plan_hash)
    _may_begin(journal, seen.run, plan, seen.steps, limit, seen.settings)
    _await_end(unit_run)
    if seen.attempt is not None and seen.attempt.ended is None:
        journal.end_attempt(seen.attempt.token, RunState.INTERRUPTED, cause("runner-ended"))
    if shown is not None:
        journal.replace_plan(seen.run, shown[0], [step.id for step in plan.root.single_steps()])
    _expect(unit_run)
    return journal.resume_run(seen.run, job, limit)


def _may_begin(
    journal: Journal,
    run: str,
    plan: Plan,
    records: Mapping[str, StepRecord],
    limit: Limit,
    settings: Mapping[str, Any],
) -> None:
    """Refuse now what the runner would only refuse later."""
    if limit.expect or limit.until is not None:
        from ..journal import operation_age
        from ..show import estimate
        from ..work import next_step

        max_age_s = Settings(**settings).backup_max_age_s
        durations = estimate.learn(journal, for_window=True)
        moment = operation_age.ClockReading.here()
        age_s = operation_age.of_steps(journal, run, moment)
        next_step.check(plan, records, limit, durations, moment.now, age_s, max_age_s)


def _await_end(unit_run: UnitRun) -> None:
    """Wait for the processes of an attempt that has just ended; they clean up after it.

    Raises:
        JournalError: they are still there after a moment.
    """
    deadline = time.monotonic() + _START_WAIT_S
    while unit_run.launcher.is_alive():
        if time.monotonic() > deadline:
            raise JournalError("run-ending")
        time.sleep(0.02)


def _expect(unit_run: UnitRun) -> None:
    """Have the run taken for starting until its supervisor is there.

    Once its attempt has ended, in whatever way, this means nothing any more.

    Raises:
        CouError: the file for it cannot be written.
    """
    path = unit_run.paths.coming
    try:
        path.touch(0o600)
        path.write_text(f"{clock.boot()} {time.monotonic()}", encoding="ascii")
    except OSError as error:
        raise CouError("run-folder", path=path, reason=error.strerror) from None


def _launch(unit_run: UnitRun, journal: Journal, access: Access, run: str, token: int) -> None:
    try:
        unit_run.launcher.start(run, token, access)
        up = spawn.await_start(unit_run.paths, journal, run, _START_WAIT_S)
        if not up and unit_run.launcher.came_to_nothing():
            raise CouError(
                "not-started/launch",
                run=run,
                log=unit_run.paths.log(run),
                service=unit_run.paths.service,
            )
    except CouError as failure:
        journal.end_attempt(token, RunState.INTERRUPTED, Cause.of(failure))
        account_in_memory.forget(unit_run.paths)
        raise


def _nothing_left(unit_run: UnitRun, seen: view.View) -> StartAnswer:
    return StartAnswer(
        seen.run,
        resumed=False,
        log_path=unit_run.paths.log(seen.run),
        message=f"The upgrade to {seen.to} is done{seen.outcome.exceptions(unit_run.style)}; "
        "nothing "
        f"was sent. To see what comes next: {unit_run.style.command(PLAN)}",
    )


def same_plan(known: str, wanted: str | None) -> None:
    """Refuse another plan than the one that was asked for by its hash.

    Raises:
        BadInput: it is another.
    """
    if wanted and wanted != known:
        raise BadInput("another-plan", wanted=wanted, known=known)
