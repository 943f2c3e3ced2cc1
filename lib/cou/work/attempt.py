"""One attempt at one run: what the runner does between its begin and its end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from .. import concurrency
from ..clock import Clock, LoopClock
from ..errors import Cause, CouError, JournalError, StepFailed
from ..journal import FencedOff, Journal, JournalGone, rows
from ..journal.operation_age import ClockReading
from ..journal.records import REMOVAL, Attempt, Job, Run, RunState
from ..journal.waits import CurrentWait
from ..juju.port import Juju
from ..operations import late_tasks
from ..operations.calls import RunContext
from ..operations.observer import Observer
from ..operations.outside import Outside
from ..options.settings import Settings
from ..process import lost_journal, runner_files
from ..process.connection import RUN_TIMING
from ..wording import NOTHING, Wording, text, to_json
from . import drift, make_plan, old_backups, post_check, refusal, unit_removed
from .executor import Executor, WorkEnd
from .lease import Lease
from .release_marks import release_marks, settle_put_backs

logger = logging.getLogger("cou.runner")

_LOOK_S = 0.5
# Juju that answers does so in less; one that does not must not hold up the end.
_RELEASE_S = 10.0
_REQUEST_LIFE_S = RUN_TIMING.call_s + 5.0

_CANCELLED = WorkEnd(RunState.STOPPED)

T = TypeVar("T")


class Runner:
    """One attempt at one run.

    Args:
        journal: the journal.
        juju: the model.
        attempt: what is held.
        holder: a name for people, written on the model.
        clock: time; the machine's if not given.
        beat: a sign of life, given for as long as a cancel would be noticed.
        outside: what is known without looking; a simulation knows more than nothing.
        kept: what lies beside the locks, for who finds no journal.
        unit: the unit that the run is of; empty at a workstation, where nobody looks for it.
        fresh: makes a connection of its own, to look whether the unit was removed.

    Attributes:
        removed: whether the unit is seen to be removed.
    """

    def __init__(
        self,
        journal: Journal,
        juju: Juju,
        attempt: Attempt,
        holder: str,
        clock: Clock | None = None,
        beat: Callable[[], None] = lambda: None,
        outside: Outside | None = None,
        kept: runner_files.RunnerRecordFile | None = None,
        unit: str = "",
        fresh: Callable[[], Juju] | None = None,
    ):
        self.removed = False
        self._journal = journal
        self._juju = juju
        self._attempt = attempt
        self._run: Run = journal.run(attempt.run)
        self._plan = rows.plan(self._run.plan)
        self._settings = Settings(**self._run.settings)
        self._clock = clock or LoopClock()
        self._beat = beat
        self._outside = outside or Outside()
        self._news = asyncio.Event()
        self._removal = None
        if unit and fresh is not None:
            self._removal = unit_removed.UnitWatch(
                juju, fresh, self._clock, self._plan.model_uuid, unit
            )
        self._background = concurrency.BackgroundTasks()
        self._observer = Observer(
            juju, self._clock, self._background, self._news.set, self._outside
        )
        self._lease = Lease(
            juju,
            self._clock,
            self._plan.model_uuid,
            attempt.run,
            holder,
            attempt.token,
            journal,
            unit,
            journal.home,
        )
        self._held = RunContext(
            journal,
            juju,
            self._clock,
            self._observer,
            attempt.run,
            attempt.token,
            self._lease.check,
            _REQUEST_LIFE_S,
            kept or runner_files.RunnerRecordFile(),
            journal.newest_operation()[0],
        )
        self._executor = Executor(
            self._held,
            self._plan.root,
            self._settings,
            attempt.limit,
            self._lease,
            at_once=self._plan.options.max_parallel,
        )
        self._endable: asyncio.Task[Any] | None = None  # by a cancel
        self._noted: tuple[Wording, list[CurrentWait]] = NOTHING, []

    async def work(self) -> WorkEnd:
        """Do the attempt's job.

        Raises:
            FencedOff: this runner no longer holds the run.
            CouError: why the work broke off.
        """
        self._background.start(self._watch(), "watch for a cancel")
        if self._removal is not None:
            self._background.start(self._await_removal(self._removal), "watch for a removal")
        try:
            ending = await self._background.run(self._job())
        except FencedOff:
            raise
        except Exception:  # however the work ended, the model must not say that it goes on
            await self._release(RunState.FAILED)
            raise
        await self._release(ending.state)
        return ending

    def wake(self) -> None:
        """Look into the journal now: somebody has written it, as the signal says."""
        self._news.set()

    async def _job(self) -> WorkEnd:
        self._journal.set_run_state(self._attempt.token, RunState.RUNNING)
        if self._attempt.job is Job.UPGRADE:
            return await self._upgrade()
        return await self._put_back()

    async def _upgrade(self) -> WorkEnd:
        refused = await self._until_cancelled(self._look_again(), _CANCELLED)
        if refused is not None:
            return refused
        if not await self._take():
            return _CANCELLED
        self._doubt()
        try:
            await self._compare()
        except StepFailed as error:
            return WorkEnd(RunState.FAILED, Cause.of(error))
        old_backups.make_due(
            self._journal,
            self._attempt.run,
            self._attempt.token,
            self._plan,
            self._settings.backup_max_age_s,
            ClockReading.of(self._clock),
        )
        self._background.start(self._lease.keep(), "keep the model's annotation fresh")
        settle_put_backs(self._held, self._plan)
        ending = await self._executor.run()
        if ending.state is RunState.COMPLETED:
            await self._release(ending.state)
            await self._look_last()
        return ending

    async def _look_last(self) -> None:
        """Write down for the report what the cloud is like; a cancel ends the look."""

        async def look() -> bool:
            await post_check.look(self._journal, self._juju, self._attempt.run, self._plan)
            return True

        if not await self._until_cancelled(look(), False):
            post_check.tell_of_none(self._journal, self._attempt.run, text("post-check/cancelled"))

    async def _put_back(self) -> WorkEnd:
        """Put the marks back: to end the run for good, or to have the cloud whole for a while."""
        for_good = self._attempt.job is Job.ABANDON
        if not await self._take(for_good=for_good):
            return _CANCELLED
        every = await release_marks(
            self._held, self._plan, self._settings, self._lease, for_good=for_good
        )
        return WorkEnd(RunState.ABANDONED if for_good and every else RunState.STOPPED)

    async def _take(self, *, for_good: bool = False) -> bool:
        """Take the model, once no other run holds it; return whether no cancel came before.

        That its annotation says so is written down before (`letting_go`).
        """
        free = await self._until_cancelled(self._lease.await_free(), None)
        if free is None:
            return False
        self._journal.note_taken(self._attempt.run, self._attempt.token)
        await self._lease.take(free, for_good=for_good)
        return True

    async def _release(self, state: RunState) -> None:
        """Say on the model that nothing runs; the run's end does not depend on it.

        It is said however the work ended. Where Juju does not answer, others say it later.
        """
        try:
            await concurrency.with_timeout(self._lease.release(state.value), _RELEASE_S)
            if self._journal.is_on_model(self._attempt.run):
                self._journal.note_let_go(self._attempt.run, self._attempt.token)
        except (CouError, asyncio.TimeoutError) as error:
            logger.warning("the model's annotation stays as it is: %r", error)

    def _doubt(self) -> None:
        """Have the steps looked at again that were called satisfied without proof."""
        run, token = self._attempt.run, self._attempt.token
        records, operations = self._journal.steps(run), self._journal.operations(run)
        for step in drift.unproved(self._plan, records, operations, self._journal.marks(run)):
            logger.warning("%s was called satisfied without proof: it is looked at again", step)
            self._journal.make_due(token, step, text("note/without-proof"))

    async def _compare(self) -> None:
        """Name what other hands have changed since the run began.

        Raises:
            StepFailed: it makes a step that is left wrong.
        """
        now = await drift.observe(self._juju, self._plan)
        if not self._run.baseline:
            self._journal.set_baseline(self._attempt.token, now.to_json())
            return
        records = self._journal.steps(self._attempt.run)
        before = drift.Baseline.from_json(self._run.baseline)
        undone = await late_tasks.changes(self._held)
        found = drift.compare(before, now, self._plan, records, undone)
        for one in found:
            logger.warning("changed by other hands: %s", one.text)
            self._journal.add_event(
                self._attempt.run, "drift", {"text": to_json(one.text), "stops": one.stops}
            )
        wrong = [one for one in found if one.stops]
        if wrong:
            changes = wrong[0].text
            for other in wrong[1:]:
                changes = text("drift/and", one=changes, other=other.text)
            raise StepFailed("drift", changes=changes)

    async def _until_cancelled(self, work: Coroutine[Any, Any, T], otherwise: T) -> T:
        """Return what some work returns; `otherwise` where a cancel was there before, or ends it.

        A look at the model asks units by tasks, which are operations too.
        """
        self._endable = task = concurrency.begin_task(work, "what a cancel ends")
        try:
            self._look_for_cancel(-1)  # the watch may not have come to it
            if self._executor.draining:
                task.cancel()
            await asyncio.wait([task])
            return otherwise if task.cancelled() else task.result()
        finally:
            await concurrency.end_tasks(task)
            self._endable = None

    async def _look_again(self) -> WorkEnd | None:
        """Before the first step: is the plan still the one that was shown? None where it is."""
        await self._lease.check_journal_is_current()
        records = self._journal.steps(self._attempt.run).values()
        if any(record.started for record in records):
            return None
        fresh = await make_plan.make_plan(
            self._juju, self._settings, self._plan.options, patient=True
        )
        refused = refusal.of(self._plan, fresh)
        return WorkEnd(RunState.REFUSED, refused) if refused else None

    async def _watch(self) -> None:
        """Read the journal when it was written, or a signal came: a cancel may be in it."""
        version = -1
        while True:
            try:
                version = self._look_for_cancel(version)
                self._note_waits()
            except JournalGone as gone:
                lost_journal.end_without(self._journal, self._attempt.run, gone)
            except FencedOff:
                raise
            except JournalError as error:  # held by another for too long: look again
                logger.warning("%s", error)
                asyncio.get_running_loop().call_later(_LOOK_S, self._news.set)
            self._beat()
            await self._outside.pause(_LOOK_S, self._news)

    async def _await_removal(self, watch: unit_removed.UnitWatch) -> None:
        """Record a cancel once the unit is gone: what runs is finished, nothing further begins.

        Not where the run is being ended for good: there is nothing better to do.
        """
        await watch.until_gone()
        self.removed = True
        while self._attempt.job is not Job.ABANDON:
            try:
                self._journal.cancel(self._attempt.token, REMOVAL)
                break
            except JournalError as error:  # held by another for too long
                logger.warning("%s", error)
                await self._clock.sleep(_LOOK_S)
        await asyncio.Event().wait()  # a task that ends would end the run

    def _look_for_cancel(self, version: int) -> int:
        """Look whether somebody has written since `version`; drain if it was a cancel."""
        found = self._journal.version()
        if found == version:
            return version
        attempt = self._journal.attempt(self._attempt.run)
        if attempt is None or attempt.token != self._attempt.token or attempt.ended:
            text = f"Attempt {self._attempt.token} no longer holds run {self._attempt.run}."
            raise FencedOff("fenced", text)
        if attempt.cancelled is not None and not self._executor.draining:
            logger.info("cancelled by %s: draining", attempt.cancelled_by)
            self._executor.drain()
            if self._endable is not None:
                self._endable.cancel()
        return found

    def _note_waits(self) -> None:
        """Keep the journal's word for what is waited for, and what the operator has to do.

        A write each time it is other. One that fails is made at the next look: a full disk must
        not end the watch for a cancel.
        """
        pending = self._observer.waited_for
        operator = next((one.operator for one in pending if one.operator), NOTHING)
        awaited = [CurrentWait(one.what, one.about) for one in pending]
        if operator != self._noted[0]:
            state = RunState.WAITING if operator else RunState.RUNNING
            self._journal.set_run_state(self._attempt.token, state, operator)
            self._noted = operator, self._noted[1]
        if awaited != self._noted[1]:
            self._journal.set_waits(self._attempt.token, awaited)
            self._noted = operator, awaited
