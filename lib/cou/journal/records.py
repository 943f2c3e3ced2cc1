"""What the journal keeps, as frozen records and closed sets of states."""

from __future__ import annotations

import dataclasses
import datetime
import enum
from collections.abc import Mapping
from typing import Any

from ..errors import Cause
from ..wording import Wording
from .waits import CurrentWait

# Who cancelled, where it was nobody: a stop of the machine sends the supervisor a signal.
SIGNAL = "signal"
# The unit of the run was removed, and no hook was run that could have said so.
REMOVAL = "removal"
# Event of a last look at the cloud: ``findings`` (code, subject, seen), ``failure`` or empty.
POST_CHECK = "post-check"
# Below the journal's folder: what such a run has left, for people.
LEFT = "what-is-left.txt"
# Whoever asked could not write to the journal, and had the supervisor do it.
OPERATOR = "operator"


class RunState(enum.Enum):
    """State of a run. Those that can be seen only together with the processes are derived."""

    PLANNED = "planned"  # a plan was shown; nothing has begun
    STARTING = "starting"  # the runner was asked for; it has not taken the run yet
    RUNNING = "running"
    WAITING = "waiting"  # for the operator; goes on by itself
    DRAINING = "draining"  # derived: cancelled, and steps are still running
    STOPPED = "stopped"  # drained; nothing of it runs
    KILLED = "killed"  # by a forced cancel
    INTERRUPTED = "interrupted"  # derived: it should be running and has no runner
    FAILED = "failed"
    REFUSED = "refused"  # the model was no longer as shown; nothing was sent
    COMPLETED = "completed"
    ABANDONED = "abandoned"

    @property
    def finished(self) -> bool:
        """Whether `upgrade` has nothing left to resume."""
        return self in (RunState.REFUSED, RunState.COMPLETED, RunState.ABANDONED)

    @property
    def active(self) -> bool:
        """Whether the journal says that a runner should be at work."""
        return self in (RunState.STARTING, RunState.RUNNING, RunState.WAITING)

    @property
    def going(self) -> bool:
        """Whether a runner is at work, or was just asked for: it must be given the account."""
        return self.active or self is RunState.DRAINING

    @property
    def unfinished(self) -> bool:
        """Whether `upgrade` has something to go on with."""
        return self is not RunState.PLANNED and not self.finished


class StepState(enum.Enum):
    """State of a step that does something (groups have none)."""

    PENDING = "pending"
    RUNNING = "running"  # an attempt was made; its end is not known yet
    DONE = "done"
    SATISFIED = "satisfied"  # it was already so; nothing was sent
    FAILED = "failed"
    IN_DOUBT = "in-doubt"  # begun by a runner that ended; what became of it is looked up
    SKIPPED = "skipped"

    @property
    def over(self) -> bool:
        """Whether it will never be begun again by itself."""
        return self in (StepState.DONE, StepState.SATISFIED, StepState.SKIPPED)


class Job(enum.Enum):
    """What a runner was started for."""

    UPGRADE = "upgrade"
    RESTORE = "restore"  # put the marks back; the run stays unfinished
    ABANDON = "abandon"  # put the marks back; the run ends for good


class Resolution(enum.Enum):
    """What an operator says became of a failed or in-doubt step."""

    DONE = "done"
    RETRY = "retry"  # it is due again, and what it sent before counts no longer
    SKIP = "skip"


class Verdict(enum.Enum):
    """How an operation of a step ended."""

    DONE = "done"
    FAILED = "failed"
    NOT_DONE = "not-done"  # it certainly never took place


class MarkState(enum.Enum):
    """State of something the run switched for its own purposes."""

    SET = "set"  # written down before it is switched, so perhaps not switched yet
    PUT_BACK = "put-back"
    KEPT = "kept"  # it had to stay; `note` says why


