"""What an operator does with a run: plan, start, cancel, force, look, abandon.

The charm's actions and the command line call this; it meets the runner only in the journal. None
of it waits for the upgrade.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
from collections.abc import Callable

from .. import printable
from ..clock import utc_now
from ..errors import BadInput, CouError, cause
from ..journal import Journal
from ..journal.records import Job, Limit, Resolution, RunState, StepState
from ..options.options import Options
from ..options.settings import Settings
from ..plan.plan import Plan, canonical
from ..process import account_in_memory, liveness
from ..process.access import Access
from ..process.paths import RunPaths
from ..show import view
from ..wording import IN_DOCUMENTS, STATUS, UPGRADE, CommandStyle, join
from . import start as control_start
from . import stop
from .answers import (
    AbandonAnswer,
    CancelAnswer,
    ForceAnswer,
    PlanAnswer,
    ReportAnswer,
    ResolveAnswer,
    RestoreAnswer,
    StartAnswer,
)
from .unit_run import UnitRun


class Control:
    """A unit's run, from outside the runner."""

    def __init__(self, paths: RunPaths, by: str = "action", style: CommandStyle = IN_DOCUMENTS):
        self._unit_run = UnitRun(paths, by, style)

    def view(self, *, estimated: bool = False) -> view.View | None:
        """Read the journal; None where nothing has ever run.

        Args:
            estimated: say how long it will take, too; that reads all runs, and few want it.

        Raises:
            JournalError: it cannot be read.
        """
        return self._unit_run.view(estimated=estimated)

    def plan(
        self,
        access: Access,
        settings: Settings,
        options: Options,
        on_read: Callable[[], None] = lambda: None,
    ) -> PlanAnswer:
        """Look at the model, plan, and record the plan: `start` does what was shown.

        While a run is unfinished it shows what is left of it, from the journal alone.

        Args:
            on_read: called when all is read, before the plan is made.

        Raises:
            BadInput: other options were given than those of the unfinished run.
            JujuError: the model cannot be read.
        """
        seen = self.view()
        if seen is not None and seen.unfinished:
            on_read()
            return self._remainder(seen, settings, options)
        import asyncio

        with self._unit_run.reading() as before:
            plan, late = asyncio.run(_plan(access, settings, options, on_read, before))
        with contextlib.closing(self._unit_run.journal()) as journal:
            journal.show(canonical(plan.to_dict()), dataclasses.asdict(settings))
        message = " ".join(f"Arrived late, of the run before: {text}" for text in late)
        return PlanAnswer(plan, remainder=False, message=message)

    def find_late_arrivals(self, account: Callable[[], Access]) -> None:
        """Look, now and then, what of a run that has ended arrives late; for `view` and `report`.

        Args:
            account: how to log in; called only where anything may still arrive.

        Raises:
            CouError: there is no account, or the journal cannot be read.
        """
        from . import late_arrivals

        with self._unit_run.reading() as journal:
            if journal is not None:
                late_arrivals.by_itself(journal, account)

    def _remainder(self, seen: view.View, settings: Settings, options: Options) -> PlanAnswer:
        """Show what is left of a run; other options that may change take effect on `start`."""
        from . import remainder

        plan = remainder.replan(seen, options, settings)
        if plan.hash != seen.plan.hash:
            if seen.state.going:
                raise BadInput("run-going-on/remainder", run=seen.run, state=seen.state.value)
            with contextlib.closing(self._unit_run.journal()) as journal:
                kept = dataclasses.asdict(Settings(**seen.settings))
                journal.show(canonical(plan.to_dict()), kept, seen.run)
        left = remainder.left(plan, seen.steps)
        count = sum(1 for _ in left.root.single_steps())
        message = f"Run {seen.run} is {seen.state.value}: {count} of {seen.total} steps are left."
        if seen.again:
            message += f" {len(seen.again)} of them had been done and are due again."
        return PlanAnswer(plan, remainder=True, message=message, left=left)

    def start(
        self,
        access: Access,
        settings: Settings,
        *,
        plan_hash: str | None = None,
        until: datetime.datetime | None = None,
        limit: Limit | None = None,
    ) -> StartAnswer:
        """Start the plan last shown, or go on with an unfinished run; in the background.

        Raises:
            BadInput: no plan was shown, another one was meant, or it has blocking problems.
            JournalError: a run is going on.
        """
        bounds = dataclasses.replace(limit or Limit(), until=until)
        return control_start.start(self._unit_run, access, bounds, plan_hash)

    def cancel(self) -> CancelAnswer:
        """Record a cancel: the fence. What is running is finished, nothing further begins.

        Raises:
            JournalError: it could not be recorded, so it is not acknowledged.
        """
        return stop.cancel(self._unit_run)

    def force(self, access: Access | None = None) -> ForceAnswer:
        """Kill the supervisor, the runner and every process below them; return when none is left.

        Args:
            access: to look after the tasks that were sent; without it they are only counted.

        Raises:
            CouError: processes are still there after 10 s; it names them.
            JournalError: they were killed, and it could not be recorded.
        """
        return stop.force(self._unit_run, access)

    def offer(self, access: Access) -> None:
        """Have a run that goes on log in with this account from now on.

        Raises:
            CouError: it cannot be handed over.
        """
        self._unit_run.check()
        account_in_memory.hand_over(self._unit_run.paths, access)

    def release_lease(self, account: Callable[[], Access]) -> None:
        """Have the model's annotation say that nothing runs, if the runner could not say so.

        Raises:
            CouError: the journal cannot be read.
        """
        with self._unit_run.reading() as journal:
            run = journal.current() if journal is not None else None
            if journal is None or run is None or not journal.is_on_model(run.id):
                return
            from ..work import release_lease

            release_lease.settle(self._unit_run.paths, journal, account)

    def forget(self) -> None:
        """Keep no account: nothing runs.

        Raises:
            CouError: its file cannot be removed.
        """
        account_in_memory.forget(self._unit_run.paths)

    def account(self) -> Access | None:
        """Return how the run that goes on logs in; None where none does, or nothing tells it.

        For what works without, too: whoever stops a run is refused nothing for it.
        """
        try:
            self._unit_run.check()
            return account_in_memory.look(self._unit_run.paths)
        except (CouError, OSError):
            return None

    def abandon(self, access: Access) -> AbandonAnswer:
        """End an unfinished run for good; its marks are put back in the background.

        Raises:
            BadInput: there is nothing to abandon.
            JournalError: it is going on.
        """
        run, count = control_start.put_back(self._unit_run, access, Job.ABANDON)
        return AbandonAnswer(
            f"Run {run} is being abandoned; {_put_back(count)} "
            f"To see what had to stay: {self._unit_run.style.command(STATUS)}"
        )

    def restore(self, access: Access) -> RestoreAnswer:
        """Put back the marks of a run that rests, in the background, without ending it.

        Raises:
            BadInput: there is no unfinished run.
            JournalError: it is going on.
        """
        run, count = control_start.put_back(self._unit_run, access, Job.RESTORE)
        return RestoreAnswer(
            f"Run {run}: {_put_back(count)} Their steps are due again. "
            f"To see what had to stay: {self._unit_run.style.command(STATUS)}"
            if count
            else f"Run {run} has nothing switched. To go on: "
            f"{self._unit_run.style.command(UPGRADE)}"
        )

    def resolve_step(self, step: str, resolution: str, reason: str) -> ResolveAnswer:
        """Record what an operator says became of a failed or in-doubt step.

        Args:
            resolution: ``done``, ``retry`` or ``skip``.
            reason: stays in the journal and the report.

        Raises:
            BadInput: there is no unfinished run, no such step or resolution, or no reason.
            JournalError: the step is neither failed nor in doubt, or the run is going on.
        """
        seen = self.view()
        if seen is None or not seen.unfinished:
            raise BadInput("nothing-to-resolve")
        with contextlib.closing(self._unit_run.journal()) as journal:
            if resolution not in {one.value for one in Resolution}:
                raise BadInput("bad-parameter/resolve-step", resolution=f"{resolution!r}")
            if not reason.strip():
                raise BadInput("bad-parameter/resolve-step-2")
            if step not in seen.steps:
                raise BadInput(
                    "step-unknown", f"Run {seen.run} has no step {step!r}.", _open_steps(seen)
                )
            if seen.state is RunState.INTERRUPTED and seen.attempt is not None:
                ended = cause("runner-ended")
                journal.end_attempt(seen.attempt.token, RunState.INTERRUPTED, ended)
            reason = printable.line(reason)
            journal.resolve_step(seen.run, step, Resolution(resolution), reason)
            self._unit_run.audit("resolve-step", f"{step} was declared {resolution}: {reason}")
        return ResolveAnswer(
            f"{step} is {_RESOLVED[resolution]}. To go on: {self._unit_run.style.command(UPGRADE)}"
        )

    def metrics(self) -> str:
        """Return the newest run in Prometheus's text format; also where the journal is damaged."""
        from ..show import metrics

        try:
            return metrics.text(self.view(), self._unit_run.paths.unit)
        except CouError:
            return metrics.unreadable(self._unit_run.paths.unit)

    def report(self, form: str) -> ReportAnswer:
        """Tell the newest run, from the journal alone.

        Args:
            form: ``markdown``, ``json`` or ``html``.

        Raises:
            BadInput: nothing has ever run, or there is no such form.
        """
        from ..show import history, run_report

        if form not in run_report.FORMS:
            raise BadInput("bad-parameter/report", form=f"{form!r}", forms=_FORMS)
        account = None
        with self._unit_run.reading() as journal:
            if journal is not None:
                alive = liveness.is_going(self._unit_run.paths)
                account = history.make_report(
                    journal, alive=alive, now=utc_now(), style=self._unit_run.style
                )
        if account is None:
            raise BadInput("no-run/report")
        return ReportAnswer(account.run, form, run_report.text(account, form))


