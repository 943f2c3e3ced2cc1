"""What a report tells of a run: frozen data, the same for every form.

`cou.show.history` makes it from the journal. Times are aware and in UTC, durations in seconds.
Texts stand as they were recorded: each form makes them harmless in its own way.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
from collections.abc import Iterator, Mapping, Sequence, Sized
from typing import Any, cast

from ..checks.problem import Problem
from ..wording import NOTHING, PLAN, UPGRADE, Wording, join

SCHEMA = 1
_OVER = frozenset({"done", "satisfied", "skipped"})


@dataclasses.dataclass(frozen=True)
class ApplicationLine:
    """What became of one application.

    Attributes:
        was: charm channel before, from what the run found.
        now: charm channel that the plan gives it; the same where it is not refreshed.
        origin_was, origin_now: source of its packages; empty where the plan does not change it.
        units: how many the run found.
        over, total: how many of its steps are over, and how many there are.
        verified: whether a step has seen the new release on its units.
    """

    name: str
    was: str
    now: str
    origin_was: str
    origin_now: str
    units: int
    over: int
    total: int
    verified: bool


@dataclasses.dataclass(frozen=True)
class StepAttempt:
    """One time that a step was begun; `state` is what it ended with, ``running`` if it has not.

    Attributes:
        token: the attempt that began it.
    """

    token: int
    began: datetime.datetime
    ended: datetime.datetime | None
    state: str


@dataclasses.dataclass(frozen=True)
class WaitLine:
    """How long one subject was waited for, and the sentence that held longest."""

    subject: str
    seconds: float
    words: str


@dataclasses.dataclass(frozen=True)
class StepLine:
    """What became of one step.

    Attributes:
        part: title of the application, zone or cloud-level step that it belongs to.
        seconds: all its tries together.
        tasks: ids of the Juju tasks that it ran.
        waited: who held it up longest, or None where nobody did.
        planned: False for what was done beside the plan, as a restore puts marks back.
    """

    number: int
    id: str
    title: str
    kind: str
    target: str
    part: str
    state: str
    note: str
    error: str
    seconds: float
    tries: tuple[StepAttempt, ...]
    tasks: tuple[int, ...]
    waited: WaitLine | None = None
    planned: bool = True


@dataclasses.dataclass(frozen=True)
class AttemptLine:
    """One runner's time with the run (an attempt).

    Attributes:
        job: upgrade, restore or abandon.
        cancelled_by: who asked for the drain: an action, the command line, a signal.
        how: state of the run when it ended; empty while it goes on.
        until: nothing was begun that might end later; None: no limit.
    """

    token: int
    job: str
    started: datetime.datetime
    ended: datetime.datetime | None
    cancelled: datetime.datetime | None
    cancelled_by: str
    forced: datetime.datetime | None
    how: str
    seconds: float
    until: datetime.datetime | None = None


@dataclasses.dataclass(frozen=True)
class DoubtLine:
    """A step that was running when its runner ended, and how that was settled.

    Attributes:
        at: when the runner ended, as recorded.
        settled: one sentence.
    """

    at: datetime.datetime
    token: int
    step: str
    title: str
    settled: str


@dataclasses.dataclass(frozen=True)
class EventLine:
    """A line of the run's story, for people: `kind` is failed, drift, decision or plan."""

    at: datetime.datetime
    kind: str
    text: str


@dataclasses.dataclass(frozen=True)
class LastLook:
    """What was found in the cloud when the run was completed.

    Attributes:
        findings: code, subject and what was seen, one sentence each; empty where all is well.
        failure: why nobody could look, or empty.
    """

    at: datetime.datetime
    findings: tuple[str, ...]
    failure: str


@dataclasses.dataclass(frozen=True)
class MarkLine:
    """Something the run switched: `state` is set, put-back or kept."""

    id: str
    state: str
    at: datetime.datetime
    note: str


@dataclasses.dataclass(frozen=True)
class TimeShare:
    """What a part of the plan, or a kind of step, took."""

    name: str
    steps: int
    seconds: float


