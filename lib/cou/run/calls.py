"""Calls that change the model: intent before, task id after, outcome when seen; settled in doubt.

A call to Juju ends done, not done, or unknown. What is unknown is looked up in the model: a task
among the newer tasks of its unit, a change by reading it back. Where nothing is found, a request
of a dead runner may still arrive, so settling waits longer than a request can live, looks again,
and only then sends.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ..errors import JujuError, StepFailed
from ..juju import repeat
from ..juju.port import Juju, Task, TaskStatus
from ..steps.context import NeedsOperator
from . import crash
from .clock import Clock
from .journal import Journal
from .observer import Observer
from .records import Operation, Verdict

COMMAND = "juju-exec"


@dataclasses.dataclass(frozen=True)
class Holder:
    """Who makes the calls: one attempt at one run.

    Attributes:
        check: asked before every change; raises where the model is no longer ours.
        settle_after_s: longer than any request can still be on its way.
    """

    journal: Journal
    juju: Juju
    clock: Clock
    observer: Observer
    run: str
    token: int
    check: Callable[[], Awaitable[None]]
    settle_after_s: float = 60.0


class Calls:
    """The journalled calls of one step."""

    def __init__(self, holder: Holder, step: str, timeout_s: float):
        self._held = holder
        self._step = step
        self._timeout_s = timeout_s

    def latest(self, key: str) -> Operation | None:
        """Return the newest operation under a key in this round, with its repetitions."""
        found = [
            operation
            for operation in self._held.journal.operations(self._held.run, self._step)
            if operation.key.split("~")[0] == key
        ]
        now = self._held.journal.step(self._held.run, self._step).round
        # What an earlier round sent counts as long as its end was never seen.
        alive = [one for one in found if one.round == now or one.verdict is None]
        return alive[-1] if alive else None

    def asked(self, key: str) -> Operation | None:
        """Return the newest operation under a key of any round, with its repetitions."""
        found = [
            operation
            for operation in self._held.journal.operations(self._held.run, self._step)
            if operation.key.split("~")[0] == key
        ]
        return found[-1] if found else None

    async def change(
        self,
        key: str,
        request: Mapping[str, Any],
        perform: Callable[[], Awaitable[None]],
        is_so: Callable[[], Awaitable[bool]],
    ) -> datetime.datetime:
        """Make a change that may be repeated; return the model's time before it was first made.

        One of an earlier round is not made again while the model shows it. Its time counts: the
        hooks that it causes may never have been seen to end.
        """
        operation = self.latest(key)
        if operation is None and (earlier := self.asked(key)) is not None and await is_so():
            return _known(earlier.model_time)
        if operation is not None and operation.verdict is Verdict.DONE:
            return _known(operation.model_time)
        if operation is None:
            scope = [str(request["application"])]
            now = (await self._held.juju.full_status(scope)).controller_time
            operation = self._intend(key, request, 0, now)
            await self._send(operation, perform, is_so)
        elif not await is_so():
            await self._outlive(operation)
            if not await is_so():
                await self._send(operation, perform, is_so)
        self._verdict(operation, Verdict.DONE, {})
        return _known(operation.model_time)

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
            if sent and await is_so():
                return
            sent = True
            crash.reach(f"juju/{kind}/before")
            await perform()
            crash.reach(f"juju/{kind}/after")

        try:
            await repeat.until_answered(send, self._held.clock.sleep)
        except JujuError as error:
            if error.sent is not None:
                self._verdict(operation, Verdict.NOT_DONE, {"error": error.seen})
            raise

    async def task(
        self,
        key: str,
        unit: str,
        name: str,
        params: Mapping[str, Any],
        send: Callable[[], Awaitable[int]],
    ) -> Task:
        """Get one task run and return it ended; see `cou.steps.context.Context.action`."""
        operation = self.latest(key)
        while True:
            if operation is None or operation.verdict is Verdict.NOT_DONE:
                operation = await self._enqueue(self._fresh(key), unit, name, params, send)
            elif operation.verdict is not None:
                return await self._reread(operation)
            elif operation.task is None:
                operation = await self._settle(operation, unit, name, params, send)
            if operation.task is None:
                continue
            task = await self._held.observer.task(operation.task, self._timeout_s)
            if task.status is TaskStatus.CANCELLED:
                # It was cancelled before its agent began: nothing happened, so it is sent anew.
                self._verdict(operation, Verdict.NOT_DONE, {"status": task.status.value})
                if self._cancelled_now(operation):
                    raise StepFailed(
                        "task-cancelled",
                        f"Task {task.id} ({name} on {unit}) was cancelled before it began.",
                        "Run upgrade to try it again.",
                    )
                operation = None
                continue
            self._verdict(operation, _verdict_of(task), {"status": task.status.value})
            return task

    def _cancelled_now(self, operation: Operation) -> bool:
        """Whether the task was enqueued by this attempt, so that somebody else cancelled it."""
        attempt = self._held.journal.attempt(self._held.run)
        return attempt is not None and operation.intended >= attempt.started

    def _fresh(self, key: str) -> str:
        """Return a key for another try: a repetition keeps the first part."""
        now = self._held.journal.step(self._held.run, self._step).round
        used = sum(
            operation.key.split("~")[0] == key and operation.round == now
            for operation in self._held.journal.operations(self._held.run, self._step)
        )
        return key if not used else f"{key}~{used + 1}"

    async def _reread(self, operation: Operation) -> Task:
        if operation.task is None:
            raise StepFailed("task-unknown", f"No task is known for {operation.key}.")
        return await self._held.observer.task(operation.task, self._timeout_s)

    async def _enqueue(
        self,
        key: str,
        unit: str,
        name: str,
        params: Mapping[str, Any],
        send: Callable[[], Awaitable[int]],
    ) -> Operation:
        watermark = await self._held.juju.last_task_id(unit, name)
        request = {"kind": "task", "unit": unit, "name": name, "params": dict(params)}
        operation = self._intend(key, request, watermark, None)
        return await self._dispatch(operation, unit, name, params, send)

    async def _dispatch(
        self,
        operation: Operation,
        unit: str,
        name: str,
        params: Mapping[str, Any],
        send: Callable[[], Awaitable[int]],
    ) -> Operation:
        await self._held.check()
        crash.reach("juju/enqueue/before")
        try:
            task = await send()
        except JujuError as error:
            if error.sent is None:
                return await self._settle(operation, unit, name, params, send)
            self._verdict(operation, Verdict.NOT_DONE, {"error": error.seen})
            raise
        crash.reach("juju/enqueue/after")
        return self._adopt(operation, task)

    async def _settle(
        self,
        operation: Operation,
        unit: str,
        name: str,
        params: Mapping[str, Any],
        send: Callable[[], Awaitable[int]],
    ) -> Operation:
        """Find out what became of an enqueue whose answer nobody saw."""
        for look in range(2):
            found = [
                task
                for task in await self._held.juju.tasks_after([unit], name, operation.watermark)
                if _is_ours(task.parameters, params)
            ]
            if len(found) > 1:
                ids = ", ".join(str(task.id) for task in found)
                raise NeedsOperator(
                    f"Tasks {ids} ({name} on {unit}) could each be the one that was sent; look "
                    "at them with juju show-task, then say what became of the step."
                )
            if found:
                return self._adopt(operation, found[0].id)
            if look == 0:
                await self._outlive(operation)
        return await self._dispatch(operation, unit, name, params, send)

    async def _outlive(self, operation: Operation) -> None:
        """Wait until a request made at the intent can no longer be on its way."""
        passed = (self._held.clock.now() - operation.intended).total_seconds()
        await self._held.clock.sleep(max(0.0, self._held.settle_after_s - max(0.0, passed)))

    def _intend(
        self,
        key: str,
        request: Mapping[str, Any],
        watermark: int,
        model_time: datetime.datetime | None,
    ) -> Operation:
        return self._held.journal.intend(
            self._held.token, self._step, key, request, watermark, model_time
        )

    def _adopt(self, operation: Operation, task: int) -> Operation:
        self._held.journal.record_task(self._held.token, operation.id, task)
        return dataclasses.replace(operation, task=task)

    def _verdict(self, operation: Operation, verdict: Verdict, result: Mapping[str, Any]) -> None:
        self._held.journal.record_verdict(self._held.token, operation.id, verdict, result)


def _is_ours(stored: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    """Whether a stored task may be what was sent: the server adds defaults to parameters."""
    return all(key in stored and stored[key] == value for key, value in sent.items())


def _verdict_of(task: Task) -> Verdict:
    return Verdict.DONE if task.status is TaskStatus.COMPLETED else Verdict.FAILED


def _known(time: datetime.datetime | None) -> datetime.datetime:
    if time is None:
        raise StepFailed("journal-unusable", "An operation lost its time.", "Run abandon.")
    return time