_FORMS = "markdown, json or html"
_RESOLVED = {"done": "done", "retry": "due again", "skip": "skipped"}


def _open_steps(seen: view.View) -> str:
    """Return which steps can be resolved."""
    states = (StepState.FAILED, StepState.IN_DOUBT)
    found = [one.id for one in seen.steps.values() if one.state in states]
    if not found:
        return join("None of its steps failed or is in doubt. To go on: ", UPGRADE)
    return f"Those that failed or are in doubt: {', '.join(found)}."


def _put_back(count: int) -> str:
    if not count:
        return "it has nothing switched."
    return f"{count} of its marks {'is' if count == 1 else 'are'} put back where that is safe."


async def _plan(
    access: Access,
    settings: Settings,
    options: Options,
    on_read: Callable[[], None],
    journal: Journal | None,
) -> tuple[Plan, tuple[str, ...]]:
    """Plan; return the plan, and what of the run before has arrived late."""
    from ..process.connection import PLAN_TIMING, opened
    from ..work import make_plan
    from . import late_arrivals

    async with opened(access, PLAN_TIMING) as juju:
        plan = await make_plan.make_plan(juju, settings, options, on_read=on_read)
        run = late_arrivals.wanted(journal) if journal is not None else None
        if journal is None or run is None:
            return plan, ()
        return plan, await late_arrivals.look(juju, journal, run)
