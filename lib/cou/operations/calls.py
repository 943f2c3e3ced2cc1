"""Calls that change the model: intent before, task id after, outcome when seen; settled in doubt.

A call to Juju ends done, not done, or unknown. What is unknown is looked up in the model: a task
among the newer tasks of its unit, a change by reading it back. Where nothing is found, the request
may still arrive, at any later time: no waiting proves that it does not. So what is sent again is
what may arrive twice. A command works once, whatever arrives (`run_once`), a change is read back,
and an action is judged by its kind (`cou.kinds`): one that is safe to repeat is sent
again, for any other an operator is asked.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from .. import crash, kinds
from ..clock import Clock
from ..errors import JujuError, StepFailed
from ..journal import Journal, operation_age
from ..journal.operation_age import ClockReading
from ..journal.records import Operation, Verdict
from ..juju import error_replies, resending
from ..juju.port import Juju, Task, TaskStatus
from ..process.runner_files import RunnerRecordFile
from ..steps.context import NeedsOperator, StateBefore
from ..steps.task_results import went_well
from ..wording import UPGRADE, Wording, join, to_json
from . import quiet_time, run_once
from .observer import Observer, TaskUnknown
from .run_once import MarkerReply

COMMAND = "juju-exec"
_PAUSE_S = 1.0  # before a command is sent again; it grows

_AGAIN = join("Run `", UPGRADE, "` to try it again.")


@dataclasses.dataclass(frozen=True)
class RunContext:
    """Who makes the calls: one attempt at one run.

    Attributes:
        check: asked before every change; raises where the model is no longer ours.
        settle_after_s: longer than a request is on its way as a rule.
        kept: what lies beside the locks, for who finds no journal.
        earlier: the newest operation from before this attempt's runner.
    """

    journal: Journal
    juju: Juju
    clock: Clock
    observer: Observer
    run: str
    token: int
    check: Callable[[], Awaitable[None]]
    settle_after_s: float = 60.0
    kept: RunnerRecordFile = dataclasses.field(default_factory=RunnerRecordFile)
    earlier: int = 0


@dataclasses.dataclass(frozen=True)
class TaskRequest:
    """A task that a step asks for.

    Attributes:
        name: the action's name, `COMMAND` for a command.
        params: what the step gives it; what is sent of a command stands in the journal.
        send: enqueues it with the parameters given, and returns its task id.
        can_wait: the step may stop before it: it is not begun once a cancel is recorded.
    """

    unit: str
    name: str
    params: Mapping[str, Any]
    send: Callable[[Mapping[str, Any]], Awaitable[int]]
    can_wait: bool = False


class Calls:
    """The journalled calls of one step."""

    def __init__(self, run_context: RunContext, step: str, timeout_s: float):
        self._held = run_context
        self._step = step
        self._timeout_s = timeout_s

    def _every(self, key: str) -> tuple[Operation, ...]:
        """Return all operations under a key, of all rounds, with their repetitions."""
        return self._held.journal.named(self._held.run, self._step, key)

    def latest(self, key: str) -> Operation | None:
        """Return the newest operation under a key in this round, with its repetitions."""
        found = self._every(key)
        now = self._held.journal.step(self._held.run, self._step).round
        # What an earlier round sent counts as long as its end was never seen.
        alive = [one for one in found if one.round == now or one.verdict is None]
        return alive[-1] if alive else None

    def newest(self, prefix: str) -> int:
        """Return the number of the newest operation of those that are counted; 0 for none."""
        name = self._held.journal.newest_name(self._held.run, self._step, prefix)
        return int(name.removeprefix(prefix)) if name else 0

    def latest_of_any_round(self, key: str) -> Operation | None:
        """Return the newest operation under a key of any round, with its repetitions."""
        found = self._every(key)
        return found[-1] if found else None

    async def change(
        self,
        key: str,
        request: Mapping[str, Any],
        perform: Callable[[], Awaitable[None]],
        is_so: Callable[[], Awaitable[bool]],
        *,
        can_wait: bool = False,
    ) -> StateBefore:
        """Make a change that may be repeated; return how it was before it was first made.

        One of an earlier round is not made again while the model shows it. Its time counts: the
        hooks that it causes may never have been seen to end.
        """
        operation = self.latest(key)
        if (
            operation is None
            and (earlier := self.latest_of_any_round(key)) is not None
            and await is_so()
        ):
            return quiet_time.before(earlier)
        if operation is not None and operation.verdict is Verdict.DONE:
            if await is_so():
                return quiet_time.before(operation)
            operation = None  # it was done, and others have changed it since
        if operation is None:
            name = str(request["application"])
            asked_s = self._held.clock.monotonic()
            status = await self._held.juju.full_status([name])
            seen = {"asked": asked_s, "agents": quiet_time.agents(status, name)}
            key, at = self._fresh(key), status.controller_time
            operation = self._intend(key, request, 0, at, seen, can_wait=can_wait)
            await self._send(operation, perform, is_so)
        elif not await is_so():
            await self._outlive(operation)
            if not await is_so():
                operation = self._note(operation, {"doubtful": True})
                await self._send(operation, perform, is_so)
        self._verdict(operation, Verdict.DONE, {})
        return quiet_time.before(operation)

    async def _send(
        self,
        operation: Operation,
        perform: Callable[[], Awaitable[None]],
        is_so: Callable[[], Awaitable[bool]],
    ) -> None:
        """Send a repeatable change; where its answer is lost, look, and send again if need be."""
        await self._held.check()
        kind = str(operation.request.get("kind", "change"))
        sent = False

        async def send() -> None:
            nonlocal sent
            if sent:
                if await is_so():
                    return
                self._note(operation, {"doubtful": True})
            sent = True
            crash.reach(f"juju/{kind}/before")
            await perform()
            crash.reach(f"juju/{kind}/after")

        try:
            await resending.until_answered(send, self._held.clock.sleep)
        except JujuError as error:
            if error.sent is not None:
                self._verdict(operation, Verdict.NOT_DONE, {"error": to_json(error.seen)})
            raise

    async def task(
        self, key: str, asked: TaskRequest, still: Callable[[], Awaitable[bool]] | None = None
    ) -> Task:
        """Get one task run and return it ended; see `cou.steps.context.Context.action`."""
        operation = self.latest(key)
        if operation is not None and operation.verdict is Verdict.DONE and still is not None:
            operation = operation if await still() else None
        while True:
            if operation is None or operation.verdict is Verdict.NOT_DONE:
                operation = await self._enqueue(key, asked)
            elif operation.task is None and operation.verdict is None:
                operation = await self._settle(operation, asked)
            try:
                task = await self._ended(operation)
            except TaskUnknown:
                if operation.verdict is Verdict.DONE and asked.name == COMMAND:
                    return _as_recorded(operation)
                operation = self._pruned(operation, asked)
                continue
            if operation.verdict is not None:
                return task
            if task.status is TaskStatus.CANCELLED:
                # It was cancelled before its agent began: nothing happened, so it is sent anew.
                self._verdict(operation, Verdict.NOT_DONE, {"status": task.status.value})
                if self._cancelled_now(operation):
                    raise StepFailed(
                        "task-cancelled", task=task.id, asked=asked.name, unit=asked.unit
                    )
                operation = None
                continue
            self._verdict(operation, _verdict_of(task), {"status": task.status.value})
            return task

    def discard(self, key: str, why: Wording) -> None:
        """Write down that an operation which ended well has not done what it was asked for."""
        operation = self.latest(key)
        if operation is not None:
            self._verdict(operation, Verdict.FAILED, {"discarded": to_json(why)})

    async def _ended(self, operation: Operation) -> Task:
        """Wait for an operation's task; of several arrivals, for the one that did the work."""
        if operation.task is None:
            raise StepFailed("task-unknown", option=operation.key)
        task = await self._held.observer.task(operation.task, self._timeout_s)
        id = operation.id_on_unit
        if not id or _worked(id, task):
            return task
        for other in await self._held.juju.tasks_after([task.unit], COMMAND, 0):
            if other.id == task.id or not run_once.is_of(id, other):
                continue
            found = await self._held.observer.task(other.id, self._timeout_s)
            if _worked(id, found):
                self._adopt(operation, found.id)
                self._note(operation, {"doubtful": True})
                return found
        return task

    def _cancelled_now(self, operation: Operation) -> bool:
        """Whether the task was enqueued by this attempt, so that somebody else cancelled it."""
        return operation.id > self._held.earlier

    def _fresh(self, key: str) -> str:
        """Return a key for another try: a repetition keeps the first part."""
        now = self._held.journal.step(self._held.run, self._step).round
        used = {operation.key for operation in self._every(key) if operation.round == now}
        number = 1
        while (fresh := key if number == 1 else f"{key}~{number}") in used:
            number += 1
        return fresh

    def _pruned(self, operation: Operation, asked: TaskRequest) -> Operation:
        """Settle an operation whose task Juju has removed: it has ended, nobody knows how.

        What a failed one would be is done: a command and an action that is safe to repeat are
        sent again. Nothing of the first is on its way, so the command gets an id of its own.

        Raises:
            NeedsOperator: it may not be sent again.
        """
        if asked.name != COMMAND and not kinds.is_repeated(asked.name):
            raise NeedsOperator(
                "needs-operator/removed",
                name=asked.name,
                unit=asked.unit,
                task=str(operation.task),
            )
        self._verdict(operation, Verdict.NOT_DONE, {"status": "removed"})
        return dataclasses.replace(operation, verdict=Verdict.NOT_DONE)

    async def _enqueue(self, key: str, asked: TaskRequest) -> Operation:
        watermark = await self._held.juju.last_task_id(asked.unit, asked.name)
        fresh, params = self._fresh(key), dict(asked.params)
        request = {"kind": "task", "unit": asked.unit, "name": asked.name, "params": params}
        if asked.name == COMMAND:
            request["id"] = id = self._id(key, fresh, asked)
            params["command"] = run_once.text(id, str(params["command"]))
        operation = self._intend(fresh, request, watermark, None, can_wait=asked.can_wait)
        return await self._dispatch(operation, asked)

    def _id(self, key: str, fresh: str, asked: TaskRequest) -> str:
        """Return what the unit knows a command by: what never began is sent under its old id.

        So is what nobody has seen begin: its request may have been taken after all.
        """
        held = self._held
        last = self.latest_of_any_round(key)
        if last is not None and last.id_on_unit:
            cancelled = last.result.get("status") == TaskStatus.CANCELLED.value
            same = run_once.text(last.id_on_unit, str(asked.params["command"]))
            if (cancelled or last.task is None) and last.request["params"]["command"] == same:
                return last.id_on_unit
        now = held.journal.step(held.run, self._step).round
        return run_once.name(held.run, self._step, now, fresh, asked.unit, asked.params["command"])

    async def _dispatch(
        self, operation: Operation, asked: TaskRequest, tries: int = 1
    ) -> Operation:
        await self._held.check()
        crash.reach("juju/enqueue/before")
        try:
            task = await asked.send(operation.request["params"])
        except JujuError as error:
            if error.sent is None and tries < resending.TRIES:
                return await self._settle(operation, asked, tries)
            if error.code == error_replies.UNEXPLAINED:
                # Its outcome stays open: where it cannot be looked for now, the next try looks.
                operation = self._note(operation, {"error": to_json(error.seen)})
                if (found := await self._found(operation, asked)) is not None:
                    return self._adopt(operation, found)
                raise
            if error.sent is not None and not operation.may_still_arrive:
                self._verdict(operation, Verdict.NOT_DONE, {"error": to_json(error.seen)})
            raise
        crash.reach("juju/enqueue/after")
        return self._adopt(operation, task)

    async def _settle(self, operation: Operation, asked: TaskRequest, tries: int = 0) -> Operation:
        """Find out what became of an enqueue whose answer nobody saw; send it again if it may be.

        Args:
            operation: as it was written down.
            asked: what for.
            tries: how often it was sent just now, each time without an answer.

        Raises:
            JujuError: it was sent often enough.
            NeedsOperator: it may not, or more than one task could be it.
        """
        await self._held.clock.sleep(tries * _PAUSE_S)
        found = await self._find(operation, asked)
        # An error was an answer to the only request: nothing of it is on its way any more.
        answered = bool(operation.result.get("error")) and not operation.may_still_arrive
        if found is None and not operation.id_on_unit and not answered:
            await self._outlive(operation)
            found = await self._find(operation, asked)
        if found is not None:
            return self._adopt(operation, found)
        again = {"doubtful": not answered, "error": "", **self._sent_now()}
        if asked.name != COMMAND and not kinds.is_repeated(asked.name) and not answered:
            self._note(operation, {"doubtful": True})
            raise NeedsOperator("needs-operator/no-answer", name=asked.name, unit=asked.unit)
        return await self._dispatch(self._note(operation, again), asked, tries + 1)

    async def _found(self, operation: Operation, asked: TaskRequest) -> int | None:
        """Return the task of an enqueue; None where there is none, or no look is possible."""
        try:
            return await self._find(operation, asked)
        except JujuError:
            return None

    async def _find(self, operation: Operation, asked: TaskRequest) -> int | None:
        """Return the task of an enqueue whose answer nobody saw; None where there is none."""
        id = operation.id_on_unit
        found = [
            task
            for task in await self._held.juju.tasks_after(
                [asked.unit], asked.name, operation.watermark
            )
            if (run_once.is_of(id, task) if id else is_ours(task.parameters, asked.params))
        ]
        if len(found) > 1 and not id and not kinds.is_repeated(asked.name):
            ids = ", ".join(str(task.id) for task in found)
            raise NeedsOperator(
                "needs-operator/several", ids=ids, name=asked.name, unit=asked.unit
            )
        if len(found) > 1:
            self._note(operation, {"doubtful": True})
        # Of several the last ends last, and all of them are this operation.
        return found[-1].id if found else None

    async def _outlive(self, operation: Operation) -> None:
        """Wait as long as a request may usually be on its way, so that few are sent twice.

        Nothing rests on it: what arrives still later does no harm, or has been asked about. Time
        counts from the last sending where the monotonic clock of this boot proves it, and from
        now where it does not; stamps of the wall clock prove nothing.
        """
        await self._held.clock.sleep(
            max(0.0, self._held.settle_after_s - self._passed_s(operation))
        )

    def _passed_s(self, operation: Operation) -> float:
        """Return what has passed since it was sent by the monotonic clock; 0 where none tells."""
        return ClockReading.of(self._held.clock).passed_s(operation.result) or 0.0

    def age_s(self, operation: Operation) -> float:
        """Return how long ago an operation was begun, rather too long."""
        moment = ClockReading.of(self._held.clock)
        return operation_age.of_operation(self._held.journal, self._held.run, operation, moment)

    def _sent_now(self) -> dict[str, Any]:
        return {"epoch": self._held.clock.epoch(), "sent": self._held.clock.monotonic()}

    def _intend(
        self,
        key: str,
        request: Mapping[str, Any],
        watermark: int,
        at: datetime.datetime | None,
        seen: Mapping[str, Any] | None = None,
        *,
        can_wait: bool = False,
    ) -> Operation:
        return self._held.journal.record_intent(
            self._held.token,
            self._step,
            key,
            request,
            watermark,
            at,
            {**self._sent_now(), **(seen or {})},
            can_wait=can_wait,
        )

    def _adopt(self, operation: Operation, task: int) -> Operation:
        self._held.kept.sent(task)
        self._held.journal.record_task(self._held.token, operation.id, task)
        return dataclasses.replace(operation, task=task)

    def _verdict(self, operation: Operation, verdict: Verdict, result: Mapping[str, Any]) -> None:
        told = {**result, "ended-well": verdict is Verdict.DONE}
        self._held.journal.record_verdict(self._held.token, operation.id, verdict, told)
        self._held.kept.over(operation.task)

    def _note(self, operation: Operation, found: Mapping[str, Any]) -> Operation:
        self._held.journal.note(self._held.token, operation.id, found)
        return dataclasses.replace(operation, result={**operation.result, **found})


def is_ours(stored: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    """Whether a stored task may be what was sent: the server adds defaults to parameters."""
    return all(key in stored and stored[key] == value for key, value in sent.items())


def _verdict_of(task: Task) -> Verdict:
    return Verdict.DONE if went_well(task) else Verdict.FAILED


def _as_recorded(operation: Operation) -> Task:
    """Return the task of a command that was seen to end well; its output is gone."""
    return Task(
        id=operation.task or 0,
        unit=str(operation.request["unit"]),
        name=COMMAND,
        parameters=operation.request["params"],
        status=TaskStatus.COMPLETED,
        output={"return-code": 0},
    )


def _worked(id: str, task: Task) -> bool:
    """Whether a command's arrival had its marker, and began to work."""
    never = task.status in (TaskStatus.CANCELLED, TaskStatus.ERROR)
    return not never and run_once.marker_reply(id, task) is MarkerReply.WORKED
