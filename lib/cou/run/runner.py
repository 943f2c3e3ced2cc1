"""The runner process: holds one attempt and works on it until it ends."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import os
import pkgutil
import signal
import sys
from collections.abc import Callable, Mapping
from typing import NoReturn

import cou

from .. import audit, printable
from ..errors import CouError, JournalError, JujuError, StepFailed
from ..juju.port import Juju
from ..openstack import loading
from ..plan.plan import Plan
from ..plan.settings import Settings
from . import backups, command_line, crash, drift, final_look, handed, logs, planning
from .access import Access
from .calls import Holder
from .clock import Clock, LoopClock
from .connection import RUN_TIMING, open_client
from .executor import Ending, Executor
from .heartbeat import Pulse
from .journal import Fenced, Journal, JournalGone, rows
from .lease import Lease
from .locks import Lock
from .observer import Observer
from .outside import Outside
from .place import Place
from .records import SIGNAL, Attempt, Job, Run, RunState
from .release import release_marks, settle_put_backs

logger = logging.getLogger("cou.runner")

_LOOK_S = 0.5
_REQUEST_LIFE_S = RUN_TIMING.call_s + 5.0


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
    ):
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
        self._observer = Observer(juju, self._clock, self._on_wait, self._outside)
        self._lease = Lease(
            juju,
            self._clock,
            self._plan.model_uuid,
            attempt.run,
            holder,
            attempt.token,
            journal,
        )
        self._held = Holder(
            journal,
            juju,
            self._clock,
            self._observer,
            attempt.run,
            attempt.token,
            self._lease.check,
            _REQUEST_LIFE_S,
        )
        self._executor = Executor(
            self._held,
            self._plan.root,
            self._settings,
            attempt.limit,
            self._lease,
            at_once=self._plan.options.max_parallel,
        )
        self._looking: asyncio.Task[Ending | None] | None = None
        self._waiting = ""
        self._waits = ""

    async def work(self) -> Ending:
        """Do the attempt's job.

        Raises:
            Fenced: this runner no longer holds the run.
        """
        watch = asyncio.create_task(self._watch())
        try:
            self._journal.set_run_state(self._attempt.token, RunState.RUNNING)
            if self._attempt.job is Job.UPGRADE:
                return await self._upgrade()
            return await self._put_back()
        finally:
            await self._observer.close()
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch

    async def _upgrade(self) -> Ending:
        self._looking = asyncio.create_task(self._look_again())
        try:
            refused = await self._looking
        except asyncio.CancelledError:
            return Ending(RunState.STOPPED, {})
        finally:
            self._looking = None
        if refused is not None:
            return refused
        await self._lease.take()
        self._doubt()
        try:
            await self._compare()
        except StepFailed as error:
            await self._release(RunState.FAILED)
            cause = {"code": error.code, "seen": error.seen, "remedy": error.remedy}
            return Ending(RunState.FAILED, cause)
        backups.make_due(
            self._journal,
            self._attempt.run,
            self._attempt.token,
            self._plan,
            self._settings.backup_max_age_s,
            self._clock.now(),
        )
        keeper = asyncio.create_task(self._lease.keep())
        try:
            settle_put_backs(self._held, self._plan)
            ending = await self._executor.run()
        finally:
            keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await keeper
        await self._release(ending.state)
        if ending.state is RunState.COMPLETED and not self._executor.draining:
            await final_look.look(self._journal, self._juju, self._attempt.run, self._plan)
        return ending

    async def _put_back(self) -> Ending:
        """Put the marks back: to end the run for good, or to have the cloud whole for a while."""
        for_good = self._attempt.job is Job.ABANDON
        await self._lease.take(for_good=for_good)
        every = await release_marks(
            self._held, self._plan, self._settings, self._lease, for_good=for_good
        )
        state = RunState.ABANDONED if for_good and every else RunState.STOPPED
        await self._release(state)
        return Ending(state, {})

    async def _release(self, state: RunState) -> None:
        """Say on the model that nothing runs; the run's end does not depend on it."""
        try:
            await self._lease.release(state.value)
        except JujuError as error:
            logger.warning("the model's annotation stays as it is: %s", error)

    def _doubt(self) -> None:
        """Have the steps looked at again that were called satisfied without proof."""
        run, token = self._attempt.run, self._attempt.token
        records, operations = self._journal.steps(run), self._journal.operations(run)
        for step in drift.unproved(self._plan, records, operations, self._journal.marks(run)):
            logger.warning("%s was called satisfied without proof: it is looked at again", step)
            self._journal.make_due(token, step, "it was called satisfied without proof")

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
        found = drift.compare(
            drift.Baseline.from_json(self._run.baseline), now, self._plan, records
        )
        for one in found:
            logger.warning("changed by other hands: %s", one.text)
            self._journal.tell(self._attempt.run, "drift", {"text": one.text, "stops": one.stops})
        wrong = [one for one in found if one.stops]
        if wrong:
            raise StepFailed(
                "drift",
                "Other hands have changed the model: "
                + "; ".join(one.text for one in wrong)
                + ".",
                "Put it back as it was, or abandon the run and plan again.",
            )

    async def _look_again(self) -> Ending | None:
        """Before the first step: is the plan still the one that was shown?"""
        await self._lease.look_back()
        records = self._journal.steps(self._attempt.run).values()
        if any(record.started for record in records):
            return None
        fresh = await planning.make_plan(
            self._juju, self._settings, self._plan.options, patient=True
        )
        if fresh.blocking:
            problem = fresh.blocking[0]
            return _refused(f"{problem.subject}: {problem.seen}", problem.remedy)
        if fresh.hash != self._plan.hash:
            return _refused(difference(self._plan, fresh), "")
        return None

    async def _watch(self) -> None:
        """Read the journal when it was written, or a signal came: a cancel may be in it."""
        version = -1
        while True:
            try:
                version = self._look_for_cancel(version)
            except JournalGone as gone:
                self._end_without(gone)
            except JournalError as error:  # held by another for too long: look again
                logger.warning("%s", error)
            self._note_waits()
            self._beat()
            await self._outside.pause(_LOOK_S, self._news)

    def _end_without(self, gone: JournalGone) -> NoReturn:
        """End at once: without its journal no cancel reaches this runner, nor anybody its word."""
        sent = [
            str(one.task)
            for one in self._journal.operations(self._attempt.run)
            if one.task is not None and one.verdict is None
        ]
        left = f" Tasks that run on in Juju: {', '.join(sent)}." if sent else ""
        logger.error("%s: %s Nothing further is sent.%s", gone.code, gone, left)
        os._exit(4)

    def _look_for_cancel(self, version: int) -> int:
        """Look whether somebody has written since `version`; drain if it was a cancel."""
        found = self._journal.version()
        if found == version:
            return version
        attempt = self._journal.attempt(self._attempt.run)
        if attempt is None or attempt.token != self._attempt.token or attempt.ended:
            logger.error("attempt %d no longer holds the run", self._attempt.token)
            os._exit(3)
        if attempt.cancelled is not None and not self._executor.draining:
            logger.info("cancelled by %s: draining", attempt.cancelled_by)
            self._executor.drain()
            if self._looking is not None:
                self._looking.cancel()
        return found

    def _note_waits(self) -> None:
        """Keep the journal's word for what is waited for; a write each time it is other."""
        text = "\n".join(printable.line(one.what) for one in self._observer.waited_for)
        if text != self._waits:
            self._waits = text
            # Only for those who look: a full disk must not end the watch for a cancel.
            with contextlib.suppress(JournalError):
                self._journal.set_waits(self._attempt.token, text)

    def _on_wait(self) -> None:
        """Keep the journal's word for what the operator has to do."""
        self._news.set()
        waits = [waited for waited in self._observer.waited_for if waited.operator]
        text = waits[0].operator if waits else ""
        if text != self._waiting:
            self._waiting = text
            state = RunState.WAITING if text else RunState.RUNNING
            self._journal.set_run_state(self._attempt.token, state, text)


