"""What a step is given by the run, and what it answers."""

from __future__ import annotations

import dataclasses
import datetime
import enum
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Protocol

from ..juju.port import HistoryEntry, Juju, ModelStatus, Task
from ..options.settings import Settings
from ..plan.step import Step
from ..wording import NOTHING, Wording, text


class StepEnd(enum.Enum):
    """How a step ended; a failure is an exception."""

    DONE = "done"
    SATISFIED = "satisfied"  # it was already so; nothing was sent
    AGAIN = "again"  # drained between its operations: due again
    SKIP_GROUP = "skip-group"  # it cannot be done now: the rest of its group is skipped


@dataclasses.dataclass(frozen=True)
class StepResult:
    """A step's answer; `note` says what was seen, for the report."""

    end: StepEnd
    note: Wording = NOTHING


DONE = StepResult(StepEnd.DONE)


class StepDrained(Exception):
    """Nothing further begins, and the rest of the step can wait: it is due again."""


class NeedsOperator(Exception):
    """What became of an operation cannot be told: an operator has to say (`resolve-step`).

    Attributes:
        seen: why it cannot be told.
    """

    def __init__(self, key: str, **values: str | int):
        self.seen = text(key, **values)
        super().__init__(self.seen)


@dataclasses.dataclass(frozen=True)
class PendingWait:
    """Why a wait goes on.

    Attributes:
        what: what the model does not show yet, with unit, status, message and since when.
        about: the units or applications that it is about; empty where it is about all.
        operator: what an operator has to do, or empty; while it is set no timeout runs.
        settled: nothing that was caused runs any more; only time or somebody else is waited for,
            so a drain need not wait.
        due_s: seconds until it can be shown at the earliest, where only time is waited for; no
            look before then can show it.
    """

    what: Wording
    about: tuple[str, ...] = ()
    operator: Wording = NOTHING
    settled: bool = False
    due_s: float | None = None


History = Mapping[str, tuple[HistoryEntry, ...]]


@dataclasses.dataclass(frozen=True)
class StateBefore:
    """How it was just before a change: what the hooks that it causes come after.

    Attributes:
        at: the controller's clock.
        agents: since when each unit's agent showed what it showed; empty where it is not known.
        epoch: what our monotonic clock counted from; empty where it is not known.
        asked_s: our clock when the look at it was asked for.
        answered_s: our clock when it was answered.
    """

    at: datetime.datetime
    agents: Mapping[str, datetime.datetime] = dataclasses.field(
        default_factory=dict[str, datetime.datetime]
    )
    epoch: str = ""
    asked_s: float = 0.0
    answered_s: float = 0.0


class LookTime(Protocol):
    """What a check may ask of time: the stamps of the model's clock prove no duration."""

    @property
    def now_s(self) -> float:
        """Our monotonic clock."""
        ...

    def quiet_s(self, unit: str) -> float:
        """Return for how long a unit has certainly shown what it shows."""
        ...

    def set_back_s(self, before: StateBefore) -> float:
        """Return by how much the model's clock was set back since a change; 0 where it was not."""
        ...


@dataclasses.dataclass(frozen=True)
class Wait:
    """A wait for the model to show something.

    Attributes:
        check: called with each look; None when it is shown. It raises `StepFailed` to give up.
            The second argument holds the history of the units that `needs_history` named, and
            perhaps of others; the third is the look.
        applications: whose status it looks at; empty for the whole model.
        timeout_s: seconds without any progress seen.
        history_since: from when the agents' history is wanted.
        needs_history: whether this look is worth reading the history of these units.
    """

    check: Callable[[ModelStatus, History, LookTime], PendingWait | None]
    applications: tuple[str, ...]
    timeout_s: float
    history_since: Callable[[LookTime], datetime.datetime] | None = None
    needs_history: Callable[[ModelStatus, LookTime], Sequence[str]] | None = None


