"""What has happened between two looks at the run, as plain lines."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from ..journal.records import StepRecord, StepState
from ..journal.waits import CurrentWait
from ..show import formatting
from ..show.view import View

# A wait is told again, as a line, after so long at the earliest: a log file is no live view.
_WAIT_EVERY_S = 30.0

_WORDS = {
    StepState.DONE: "done",
    StepState.SATISFIED: "was so already",
    StepState.SKIPPED: "left out",
    StepState.FAILED: "FAILED",
    StepState.IN_DOUBT: "in doubt",
    StepState.PENDING: "stopped half-way, due again",
}


def took_s(
    names: Sequence[str], records: Mapping[str, StepRecord], now: datetime.datetime
) -> float:
    """Return the seconds from the first begin of some steps to their last end, or to now."""
    seen = [records[name] for name in names if name in records and records[name].started]
    starts = [record.started for record in seen if record.started]
    if not starts:
        return 0.0
    return max(0.0, (max(record.ended or now for record in seen) - min(starts)).total_seconds())


class ProgressLines:
    """Tells each change once.

    Args:
        begins: whether to tell that a step begins, and what is waited for; a live view shows it.
        now: a clock that never goes back, in seconds.
    """

    def __init__(self, *, begins: bool, now: Callable[[], float] = time.monotonic):
        self._begins = begins
        self._states: dict[str, StepState] = {}
        self._waits: tuple[CurrentWait, ...] = ()
        self._now = now
        self._told_s: float | None = None

    def start(self, view: View | None) -> None:
        """Take what was so before as told."""
        self._states = {name: one.state for name, one in view.steps.items()} if view else {}

    def between(self, view: View, now: datetime.datetime) -> Iterator[str]:
        """Yield what is new in a view."""
        leaves = list(view.plan.root.single_steps())
        for number, step in enumerate(leaves, start=1):
            record = view.steps.get(step.id)
            if record is None:
                continue
            before = self._states.get(step.id, StepState.PENDING)
            self._states[step.id] = record.state
            if record.state is before:
                continue
            paths = f"[{number}/{len(leaves)}]"
            if record.state is StepState.RUNNING:
                if self._begins:
                    yield f"{paths} {step.title}"
                continue
            took = formatting.duration(took_s([step.id], view.steps, now))
            note = f" ({record.error or record.note})" if record.error or record.note else ""
            yield f"{paths} {step.title}: {_WORDS[record.state]}, {took}{note}"
        if self._begins:
            yield from self._waiting(view)

    def _waiting(self, view: View) -> Iterator[str]:
        due = self._told_s is None or self._now() - self._told_s >= _WAIT_EVERY_S
        if view.waits and view.waits != self._waits and due:
            self._waits, self._told_s = view.waits, self._now()
            for one in view.waits:
                yield f"    waits: {one.what}"
