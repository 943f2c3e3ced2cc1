"""Works through a plan: what may begin begins, parallel groups together, stopping between steps.

Which steps may overlap stands in the plan (`plan.step_order`), how many do in its options. What a
step does stands in `cou.steps`. The executor knows no network, no process and no signal: `drain`
is called by whoever learnt that a cancel is recorded.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .. import concurrency
from ..errors import NO_CAUSE, Cause, CouError, JujuError, cause
from ..journal import CancelRecorded, FencedOff
from ..journal.records import Limit, MarkState, RunState, StepState
from ..kinds import ROWS, Kind, is_gate
from ..operations import late_tasks
from ..operations.calls import RunContext
from ..operations.step_context import StepContext
from ..options.settings import Settings
from ..plan.plan import parts_of
from ..plan.ready_steps import ReadySteps, WorkItem
from ..plan.step import Part, Step
from ..show import estimate
from ..steps import performers
from ..steps.context import NeedsOperator, StepEnd, StepResult
from ..wording import NOTHING, Wording, own_command, text
from . import next_step
from .lease import Lease, LeaseLost

logger = logging.getLogger("cou.executor")


@dataclasses.dataclass(frozen=True)
class WorkEnd:
    """How a runner's work ended: the run's state and, where there is one, the cause."""

    state: RunState
    error: Cause = NO_CAUSE


class Executor:
    """Runs what is left of a plan.

    Args:
        run_context: the attempt.
        root: the plan's root.
        settings: the run's settings.
        limit: where to stop by itself.
        lease: this run's name on the model.
        at_once: how many work items (`cou.plan.ready_steps`) may run at the same time; 1 keeps the
            plan's order.
    """

    def __init__(
        self,
        run_context: RunContext,
        root: Step,
        settings: Settings,
        limit: Limit,
        lease: Lease,
        *,
        at_once: int = 1,
    ):
        self._held = run_context
        self._root = root
        self._settings = settings
        self._limit = limit
        self._lease = lease
        self._at_once = at_once
        self._draining = False
        self._ending: WorkEnd | None = None
        self._taken: list[str] = []
        self._tried: set[str] = set()  # begun by this attempt, each once
        self._late = ""  # the application or zone for which the window is too short
        self._halfway: list[str] = []
        self._ready_steps: ReadySteps  # set by `run`, as what follows
        self._durations: estimate.Durations
        self._over: set[str]
        self._passed_by: set[str]  # what was skipped
        self._parts = parts_of(root)
        self._groups = {step.id: step for step in root.walk()}
        self._gates = {one.id: tuple(_gates(one)) for one in root.walk()}
        self._hosts = dict(_hosts(root))

    @property
    def draining(self) -> bool:
        """Whether nothing further begins."""
        return self._draining

    def drain(self) -> None:
        """Begin nothing further; let what runs end."""
        self._draining = True
        self._held.observer.drain()

    async def run(self) -> WorkEnd:
        """Work until everything is over, or something ends it.

        What tasks that arrived late have undone is due again, before the first step and after
        the last.

        Raises:
            FencedOff: this runner no longer holds the run; the journal is not ours to write.
        """
        await late_tasks.undo(self._held, self._root, self._settings)
        ending = await self._run()
        again = await late_tasks.undo(self._held, self._root, self._settings)
        if again and ending.state is RunState.COMPLETED:
            self._tried.clear()
            ending = await self._run()
        return ending

    async def _run(self) -> WorkEnd:
        records = self._records()
        self._over = {one.id for one in records.values() if one.state.over}
        self._passed_by = {r.id for r in records.values() if r.state is StepState.SKIPPED}
        self._durations = estimate.learn(self._held.journal, for_window=True)
        self._ready_steps = ReadySteps(
            self._root,
            self._over,
            by_need=self._at_once > 1,
            expected_s=self._durations.typical,
        )
        self._halfway = [one.id for one in records.values() if one.state is StepState.IN_DOUBT]
        await self._work()
        if self._ending is not None:
            return self._ending
        if all(record.state.over for record in self._records().values()):
            return WorkEnd(RunState.COMPLETED)
        return self._window_closed() if self._late else WorkEnd(RunState.STOPPED)

    def _records(self) -> Mapping[str, Any]:
        return self._held.journal.steps(self._held.run)

    async def _work(self) -> None:
        """Begin what may begin, see what runs to its end, and look again."""
        running: dict[str, asyncio.Task[None]] = {}
        begun: dict[str, list[Step]] = {}
        try:
            while True:
                for item, steps in self._next(running):
                    work = self._together(item, steps)
                    running[item.id] = concurrency.begin_task(work, f"work on {item.id}")
                    begun[item.id] = steps
                if not running:
                    return
                await asyncio.wait(running.values(), return_when=asyncio.FIRST_COMPLETED)
                for name in [name for name, task in running.items() if task.done()]:
                    running.pop(name).result()
                    self._must_have_ended(begun[name])
        finally:
            await concurrency.end_tasks(*running.values())

    def _must_have_ended(self, steps: Sequence[Step]) -> None:
        """Make sure that work which is over has left no step running.

        Raises:
            CouError: it has; nobody would ever come back to that step.
        """
        for step in steps:
            if self._held.journal.step(self._held.run, step.id).state is StepState.RUNNING:
                raise CouError("task-ended/must-have-ended", title=step.title, step=step.id)

    def _next(self, running: Mapping[str, object]) -> list[tuple[WorkItem, list[Step]]]:
        """Return what begins now, with those of its steps that do; none while draining."""
        room = self._at_once - len(running)
        ready = [one for one in self._ready_steps.ready() if one.id not in running]
        found: list[tuple[WorkItem, list[Step]]] = []
        for item in next_step.in_order(ready, self._halfway):
            if self._draining or len(found) >= room:
                break
            steps = [step for step in item.steps if self._due(step)]
            if steps:
                found.append((item, steps))
        return [] if self._draining else found

    def _due(self, step: Step) -> bool:
        """Whether a step is begun now, as far as this attempt goes."""
        if step.id in self._tried or self._draining:
            return False
        over = self._held.journal.step(self._held.run, step.id).state.over
        return not over and self._admits(step)

    async def _together(self, item: WorkItem, steps: Sequence[Step]) -> None:
        if len(steps) == 1:
            await self._one(steps[0], item.group)
            return
        await concurrency.run_together(*(self._one(step, item.group) for step in steps))

    async def _one(self, step: Step, group: Step) -> None:
        self._tried.add(step.id)
        if self._draining or not self._begin(step):
            return
        if self._gated(step, group):
            self._end(step, StepState.SKIPPED, note=text("note/group-left-out"))
        else:
            await self._leaf(step)
        record = self._held.journal.step(self._held.run, step.id)
        if record.state.over:
            self._over.add(step.id)
            self._durations.learn(step, record)
            if record.state is StepState.SKIPPED:
                self._passed_by.add(step.id)
            self._ready_steps.over(step.id)

    def _gated(self, step: Step, group: Step) -> bool:
        """Whether an earlier step of the group found that the group cannot be done now."""
        if ROWS[step.kind].puts_back:
            return False
        return any(gate in self._passed_by for gate in self._gates[group.id])

    def _admits(self, step: Step) -> bool:
        """Whether the limit of this attempt lets a step begin."""
        unit = self._parts[step.id] if self._limit.granularity == "application" else step.id
        if unit in self._taken:
            return True
        if self._limit.count and len(self._taken) >= self._limit.count:
            return False
        if self._limit.expect and not self._taken and self._limit.expect not in (step.id, unit):
            self._draining = True
            found = cause("not-expected/admits", next=step.id, expected=self._limit.expect)
            self._ending = WorkEnd(RunState.STOPPED, found)
            return False
        if not self._in_window(unit):
            return False
        self._taken.append(unit)
        return True

    def _in_window(self, unit: str) -> bool:
        """Whether an application or zone is expected to end before the window does."""
        until = self._limit.until
        if until is None or self._late:
            return not self._late
        group = self._groups[unit]
        needed = self._durations.longest_of(group, self._over, self._at_once)
        if self._held.clock.now() + datetime.timedelta(seconds=needed) > until:
            self._late = unit
        return not self._late

    def _window_closed(self) -> WorkEnd:
        """Record a drain: what had begun has ended, and nothing further begins."""
        self._held.journal.cancel(self._held.token, "window closed")
        marks = [mark.id for mark in self._held.journal.switched(self._held.run)]
        values = {"late": self._late, "until": f"{self._limit.until:%Y-%m-%d %H:%M}"}
        if marks:
            found = cause("window-closed/switched", marks=marks, **values)
        else:
            found = cause("window-closed/nothing-switched", **values)
        return WorkEnd(RunState.STOPPED, found)

    def _begin(self, step: Step) -> bool:
        try:
            self._held.journal.begin_step(self._held.token, step.id)
        except CancelRecorded:
            self.drain()
            return False
        return True

    async def _leaf(self, step: Step) -> None:
        logger.info("begins: %s (%s)", step.title, step.id)
        context = StepContext(
            self._held,
            step,
            self._settings,
            lambda: self._draining,
            self._lease.show_marks,
            self._skipped_units,
        )
        try:
            result = await performers.perform(context)
            if await self._undone_late(step):
                result = await performers.perform(context)
        except FencedOff:
            raise
        except NeedsOperator as doubt:
            self._fail(step, StepState.IN_DOUBT, _needs_operator(step, doubt))
        except LeaseLost as lost:
            self._fail(step, StepState.IN_DOUBT, lost)
        except JujuError as error:
            # Whether the step took place is not known while Juju cannot be asked.
            state = StepState.FAILED if error.sent is False else StepState.IN_DOUBT
            self._fail(step, state, error)
        except CouError as error:
            self._fail(step, StepState.FAILED, error)
        else:
            self._record(step, result)

    async def _undone_late(self, step: Step) -> bool:
        """Whether a task of this step arrived late and has undone what the step had put back."""
        marks = await late_tasks.look(self._held, step.id)
        for mark in marks:
            again = dataclasses.replace(mark, state=MarkState.SET, at=self._held.clock.now())
            self._held.journal.write_mark(self._held.token, again)
        return bool(marks)

    def _record(self, step: Step, result: StepResult) -> None:
        states = {
            StepEnd.DONE: StepState.DONE,
            StepEnd.SATISFIED: StepState.SATISFIED,
            StepEnd.AGAIN: StepState.PENDING,
            StepEnd.SKIP_GROUP: StepState.SKIPPED,
        }
        self._end(step, states[result.end], note=result.note)

    def _fail(self, step: Step, state: StepState, error: CouError) -> None:
        self._end(step, state, error=error.seen)
        self._draining = True
        if self._ending is None:
            self._ending = WorkEnd(RunState.FAILED, Cause.of(error, step.id, step.title))

    def _end(
        self, step: Step, state: StepState, *, note: Wording = NOTHING, error: Wording = NOTHING
    ) -> None:
        self._held.journal.end_step(self._held.token, step.id, state, note=note, error=error)
        logger.info("%s: %s (%s) %s", state.value, step.title, step.id, error or note)

    def _skipped_units(self) -> frozenset[str]:
        gates = (gate for gate in self._hosts if gate in self._passed_by)
        return frozenset(unit for gate in gates for unit in self._hosts[gate])


def _gates(group: Step) -> Iterator[str]:
    """Yield the steps of a group which find that the rest of it cannot be done now."""
    return (one.id for one in group.steps if is_gate(one.kind))


def _needs_operator(step: Step, doubt: NeedsOperator) -> CouError:
    done = own_command("resolve-step", step=step.id, as_="done", reason="how you know")
    retry = own_command("resolve-step", step=step.id, as_="retry", reason="how you know")
    return CouError("needs-operator", doubt=doubt.seen, done=done, retry=retry)


def _hosts(root: Step) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield for each host's gate the units that its group would upgrade."""
    for group in root.walk():
        if group.params.get("part") == Part.HOST.value:
            units = frozenset(step.target for step in group.single_steps() if "/" in step.target)
            for step in group.steps:
                if step.kind is Kind.VERIFY_HYPERVISOR_EMPTY:
                    yield step.id, units
