"""A step's view of its run, on the journal, Juju and the observer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from .. import crash
from ..journal import CancelRecorded
from ..journal.records import Mark, MarkState, Verdict
from ..juju import resending
from ..juju.port import Juju, Task
from ..options.settings import Settings
from ..plan.step import Step
from ..steps.context import StateBefore, StepDrained, Wait
from ..wording import NOTHING, Wording
from .calls import COMMAND, Calls, RunContext, TaskRequest

_READ_TIMEOUT_S = 60.0


class StepContext:
    """Implements `cou.steps.context.Context` for one step of one attempt.

    Args:
        run_context: the attempt.
        step: the step.
        settings: the run's settings.
        is_draining: whether nothing further begins.
        on_marks: called with the ids of all set marks after one has changed.
        skipped: units of hypervisors that were left out.
    """

    def __init__(
        self,
        run_context: RunContext,
        step: Step,
        settings: Settings,
        is_draining: Callable[[], bool],
        on_marks: Callable[[Sequence[str]], Awaitable[None]],
        skipped: Callable[[], frozenset[str]],
    ):
        self._held = run_context
        self._step = step
        self._settings = settings
        self._is_draining = is_draining
        self._on_marks = on_marks
        self._skipped = skipped
        self._calls = Calls(run_context, step.id, float(step.timeout_s))

    @property
    def step(self) -> Step:
        """The step."""
        return self._step

    @property
    def juju(self) -> Juju:
        """For reading only."""
        return self._held.juju

    @property
    def settings(self) -> Settings:
        """The run's settings."""
        return self._settings

    @property
    def draining(self) -> bool:
        """Whether nothing further begins."""
        return self._is_draining()

    @property
    def skipped_units(self) -> frozenset[str]:
        """Units of hypervisors that this run left out."""
        return self._skipped()

    def begun(self, key: str) -> bool:
        """Return whether an operation was begun earlier."""
        return self._calls.latest(key) is not None

    def age_s(self, key: str) -> float:
        """Return how long ago an operation was begun, by our own clocks."""
        operation = self._calls.latest(key)
        return self._calls.age_s(operation) if operation else 0.0

    def newest(self, prefix: str) -> int:
        """Return the number of the newest operation of those that are counted."""
        return self._calls.newest(prefix)

    def was_requested(self, key: str) -> bool:
        """Return whether this run has asked for an operation before, in whatever round."""
        return self._calls.latest_of_any_round(key) is not None

    def unfinished(self, key: str) -> bool:
        """Return whether an operation was asked for and has not been seen to end well."""
        operation = self._calls.latest_of_any_round(key)
        if operation is None or operation.result.get("discarded"):
            return False
        return operation.verdict is not Verdict.DONE

    def request(self, key: str) -> Mapping[str, Any]:
        """Return what an operation asked for the last time."""
        operation = self._calls.latest_of_any_round(key)
        return operation.request if operation else {}

    async def change(
        self,
        key: str,
        request: Mapping[str, Any],
        perform: Callable[[], Awaitable[None]],
        is_so: Callable[[], Awaitable[bool]],
    ) -> StateBefore:
        """Make a change that may be repeated without harm."""
        return await self._calls.change(key, request, perform, is_so)

    async def action(
        self,
        unit: str,
        action: str,
        params: Mapping[str, Any] | None = None,
        *,
        key: str = "",
        still: Callable[[], Awaitable[bool]] | None = None,
        can_wait: bool = False,
    ) -> Task:
        """Run an action once."""
        asked = TaskRequest(
            unit,
            action,
            dict(params or {}),
            lambda sent: self._held.juju.enqueue(unit, action, sent),
            can_wait,
        )
        try:
            return await self._calls.task(key or action, asked, still)
        except CancelRecorded:
            raise StepDrained from None

    async def command(
        self,
        unit: str,
        command: str,
        *,
        key: str = "",
        still: Callable[[], Awaitable[bool]] | None = None,
    ) -> Task:
        """Run a shell command once; it has no time limit of its own in Juju."""
        asked = TaskRequest(
            unit,
            COMMAND,
            {"command": command},
            lambda sent: self._held.juju.run_command(unit, str(sent["command"]), 0),
        )
        return await self._calls.task(key or COMMAND, asked, still)

    async def discard(self, key: str, why: Wording) -> None:
        """Write down that an operation which ended well has not done its work."""
        self._calls.discard(key, why)

    async def read_command(self, unit: str, command: str) -> Task:
        """Run a command that changes nothing."""
        return await self._read(
            lambda: self._held.juju.run_command(unit, command, _READ_TIMEOUT_S)
        )

    async def read_action(self, unit: str, action: str, params: Mapping[str, Any]) -> Task:
        """Run an action that changes nothing."""
        return await self._read(lambda: self._held.juju.enqueue(unit, action, params))

    async def _read(self, send: Callable[[], Awaitable[int]]) -> Task:
        async def enqueue() -> int:
            crash.reach("juju/read/before")
            task = await send()
            crash.reach("juju/read/after")
            return task

        task = await resending.until_answered(enqueue, self._held.clock.sleep)
        return await self._held.observer.task(task, self._step.timeout_s)

    async def wait(self, wait: Wait) -> bool:
        """Wait for the model to show something."""
        return await self._held.observer.wait(wait)

    async def mark(self, mark: str, data: Mapping[str, Any]) -> None:
        """Write to the ledger, and show on the model, that a mark is about to be switched."""
        await self._write(mark, data, MarkState.SET, NOTHING)

    def marked(self, mark: str) -> Mapping[str, Any] | None:
        """Return the data of a mark that is set."""
        found = self._find(mark)
        return found.data if found and found.state is MarkState.SET else None

    async def unmark(self, mark: str, note: Wording = NOTHING, *, kept: bool = False) -> None:
        """Write to the ledger that a mark was put back, or why it has to stay."""
        found = self._find(mark)
        data: Mapping[str, Any] = found.data if found else {}
        await self._write(mark, data, MarkState.KEPT if kept else MarkState.PUT_BACK, note)

    def _find(self, mark: str) -> Mark | None:
        return self._held.journal.mark(self._held.run, mark)

    async def _write(
        self, mark: str, data: Mapping[str, Any], state: MarkState, note: Wording
    ) -> None:
        kind, _, target = mark.partition(":")
        self._held.journal.write_mark(
            self._held.token,
            Mark(mark, kind, target, data, state, self._step.id, self._held.clock.now(), note),
        )
        # What had to stay is still switched.
        await self._on_marks([one.id for one in self._held.journal.switched(self._held.run)])
