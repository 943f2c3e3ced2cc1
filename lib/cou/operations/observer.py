"""One look at the model for all that wait, however many waits there are: status, history, tasks.

A wait costs nothing but its share of the look. Looks come quickly after something was begun and
then every few seconds; where all that wait wait for time alone, the next comes when the first of
them is due. Nothing blocks the event loop.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
from collections.abc import Callable, Mapping

from ..clock import Clock
from ..concurrency import BackgroundTasks
from ..errors import CouError, StepFailed
from ..juju.port import Juju, ModelStatus, Task
from ..steps.context import History, LookTime, PendingWait, Wait
from ..wording import text
from .outside import Outside
from .quiet_time import ModelTime

LONGEST_PAUSE_S = 2.5
SHORTEST_PAUSE_S = 0.1


@dataclasses.dataclass
class _Waiter:
    wait: Wait
    future: asyncio.Future[bool]
    last_progress: float
    seen: object = None
    pending: PendingWait | None = None


class TaskUnknown(StepFailed):
    """Juju has removed a task since; it does so only with those that have ended."""


@dataclasses.dataclass
class _TaskWaiter:
    id: int
    timeout_s: float
    future: asyncio.Future[Task]
    last_progress: float
    pending: PendingWait
    seen: object = None


class Observer:
    """Looks at the model while somebody waits.

    Args:
        juju: where to look.
        clock: time.
        background: looks for as long as its work goes on.
        on_change: called after a look that changed what is waited for.
        outside: what is known of the model without looking.
    """

    def __init__(
        self,
        juju: Juju,
        clock: Clock,
        background: BackgroundTasks,
        on_change: Callable[[], None] = lambda: None,
        outside: Outside | None = None,
    ):
        self._background = background
        self._juju = juju
        self._clock = clock
        self._on_change = on_change
        self._outside = outside or Outside()
        self._waiters: list[_Waiter] = []
        self._tasks: list[_TaskWaiter] = []
        self._looking = False
        self._pause = SHORTEST_PAUSE_S
        self._wake = asyncio.Event()  # the pause is over, or somebody wants a look before
        self._time = ModelTime(clock)
        self._draining = False
        self._told: list[PendingWait] = []

    @property
    def waited_for(self) -> list[PendingWait]:
        """What the waits are waiting for, as of the last look."""
        found = [one.pending for one in self._waiters if one.pending is not None]
        found += [one.pending for one in self._tasks]
        return [dataclasses.replace(one, due_s=None) for one in found]

    def drain(self) -> None:
        """From now on waits end as soon as nothing that was caused runs any more."""
        self._draining = True
        self._wake.set()

    async def wait(self, wait: Wait) -> bool:
        """Wait until `wait.check` is satisfied (True) or a drain lets go (False).

        Raises:
            StepFailed: what the check raised, or no progress for the wait's timeout.
            JujuError: the model could not be looked at.
        """
        waiter = _Waiter(wait, asyncio.get_running_loop().create_future(), self._clock.monotonic())
        self._waiters.append(waiter)
        try:
            self._start()
            return await waiter.future
        finally:
            self._waiters.remove(waiter)

    async def task(self, task: int, timeout_s: float) -> Task:
        """Wait until a task has ended.

        Raises:
            StepFailed: its status, message and log did not change for `timeout_s`, or Juju no
                longer knows it.
        """
        waiter = _TaskWaiter(
            task,
            timeout_s,
            asyncio.get_running_loop().create_future(),
            self._clock.monotonic(),
            PendingWait(text("wait/task-unseen", task=task)),
        )
        self._tasks.append(waiter)
        try:
            self._start()
            return await waiter.future
        finally:
            self._tasks.remove(waiter)

    def _start(self) -> None:
        self._pause = SHORTEST_PAUSE_S
        self._wake.set()
        if not self._looking:
            self._looking = True
            self._background.start(self._look_on(), "look at the model")

    async def _look_on(self) -> None:
        while True:
            self._wake.clear()
            if not (self._waiters or self._tasks):
                await self._wake.wait()
                continue
            seen = self._outside.changes()
            try:
                await self._look()
            except CouError as error:  # those who wait must hear it; anything else ends the run
                self._fail_all(error)
            if self.waited_for != self._told:
                self._told = self.waited_for
                self._on_change()
            await self._rest(seen)

    async def _rest(self, seen: object) -> None:
        """Sleep until somebody calls, or a look may find another thing than the last did.

        Args:
            seen: what `Outside.changes` said before the last look.
        """
        loop = asyncio.get_running_loop()
        same_until = self._clock.monotonic() + self._same_for_s()

        def over() -> None:
            nonlocal timer
            self._pause = min(self._pause * 1.6, LONGEST_PAUSE_S)
            if self._clock.monotonic() >= same_until or self._outside.changes() != seen:
                self._wake.set()
            else:
                timer = loop.call_later(self._until_next_s(), over)

        timer = loop.call_later(self._until_next_s(), over)
        try:
            await self._wake.wait()
        finally:
            timer.cancel()

    def _same_for_s(self) -> float:
        """Return how long no wait can end, well or by its timeout, if the model stands still."""
        now = self._clock.monotonic()
        ends = [one.last_progress + one.timeout_s - now for one in self._tasks]
        for waiter in self._waiters:
            if waiter.pending is None:  # it came after the look
                return 0
            if not waiter.pending.operator:
                ends.append(waiter.last_progress + waiter.wait.timeout_s - now)
            if waiter.pending.due_s is not None:
                ends.append(waiter.pending.due_s)
        return min(ends, default=0)

    def _until_next_s(self) -> float:
        """Return how long no look is worth it; a nudge ends it before."""
        waiting = [waiter for waiter in self._waiters if not waiter.future.done()]
        dues = [waiter.pending.due_s if waiter.pending else None for waiter in waiting]
        if self._tasks or not dues or any(due is None for due in dues):
            return self._pause
        return min(due for due in dues if due is not None) + SHORTEST_PAUSE_S / 2

    def _fail_all(self, error: Exception) -> None:
        for waiter in [*self._waiters, *self._tasks]:
            if not waiter.future.done():
                waiter.future.set_exception(error)

    async def _look(self) -> None:
        tasks = [waiter for waiter in self._tasks if not waiter.future.done()]
        if tasks:
            found = await self._juju.tasks(sorted({waiter.id for waiter in tasks}))
            for waiter in tasks:
                self._judge_task(waiter, found.get(waiter.id))
        waiters = [waiter for waiter in self._waiters if not waiter.future.done()]
        if waiters:
            scope = {name for waiter in waiters for name in waiter.wait.applications}
            whole = any(not waiter.wait.applications for waiter in waiters)
            asked_s = self._clock.monotonic()
            status = await self._juju.full_status(() if whole else sorted(scope))
            look = self._time.look(status, asked_s)
            history = await self._history(waiters, status, look)
            for waiter in waiters:
                self._judge(waiter, status, history, look)

    async def _history(
        self, waiters: list[_Waiter], status: ModelStatus, look: LookTime
    ) -> History:
        units: set[str] = set()
        since: list[datetime.datetime] = []
        for waiter in waiters:
            if waiter.wait.needs_history and waiter.wait.history_since:
                wanted = waiter.wait.needs_history(status, look)
                units.update(wanted)
                if wanted:
                    since.append(waiter.wait.history_since(look))
        if not units:
            return {}
        return await self._juju.status_history(sorted(units), min(since))

    def _judge(
        self, waiter: _Waiter, status: ModelStatus, history: History, look: LookTime
    ) -> None:
        if waiter.future.done():
            return
        try:
            waiter.pending = waiter.wait.check(status, history, look)
        except StepFailed as error:
            waiter.future.set_exception(error)
            return
        if waiter.pending is None:
            waiter.future.set_result(True)
        elif self._draining and waiter.pending.settled:
            waiter.future.set_result(False)
        else:
            self._note_progress(waiter, _fingerprint(status, waiter.wait.applications))
            idle_for = self._clock.monotonic() - waiter.last_progress
            if idle_for > waiter.wait.timeout_s and not waiter.pending.operator:
                waiter.future.set_exception(
                    StepFailed(
                        "no-progress/judge",
                        timeout_s=f"{waiter.wait.timeout_s:.0f}",
                        what=waiter.pending.what,
                    )
                )

    def _judge_task(self, waiter: _TaskWaiter, task: Task | None) -> None:
        if waiter.future.done():
            return
        if task is None:
            waiter.future.set_exception(TaskUnknown("task-unknown/judge-task", task=waiter.id))
        elif task.status.final:
            waiter.future.set_result(task)
        else:
            what = text(
                "wait/task", task=task.id, unit=task.unit, name=task.name, status=task.status.value
            )
            waiter.pending = PendingWait(what, (task.unit,))
            self._note_progress(waiter, (task.status, task.message))
            if self._clock.monotonic() - waiter.last_progress > waiter.timeout_s:
                waiter.future.set_exception(
                    StepFailed(
                        "task-slow",
                        task=task.id,
                        name=task.name,
                        unit=task.unit,
                        status=task.status.value,
                        timeout_s=f"{waiter.timeout_s:.0f}",
                    )
                )

    def _note_progress(self, waiter: _Waiter | _TaskWaiter, seen: object) -> None:
        if seen != waiter.seen:
            waiter.seen = seen
            waiter.last_progress = self._clock.monotonic()


def _fingerprint(status: ModelStatus, applications: tuple[str, ...]) -> Mapping[str, object]:
    """What must change for a wait to be called alive: any status of any unit concerned."""
    names = applications or tuple(status.applications)
    return {
        unit.name: (unit.agent, unit.workload, unit.workload_version, unit.charm_url)
        for name in names
        if name in status.applications
        for unit in status.applications[name].units.values()
    }
