"""What an attempt begins with: what is refused when it is asked for, and what the runner does."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Callable, Container, Mapping, Sequence

from ..errors import BadInput
from ..journal.records import Limit, StepRecord, StepState
from ..plan.plan import Plan
from ..plan.ready_steps import ReadySteps, WorkItem
from ..plan.step import Step
from ..show.estimate import Durations
from . import old_backups

_HALFWAY = (StepState.IN_DOUBT, StepState.RUNNING)


def in_order(ready: Sequence[WorkItem], halfway: Container[str]) -> list[WorkItem]:
    """Return what may begin: what an earlier runner left in the middle comes before the rest."""
    return sorted(ready, key=lambda one: not any(step.id in halfway for step in one.steps))


def first(
    plan: Plan, records: Mapping[str, StepRecord], expected_s: Callable[[Step], float]
) -> Step | None:
    """Return the step that a new attempt begins with; None where all is over."""
    over = {one.id for one in records.values() if one.state.over}
    halfway = {one.id for one in records.values() if one.state in _HALFWAY}
    by_need = plan.options.max_parallel > 1
    ready_steps = ReadySteps(plan.root, over, by_need=by_need, expected_s=expected_s)
    steps = (step for item in in_order(ready_steps.ready(), halfway) for step in item.steps)
    return next((step for step in steps if step.id not in over), None)


def check(
    plan: Plan,
    records: Mapping[str, StepRecord],
    limit: Limit,
    durations: Durations,
    now: datetime.datetime,
    age_s: Callable[[StepRecord], float],
    backup_max_age_s: float,
) -> None:
    """Refuse an attempt that would stop before its first step.

    Raises:
        BadInput: another step than the one expected is next, or the time that is left is too
            short for what is next.
    """
    if not limit.expect and limit.until is None:
        return
    stale = old_backups.outdated(plan, records, age_s, backup_max_age_s)
    again = {name: dataclasses.replace(records[name], state=StepState.PENDING) for name in stale}
    due = {**records, **again}
    step = first(plan, due, durations.typical)
    if step is None:
        return
    unit = plan.parts[step.id] if limit.granularity == "application" else step.id
    if limit.expect and limit.expect not in (step.id, unit):
        raise BadInput("not-expected/check", step=step.id, title=step.title, expect=limit.expect)
    if limit.until is not None:
        group = next(step for step in plan.root.walk() if step.id == unit)
        over = {one.id for one in due.values() if one.state.over}
        seconds = durations.longest_of(group, over, plan.options.max_parallel)
        ends = now + datetime.timedelta(seconds=seconds)
        if ends > limit.until:
            raise BadInput(
                "window-closed",
                unit=unit,
                ends=f"{ends:%Y-%m-%d %H:%M}",
                until=f"{limit.until:%Y-%m-%d %H:%M}",
            )
