"""How long units have been quiet, and whether the controller's clock was set, by our own clock.

The controller stamps every status with its clock, which somebody may set at any time. So a stamp
counts once, when a look first shows it, and for no longer than can have passed by our monotonic
clock; from then on quiet is what has passed by that.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence

from ..clock import Clock
from ..errors import StepFailed
from ..journal.records import Operation
from ..juju.port import ModelStatus, UnitStatus
from ..steps.context import StateBefore

# Two controllers of one cloud differ by so much, or a clock is slewed by it within a wait.
_TOLERANCE_S = 1.0


@dataclasses.dataclass(frozen=True)
class _Shown:
    """What a unit shows; since when, and when it was looked at last, by our clock."""

    what: object
    since_s: float
    looked_s: float


@dataclasses.dataclass(frozen=True)
class ObservedTime:
    """Implements `cou.steps.context.LookTime`.

    Attributes:
        now_s: our clock when the answer came.
        asked_s: our clock when the question was sent.
    """

    now_s: float
    asked_s: float
    now: datetime.datetime
    epoch: str
    shown: dict[str, _Shown]

    def quiet_s(self, unit: str) -> float:
        """Return for how long a unit has certainly shown what it shows."""
        return self.now_s - self.shown[unit].since_s

    def set_back_s(self, before: StateBefore) -> float:
        """Return by how much the controller's clock was set back at most, if it surely was."""
        if not before.epoch or before.epoch != self.epoch:
            return 0.0
        moved = (self.now - before.at).total_seconds()
        surely = self.asked_s - before.answered_s - moved
        return self.now_s - before.asked_s - moved if surely > _TOLERANCE_S else 0.0


class ModelTime:
    """Keeps what the looks of one runner showed, and when."""

    def __init__(self, clock: Clock):
        self._clock = clock
        self._shown: dict[str, _Shown] = {}
        self._last: ObservedTime | None = None
        self._set_s = float("-inf")  # when the clock was last seen to have been set

    def look(self, status: ModelStatus, asked_s: float) -> ObservedTime:
        """Take in what a look showed that was asked for at a time of our clock."""
        now_s = self._clock.monotonic()
        seen = ObservedTime(
            now_s, asked_s, status.controller_time, self._clock.epoch(), self._shown
        )
        if self._last is not None and self._was_set(self._last, seen):
            self._set_s = now_s
        self._last = seen
        for app in status.applications.values():
            for unit in app.units.values():
                self._shown[unit.name] = self._of(unit, seen)
        return seen

    def _was_set(self, last: ObservedTime, seen: ObservedTime) -> bool:
        # The controller read its clock somewhere between question and answer.
        least = seen.asked_s - last.now_s - _TOLERANCE_S
        most = seen.now_s - last.asked_s + _TOLERANCE_S
        return not least <= (seen.now - last.now).total_seconds() <= most

    def _of(self, unit: UnitStatus, seen: ObservedTime) -> _Shown:
        what = (unit.agent, unit.workload)
        known = self._shown.get(unit.name)
        if known is not None and known.what == what:
            return dataclasses.replace(known, looked_s=seen.now_s)
        # No longer than since the look that showed another thing, and since the clock was set.
        other_s = float("-inf") if known is None else known.looked_s
        most = seen.now_s - max(self._set_s, other_s)
        told = _age_s(seen.now, [unit.agent.since, unit.workload.since])
        return _Shown(what, seen.now_s - max(0.0, min(told, most)), seen.now_s)


def _age_s(now: datetime.datetime, stamps: Sequence[datetime.datetime | None]) -> float:
    """Return how old the newest stamp is; negative where it lies ahead."""
    return min(((now - one).total_seconds() for one in stamps if one), default=float("inf"))


def agents(status: ModelStatus, application: str) -> dict[str, str]:
    """Return since when the agents of an application's units show what they show."""
    app = status.applications.get(application)
    units = app.units.values() if app else ()
    return {one.name: one.agent.since.isoformat() for one in units if one.agent.since}


def before(operation: Operation) -> StateBefore:
    """Return how it was before a change; older versions wrote less of it down.

    Raises:
        StepFailed: the model's time is not there.
    """
    if operation.model_time is None:
        raise StepFailed("journal-unusable/before")
    found = operation.result
    shown: Mapping[str, str] = found.get("agents", {})
    sent_s = float(found.get("sent", 0.0))
    return StateBefore(
        at=operation.model_time,
        agents={name: datetime.datetime.fromisoformat(at) for name, at in shown.items()},
        epoch=str(found.get("epoch", "")),
        asked_s=float(found.get("asked", sent_s)),
        answered_s=sent_s,
    )
