"""How long ago something was begun, rather too long, whatever became of our wall clock meanwhile.

Three clocks tell. The monotonic one is right within a boot, but stands still while a machine is
suspended. The wall clock may have been set. The journal's own story cannot have gone on for less
than lies between its stamps.
"""

from __future__ import annotations

import dataclasses
import datetime
import time
from collections.abc import Callable, Mapping
from typing import Any

from .. import clock as clocks
from ..clock import Clock
from . import Journal
from .records import Operation, StepRecord

# A story may have got so far ahead of a clock that was only slewed.
_SLEWED_S = 60.0


@dataclasses.dataclass(frozen=True)
class ClockReading:
    """What our clocks show at one time.

    Attributes:
        now: the wall clock.
        monotonic_s: the monotonic clock.
        epoch: what that counts from (`Clock.epoch`).
    """

    now: datetime.datetime
    monotonic_s: float
    epoch: str

    @classmethod
    def of(cls, clock: Clock) -> ClockReading:
        """Read a clock."""
        return cls(clock.now(), clock.monotonic(), clock.epoch())

    @classmethod
    def here(cls) -> ClockReading:
        """Read the machine's clocks."""
        return cls(clocks.utc_now(), time.monotonic(), clocks.boot())

    def passed_s(self, sent: Mapping[str, Any]) -> float | None:
        """Return what has passed since a sending by the monotonic clock; None: it cannot tell.

        Args:
            sent: what the journal has of it: ``epoch`` and ``sent``.
        """
        if not self.epoch or sent.get("epoch") != self.epoch:
            return None
        return max(0.0, self.monotonic_s - float(sent["sent"]))


def of_operation(journal: Journal, run: str, operation: Operation, moment: ClockReading) -> float:
    """Return how long ago an operation was sent, in seconds; infinite where no clock can tell."""
    return _age_s(journal, run, operation.intended, operation.result, moment)


def of_steps(journal: Journal, run: str, moment: ClockReading) -> Callable[[StepRecord], float]:
    """Return what tells how long ago a step of a run has done its work, in seconds."""

    def age_s(record: StepRecord) -> float:
        if record.ended is None:
            return 0.0
        sent = journal.operations(run, record.id)
        return _age_s(journal, run, record.ended, sent[-1].result if sent else {}, moment)

    return age_s


def _age_s(
    journal: Journal,
    run: str,
    at: datetime.datetime,
    sent: Mapping[str, Any],
    moment: ClockReading,
) -> float:
    told = journal.last_event_time(run)
    stamped_s = (max(moment.now, told) - at).total_seconds()
    passed_s = moment.passed_s(sent)
    if passed_s is not None:
        return max(passed_s, stamped_s)
    was_set_back = (told - moment.now).total_seconds() > _SLEWED_S
    return float("inf") if was_set_back else stamped_s