@dataclasses.dataclass(frozen=True)
class Limit:
    """Where a runner stops by itself.

    Attributes:
        granularity: ``application`` or ``step``.
        count: how many of them; 0 for no limit.
        expect: id of the step that must be next, or empty.
        until: nothing is begun that is not expected to end before it.
    """

    granularity: str = "application"
    count: int = 0
    expect: str = ""
    until: datetime.datetime | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        data = dataclasses.asdict(self)
        data["until"] = self.until.isoformat() if self.until else None
        return data

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Limit:
        """Read what `to_dict` wrote."""
        until = data["until"]
        return cls(
            granularity=data["granularity"],
            count=data["count"],
            expect=data["expect"],
            until=datetime.datetime.fromisoformat(until) if until else None,
        )


@dataclasses.dataclass(frozen=True)
class Attempt:
    """One runner's time with a run; `token` is its fencing token and grows for ever.

    Attributes:
        cancelled: when a cancel was recorded; the fence for further steps.
        forced: when a forced cancel was recorded.
        ended: when it ended, as far as the journal knows.
        how: how it ended: a `RunState` value, or empty.
    """

    token: int
    run: str
    job: Job
    limit: Limit
    started: datetime.datetime
    cancelled: datetime.datetime | None
    cancelled_by: str
    forced: datetime.datetime | None
    ended: datetime.datetime | None
    how: str


@dataclasses.dataclass(frozen=True)
class Run:
    """One upgrade from a plan that was shown.

    Attributes:
        plan: the plan as JSON text (`cou.plan.plan.Plan.to_dict`).
        settings: the settings as a mapping.
        state: as stored; `control` derives draining and interrupted from it.
        error: what ended it; false where nothing has.
        waits_for: what the operator has to do, where it is waiting.
        baseline: what its first attempt found (`cou.work.drift`), as JSON text; or empty.
        waits: all that is waited for now; at most a second or two old.
    """

    id: str
    plan: str
    settings: Mapping[str, Any]
    state: RunState
    created: datetime.datetime
    ended: datetime.datetime | None
    error: Cause
    waits_for: Wording
    waits: tuple[CurrentWait, ...] = ()
    baseline: str = ""


@dataclasses.dataclass(frozen=True)
class StepRecord:
    """What became of a step.

    Attributes:
        round: grows when a failed step is tried again: what it sent before no longer counts.
        note: why it was skipped, what was satisfied, what the operator said.
        error: the failure's text.
    """

    id: str
    position: int
    state: StepState
    round: int
    started: datetime.datetime | None
    ended: datetime.datetime | None
    note: Wording
    error: Wording


@dataclasses.dataclass(frozen=True)
class Operation:
    """One call that changes the model, made for a step.

    Written before the call (`intended`), completed with the task id right after Juju returned it,
    and with the outcome when it was seen.

    Attributes:
        key: its name within the step and round; the same after a crash.
        watermark: the highest task id of that unit and action before the call.
        model_time: the controller's clock just before the call.
        result: how it ended; before that, when it was sent last, and whether that is in doubt.
    """

    id: int
    step: str
    round: int
    key: str
    request: Mapping[str, Any]
    watermark: int
    intended: datetime.datetime
    model_time: datetime.datetime | None
    task: int | None
    verdict: Verdict | None
    result: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its key without the number of its repetition."""
        return self.key.split("~")[0]

    @property
    def id_on_unit(self) -> str:
        """What a command is known by on its unit (`operations.run_once`); else empty."""
        return str(self.request.get("id", ""))

    @property
    def may_still_arrive(self) -> bool:
        """Whether a request of it may still arrive, beside or instead of the one that is known."""
        return bool(self.result.get("doubtful"))

    @property
    def ended_well(self) -> bool:
        """Whether what was asked for is done, so that a step tried again need not ask for it."""
        return self.verdict is Verdict.DONE and bool(self.result.get("ended-well"))


@dataclasses.dataclass(frozen=True)
class Mark:
    """Something the run switched: `kind` option, compute-service, paused, noout or held."""

    id: str
    kind: str
    target: str
    data: Mapping[str, Any]
    state: MarkState
    step: str
    at: datetime.datetime
    note: Wording


@dataclasses.dataclass(frozen=True)
class Event:
    """One line of a run's story: `what` in kebab-case, `data` as JSON values."""

    seq: int
    at: datetime.datetime
    what: str
    data: Mapping[str, Any]