@dataclasses.dataclass(frozen=True)
class Report:
    """A whole run.

    Attributes:
        made: when the report was made.
        working: seconds that runners have worked on it.
        resting: seconds between the first begin and the end (or now) without a runner.
        options: those that differ from the defaults.
        counts: how many steps are in each state.
        left_out: what was not done and why, one sentence each.
        backups: where the dumps lie, one sentence each.
        last_look: None before the run was completed.
        next: the command that comes next, as a sentence that ends with it; may be empty.
    """

    run: str
    state: str
    model: str
    origin: str
    target: str
    plan: str
    title: str
    made: datetime.datetime
    created: datetime.datetime
    ended: datetime.datetime | None
    working: float
    resting: float
    error: str
    remedy: str
    options: Mapping[str, Any]
    counts: Mapping[str, int]
    applications: tuple[ApplicationLine, ...]
    sittings: tuple[AttemptLine, ...]
    steps: tuple[StepLine, ...]
    doubts: tuple[DoubtLine, ...]
    happenings: tuple[EventLine, ...]
    marks: tuple[MarkLine, ...]
    waits: tuple[WaitLine, ...]
    parts: tuple[TimeShare, ...]
    kinds: tuple[TimeShare, ...]
    problems: tuple[Problem, ...]
    left_out: tuple[str, ...]
    backups: tuple[str, ...]
    last_look: LastLook | None = None
    next: str = ""

    @property
    def verdict(self) -> str:
        """What the state means to whoever reads it, and what to do next; in a few sentences."""
        return " ".join(filter(None, (_VERDICTS[self.state], *self._rests(), self.next)))

    def _rests(self) -> Iterator[str]:
        kept = [one for one in self.marks if one.state != "put-back"]
        if kept:
            yield f"{len(kept)} {_things(kept)} still switched: {', '.join(m.id for m in kept)}."
        elif self.marks:
            yield "Nothing is left switched."
        if self.last_look is not None and self.last_look.findings:
            found = self.last_look.findings
            yield f"The last look at the cloud found {len(found)} {_things(found, '')} to read."
        elif self.last_look is not None and not self.last_look.failure:
            yield "The last look at the cloud found nothing amiss."

    @property
    def marks_by_need(self) -> tuple[MarkLine, ...]:
        """The marks, those first that still need somebody."""
        order = ("set", "kept", "put-back")
        return tuple(sorted(self.marks, key=lambda one: order.index(one.state)))

    @property
    def over(self) -> int:
        """How many steps of the plan are over."""
        return sum(one.planned and one.state in _OVER for one in self.steps)

    @property
    def total(self) -> int:
        """How many steps the plan has; what a restore puts back stands outside it."""
        return sum(one.planned for one in self.steps)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON values; keys may be added, never changed."""
        return {"schema": SCHEMA, **_plain(self)}


_VERDICTS = {
    "planned": "Nothing has begun.",
    "starting": "Its runner is starting.",
    "running": "It is going on.",
    "waiting": "It waits for somebody, and goes on by itself then.",
    "draining": "It is stopping: what has begun is finished, nothing further begins.",
    "stopped": "It was stopped safely, and nothing of it is going on.",
    "killed": "It was stopped by force. When it goes on it looks first at what is in doubt.",
    "interrupted": "Its runner is gone. When it goes on it looks first at what is in doubt.",
    "failed": "A step failed, and nothing of it is going on.",
    "refused": "Nothing was sent: the model was no longer as it was shown.",
    "completed": "It is done.",
    "abandoned": "It was ended for good before it was done.",
}
_NEXT = {
    "stopped": join("To go on: ", UPGRADE),
    "killed": join("To go on: ", UPGRADE),
    "interrupted": join("To go on: ", UPGRADE),
    "failed": join("Mend the cause, then: ", UPGRADE),
    "refused": join("To look again: ", PLAN),
    "abandoned": join("To see what the cloud needs: ", PLAN),
}


def next_step(state: str) -> Wording:
    """Return what to do about a run in a state; empty where nothing is to be done."""
    return _NEXT.get(state, NOTHING)


def _things(several: Sized, are: str = "are") -> str:
    if len(several) == 1:
        return f"thing {'is' if are else ''}".strip()
    return f"things {are}".strip()


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {one.name.replace("_", "-"): _plain(getattr(value, one.name)) for one in fields}
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, datetime.datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, Mapping):
        items = cast("Mapping[Any, Any]", value)
        return {str(key): _plain(one) for key, one in items.items()}
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in cast("Sequence[Any]", value)]
    return round(value, 1) if isinstance(value, float) else value
