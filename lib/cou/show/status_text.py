"""Where a run is, in words: the same for the `status` action and for `cou status`."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from .. import printable
from ..journal.records import MarkState, RunState, StepRecord, StepState
from ..wording import CANCEL, FORCE, PLAN, REPORT, UPGRADE, CommandStyle, join, text_for
from . import formatting
from .view import View

# What an operator does next; the command stands at the end.
_HINTS = {
    RunState.PLANNED: join("To start it: ", UPGRADE),
    RunState.STARTING: join("To stop it safely: ", CANCEL),
    RunState.RUNNING: join("To stop it safely: ", CANCEL),
    RunState.WAITING: join("It goes on by itself. To stop it: ", CANCEL),
    RunState.DRAINING: join("To stop at once: ", FORCE),
    RunState.STOPPED: join("To go on: ", UPGRADE),
    RunState.KILLED: join("To go on (it looks first at what is in doubt): ", UPGRADE),
    RunState.INTERRUPTED: join("To go on (it looks first at what is in doubt): ", UPGRADE),
    RunState.FAILED: join("To try again, once the cause is mended: ", UPGRADE),
    RunState.REFUSED: join("To look again: ", PLAN),
    RunState.ABANDONED: join("To look at the cloud: ", PLAN),
    RunState.COMPLETED: join("To read how it went: ", REPORT),
}
# Of a plan that `upgrade` refuses.
_BLOCKED = join("To plan again, once that is mended: ", PLAN)
_EMPTY = join("It has no steps. To plan again: ", PLAN)
_GOING = (RunState.STARTING, RunState.RUNNING, RunState.WAITING, RunState.DRAINING)


def text(
    view: View,
    now: datetime.datetime,
    style: CommandStyle,
) -> str:
    """Return where a run is, line by line, and the command that comes next."""
    return "\n".join(printable.line(one) for one in _lines(view, now, style))


def _lines(
    view: View,
    now: datetime.datetime,
    style: CommandStyle,
) -> Iterator[str]:
    yield from _head(view)
    for step in view.running if view.state in _GOING else ():
        yield f"Now: {step.title} ({step.id}){_since(view.steps[step.id], now)}"
    if view.state in _GOING:
        yield from (f"  waits for: {one.what}" for one in view.waits)
    if view.until is not None and view.state in _GOING:
        yield f"Nothing begins that may end after {formatting.stamp(view.until)} UTC."
    if view.silent_since is not None:
        yield (
            f"The runner has given no sign of life since {view.silent_since:%H:%M:%S} UTC: it "
            f"hangs. To end it: {style.command(FORCE)}"
        )
    if view.waits_for:
        yield f"You are needed: {view.waits_for}"
    yield from _unclear(view)
    if view.state is RunState.COMPLETED:
        yield f"Upgraded {view.outcome.what}{view.outcome.exceptions(style)}."
    if view.error:
        yield f"Error: {view.error} {text_for(view.remedy, style)}".rstrip()
    if view.next and not view.state.finished:
        titles = {step.id: step.title for step in view.plan.root.single_steps()}
        yield f"Next: {titles.get(view.next, view.next)} ({view.next})"
    yield from _left(view)
    yield from (f"Arrived late: {line}" for line in view.late)
    for mark in view.marks:
        if mark.state is not MarkState.PUT_BACK:
            yield f"Switched by the run: {mark.id}" + (f" ({mark.note})" if mark.note else "")
    hint = _HINTS.get(view.state)
    if view.state is RunState.PLANNED and view.plan.blocking:
        first = view.plan.blocking[0]
        seen = f"{first.code} ({first.subject}): {first.seen}"
        yield f"It cannot be started: {seen} {text_for(first.remedy, style)}".rstrip()
        hint = _BLOCKED
    elif view.state is RunState.PLANNED and not list(view.plan.root.single_steps()):
        hint = _EMPTY
    if hint:
        yield hint.text_for(style)


def _head(view: View) -> Iterator[str]:
    where = view.where if view.number else f"{view.total} steps"
    if view.state is RunState.COMPLETED:
        where = f"all {view.total} steps are over"
    style = f"from {view.plan.origin} to {view.to}"
    yield f"Upgrade of {view.plan.model} {style}: {view.state.value}, {where}."
    yield f"Run {view.run}, plan {view.plan_hash}." if view.run else f"Plan {view.plan_hash}."


def _since(record: StepRecord, now: datetime.datetime) -> str:
    if record.started is None:
        return ""
    return f", for {formatting.duration((now - record.started).total_seconds())}"


def _unclear(view: View) -> Iterator[str]:
    """Yield the steps that `resolve-step` takes: those that failed or are in doubt."""
    for step in view.plan.root.single_steps():
        record = view.steps.get(step.id)
        if record is not None and record.state is StepState.FAILED:
            yield f"Failed: {step.title} ({step.id}) {record.error}".rstrip()
        if record is not None and record.state is StepState.IN_DOUBT:
            yield f"In doubt: {step.title} ({step.id})"


def _left(view: View) -> Iterator[str]:
    if view.state.finished or view.left_s < 1:
        return
    learnt = any(one.state is StepState.DONE for one in view.steps.values())
    why = "going by what steps took here" if learnt else "a guess, before anything has run here"
    yield f"Left: about {formatting.duration(view.left_s)}, {why}"