def _refused(seen: str, remedy: str) -> Ending:
    return Ending(
        RunState.REFUSED,
        {
            "code": "plan-changed",
            "seen": f"The model is no longer as it was shown: {seen}.".replace("..", "."),
            "remedy": f"{remedy} Run plan again.".strip(),
        },
    )


def difference(shown: Plan, fresh: Plan) -> str:
    """Name the first difference between two plans."""
    if shown.target != fresh.target:
        return f"the target is now {fresh.target or 'nothing'}, not {shown.target}"
    before = {step.id: step for step in shown.root.walk()}
    after = {step.id: step for step in fresh.root.walk()}
    for step in shown.root.leaves():
        if step.id not in after:
            return f"the step {step.id} ({step.title}) is not needed any more"
    for step in fresh.root.leaves():
        if step.id not in before:
            return f"the step {step.id} ({step.title}) is new"
        if step.to_dict() != before[step.id].to_dict():
            return f"the step {step.id} is now: {step.title}"
    return "the order of the steps is another"


async def run_attempt(
    place: Place, token: int, pulse: Pulse, account: Callable[[], Access]
) -> None:
    """Hold an attempt, work on it, record how it ended.

    Raises:
        Fenced: the attempt is no longer ours; nothing is recorded.
    """
    journal = Journal(place.home, create=False)
    journal.tidy()
    attempt = journal.hold(token)
    error: Mapping[str, str] = {}
    begins = f"Attempt {token} at run {attempt.run} begins: {attempt.job.value}."
    audit.tell(audit.Event.STARTUP, "cou.run.runner", description=begins)
    try:
        access = account()
        # What a run has switched is put back, or named, wherever the model is by now.
        anywhere = attempt.job is Job.ABANDON
        juju = open_client(access, RUN_TIMING, account, any_version=anywhere)
        name = f"{place.unit or access.username} of model {access.model}"
        loop = asyncio.get_running_loop()
        # A signal only wakes the loop up; what it means stands in the journal. Until here the
        # process ignores it, as its supervisor has begun it so.
        loop.add_signal_handler(signal.SIGTERM, lambda: None)
        try:
            ending = await Runner(journal, juju, attempt, name, beat=pulse.beat).work()
        finally:
            await juju.close()
        state, error = _as_recorded(ending, journal.attempt(attempt.run))
    except Fenced:
        raise
    except CouError as failure:
        logger.error("%s: %s", failure.code, failure)
        state = RunState.FAILED
        error = {"code": failure.code, "seen": failure.seen, "remedy": failure.remedy}
    logger.info("attempt %d of run %s ends: %s %s", token, attempt.run, state.value, dict(error))
    journal.end_attempt(token, state, error)
    journal.close()
    ends = f"Attempt {token} at run {attempt.run} ended: {state.value}."
    audit.tell(audit.Event.SHUTDOWN, "cou.run.runner", description=ends)


def _as_recorded(ending: Ending, attempt: Attempt | None) -> tuple[RunState, Mapping[str, str]]:
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
        "remedy": "Run upgrade to go on.",
    }


def load_everything() -> None:
    """Import all that a run may need: a refresh of the charm replaces the files underneath."""
    for module in pkgutil.walk_packages(cou.__path__, "cou."):
        if not module.name.startswith("cou.cli"):
            importlib.import_module(module.name)
    importlib.import_module("juju.client.connection")
    loading.load()


def main(argv: list[str]) -> int:
    """Run the runner."""
    crash.program = "runner"
    place, token, log = command_line.parse(argv)
    pulse, account = Pulse.inherited(), handed.source(place)
    logs.configure(log)
    logging.getLogger("websockets").setLevel(logging.WARNING)
    try:
        lock = Lock(place.runner_lock)
    except BlockingIOError:
        logger.error("another runner holds %s", place.runner_lock)
        return 1
    load_everything()
    try:
        asyncio.run(run_attempt(place, token, pulse, account))
    except Fenced as error:
        logger.error("%s", error)
        return 3
    lock.release()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
