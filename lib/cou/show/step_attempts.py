"""When each step was begun, how each time ended, and how doubt was settled: from the story."""

from __future__ import annotations

import bisect
import dataclasses
import datetime
from collections.abc import Iterator, Mapping, Sequence

from ..journal.records import Event, Operation, StepRecord, StepState
from ..plan.step import Step
from .report_data import DoubtLine, StepAttempt


def step_attempts(events: Sequence[Event]) -> dict[str, tuple[StepAttempt, ...]]:
    """Return every begin of every step, by step, oldest first.

    A step that was still running when its attempt ended is in doubt from then on.
    """
    found: dict[str, list[StepAttempt]] = {}
    running: set[str] = set()
    token = 0
    for event in events:
        step = str(event.data.get("step", ""))
        if event.what == "attempt-begun":
            token = int(event.data["token"])
        elif event.what == "step-begun":
            found.setdefault(step, []).append(
                StepAttempt(token, event.at, None, StepState.RUNNING.value)
            )
            running.add(step)
        elif event.what == "step-ended" and step in running:
            found[step][-1] = _ended(found[step][-1], event, str(event.data["state"]))
            running.discard(step)
        elif event.what == "attempt-ended":
            for one in running:
                found[one][-1] = _ended(found[one][-1], event, StepState.IN_DOUBT.value)
            running.clear()
    return {step: tuple(every) for step, every in found.items()}


def _ended(one: StepAttempt, event: Event, state: str) -> StepAttempt:
    return dataclasses.replace(one, ended=event.at, state=state)


def doubts(
    found: Mapping[str, Sequence[StepAttempt]],
    titles: Mapping[str, Step],
    records: Mapping[str, StepRecord],
    operations: Sequence[Operation],
) -> tuple[DoubtLine, ...]:
    """Return the steps that a runner left running, and how each was settled, oldest first."""
    every: list[DoubtLine] = []
    by_step: dict[str, list[Operation]] = {}
    for operation in sorted(operations, key=_intended):
        by_step.setdefault(operation.step, []).append(operation)
    for step, times in found.items():
        own = by_step.get(step, [])
        for number, one in enumerate(times):
            if one.state != StepState.IN_DOUBT.value or one.ended is None:
                continue
            after = times[number + 1] if number + 1 < len(times) else None
            title = titles[step].title if step in titles else step
            settled = _settled(one, after, records.get(step), own)
            every.append(DoubtLine(one.ended, one.token, step, title, settled))
    return tuple(sorted(every, key=lambda doubt: (doubt.at, doubt.step)))


def _intended(operation: Operation) -> datetime.datetime:
    return operation.intended


def _settled(
    one: StepAttempt,
    after: StepAttempt | None,
    record: StepRecord | None,
    operations: Sequence[Operation],
) -> str:
    if after is None:
        if record is not None and record.state is not StepState.IN_DOUBT:
            return f"An operator said: {record.note}" if record.note else "An operator settled it."
        return "Not settled yet: it is looked up when the run goes on."
    known = list(_sent(one, operations))
    again = operations and operations[-1].intended >= after.began
    looked = (
        f"Attempt {after.token} looked: {', '.join(known)}. "
        if known
        else (f"Attempt {after.token} looked: nothing had been sent. ")
    )
    sent = "What was missing was sent" if again else "Nothing was sent again"
    return f"{looked}{sent}; it ended {after.state}."


def _sent(one: StepAttempt, operations: Sequence[Operation]) -> Iterator[str]:
    first = bisect.bisect_left(operations, one.began, key=_intended)
    last = len(operations)
    if one.ended:
        last = bisect.bisect_right(operations, one.ended, key=_intended)
    for operation in operations[first:last]:
        task = f" (task {operation.task})" if operation.task is not None else ""
        yield f"{operation.key}{task} had been asked for"