class Context(Protocol):
    """One step's view of its run.

    Operations are journalled by a key that must be the same after a crash: a step that is
    performed again finds what it has sent under that key and goes on from there.
    """

    @property
    def step(self) -> Step:
        """The step."""
        ...

    @property
    def juju(self) -> Juju:
        """For reading only; changes go through the methods below."""
        ...

    @property
    def settings(self) -> Settings:
        """The settings of the run."""
        ...

    @property
    def draining(self) -> bool:
        """Whether nothing further begins: a cancel was noticed, or another step has failed."""
        ...

    @property
    def skipped_units(self) -> frozenset[str]:
        """Units of hypervisors that this run left out because they were not empty."""
        ...

    def begun(self, key: str) -> bool:
        """Return whether an operation was begun earlier."""
        ...

    def age_s(self, key: str) -> float:
        """Return how long ago an operation was begun, by our own clocks."""
        ...

    def newest(self, prefix: str) -> int:
        """Return the number of the newest operation of those that are counted; 0 if there is none.

        Args:
            prefix: their keys' beginning; a number follows, from 1 on, in the order of their
                begins. `begun` of it holds, and of all before it.
        """
        ...

    def was_requested(self, key: str) -> bool:
        """Return whether this run has asked for an operation before, in whatever round.

        Where it has, a look at the model is no proof that the step is satisfied: what was asked
        for shows before its hooks have ended, or although its task has failed.
        """
        ...

    def unfinished(self, key: str) -> bool:
        """Return whether the last time that it asked for an operation it did not end well.

        Not known, failed and never begun are all the same here: what it should have done may be
        half done.
        """
        ...

    def request(self, key: str) -> Mapping[str, Any]:
        """Return what an operation asked for the last time, as journalled; empty if never."""
        ...

    async def change(
        self,
        key: str,
        request: Mapping[str, Any],
        perform: Callable[[], Awaitable[None]],
        is_so: Callable[[], Awaitable[bool]],
    ) -> StateBefore:
        """Make a change that may be repeated without harm; return how it was before it.

        Args:
            key: name of the operation within the step.
            request: what is sent, as JSON values, for the journal; ``application`` is whom it
                concerns, ``kind`` names the call.
            is_so: looks whether the model shows it already; asked where an earlier runner ended
                between intent and outcome.
        """
        ...

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
        """Run an action once and return the ended task, whatever its status.

        A task of an earlier runner is looked up and re-attached to, never sent again. What went
        well in an earlier try of the step counts, unless the step discards it.

        Args:
            key: name of the operation within the step; the action's if not given.
            still: looks whether what it did is still so; asked where it went well before. Where
                it is not so any more the action is run again.
            can_wait: the step may stop before this action and go on with it another time. Then it
                is not begun once a cancel is recorded, whether or not anybody here knows of that.

        Raises:
            StepDrained: it can wait, and a cancel is recorded.
            StepFailed: it did not end in time, was aborted, or Juju refused it.
            NeedsOperator: what became of its request cannot be told, and it is not safe to repeat
                (`cou.kinds`).
        """
        ...

    async def command(
        self,
        unit: str,
        command: str,
        *,
        key: str = "",
        still: Callable[[], Awaitable[bool]] | None = None,
    ) -> Task:
        """Run a shell command once, as `action`; output has return-code, stdout, stderr."""
        ...

    async def discard(self, key: str, why: Wording) -> None:
        """Say of an operation that went well that it has not done its work, and is due again."""
        ...

    async def read_command(self, unit: str, command: str) -> Task:
        """Run a command that changes nothing: not journalled, repeated after a crash."""
        ...

    async def read_action(self, unit: str, action: str, params: Mapping[str, Any]) -> Task:
        """Run an action that changes nothing: not journalled, repeated after a crash."""
        ...

    async def wait(self, wait: Wait) -> bool:
        """Wait for the model to show something.

        Returns:
            True when it is shown; False when a drain ended the wait before.

        Raises:
            StepFailed: no progress for `timeout_s`; it names unit, status, message, since when.
        """
        ...

    async def mark(self, mark: str, data: Mapping[str, Any]) -> None:
        """Write to the ledger that this mark (``<kind>:<target>``) is about to be switched."""
        ...

    def marked(self, mark: str) -> Mapping[str, Any] | None:
        """Return the data of a mark that this run has set and not put back."""
        ...

    async def unmark(self, mark: str, note: Wording = NOTHING, *, kept: bool = False) -> None:
        """Write to the ledger that a mark was put back, or (kept) why it has to stay."""
        ...
