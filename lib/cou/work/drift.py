"""What other hands changed between two attempts at a run, and whether it matters.

The first attempt writes down what it found; a later one compares. What the run itself has changed
since is no drift: the steps that are over say what is expected now.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..journal.baseline import ApplicationBaseline, Baseline
from ..journal.records import Mark, Operation, StepRecord, StepState
from ..juju.port import Juju
from ..kinds import ROWS, Kind
from ..plan.plan import Plan
from ..plan.step import Step
from ..wording import Wording, text

if TYPE_CHECKING:
    from ..operations.late_changes import UndoneChange


@dataclasses.dataclass(frozen=True)
class Drift:
    """One difference, for people; `stops`: a step that is left would be wrong."""

    text: Wording
    stops: bool


async def observe(juju: Juju, plan: Plan) -> Baseline:
    """Read what is compared, of the applications that the plan changes."""
    keys = _changed_options(plan)
    names = sorted({step.target.split("/")[0] for step in plan.root.single_steps()} - {"model"})
    status = await juju.full_status(names)
    present = [name for name in names if name in status.applications]
    configs = await juju.config([name for name in present if keys.get(name)])
    return Baseline(
        {
            name: ApplicationBaseline(
                status.applications[name].channel,
                tuple(sorted(status.applications[name].units)),
                {
                    key: _text(configs[name][key].value)
                    for key in sorted(keys.get(name, ()))
                    if key in configs.get(name, {})
                },
            )
            for name in present
        }
    )


def compare(
    before: Baseline,
    now: Baseline,
    plan: Plan,
    records: Mapping[str, StepRecord],
    undone: Sequence[UndoneChange] = (),
) -> tuple[Drift, ...]:
    """Return what differs from what the run found and did, in order of application.

    Args:
        before: what the run found.
        now: what is found now.
        plan: of the run.
        records: of its steps.
        undone: what a late request has likely undone; the run itself puts that right, so it is
            told beside the rest, and stops nothing.
    """
    found = [
        Drift(text("drift/undone", what=one.text, then=one.remedy), stops=False) for one in undone
    ]
    moved = {one.application for one in undone if one.is_refresh}
    theirs: dict[str, list[Step]] = {}
    for step in plan.root.single_steps():
        theirs.setdefault(step.target.split("/")[0], []).append(step)
    for name, was in sorted(before.applications.items()):
        steps = theirs.get(name, [])
        left = [step for step in steps if not records[step.id].state.over]
        if name not in now.applications:
            found.append(Drift(text("drift/gone", name=name), stops=bool(left)))
            continue
        found.extend(_units(name, was, now.applications[name], left))
        if name not in moved:
            found.extend(_channel(name, was, now.applications[name], steps, records))
        found.extend(_options(name, was, now.applications[name], steps, records))
    return tuple(found)


def _units(
    name: str, was: ApplicationBaseline, now: ApplicationBaseline, left: list[Step]
) -> Iterator[Drift]:
    targets = {step.target for step in left}
    for unit in sorted(set(was.units) - set(now.units)):
        yield Drift(text("drift/gone", name=unit), stops=unit in targets)
    for unit in sorted(set(now.units) - set(was.units)):
        yield Drift(text("drift/new-unit", name=unit), stops=False)


def _channel(
    name: str,
    was: ApplicationBaseline,
    now: ApplicationBaseline,
    steps: list[Step],
    records: Mapping[str, StepRecord],
) -> Iterator[Drift]:
    changes = [step for step in steps if step.kind is Kind.REFRESH]
    so = (StepState.DONE, StepState.SATISFIED)
    done = [step for step in changes if records[step.id].state in so]
    expected = str(done[-1].params["channel"]) if done else was.channel
    # A step in doubt may or may not have moved it; its own settling finds out.
    allowed = {expected, *(str(s.params["channel"]) for s in changes if _open(records[s.id]))}
    if now.channel not in allowed:
        left = any(not records[step.id].state.over for step in steps)
        yield Drift(
            text("drift/channel", name=name, channel=now.channel, expected=expected), stops=left
        )
    elif now.channel != expected and not any(
        records[step.id].state is StepState.IN_DOUBT for step in changes
    ):
        yield Drift(text("drift/channel-already", name=name, channel=now.channel), stops=False)


def _options(
    name: str,
    was: ApplicationBaseline,
    now: ApplicationBaseline,
    steps: list[Step],
    records: Mapping[str, StepRecord],
) -> Iterator[Drift]:
    for key, value in was.options.items():
        changes = [
            step for step in steps if step.kind is Kind.SET_CONFIG and step.params["key"] == key
        ]
        own = {str(step.params["value"]).lower() for step in changes}
        present = now.options.get(key, "").lower()
        if present == value.lower() or present in own:
            continue
        left = any(not records[step.id].state.over for step in steps)
        yield Drift(
            text("drift/option", name=name, option=key, now=f"{present!r}", was=f"{value!r}"),
            stops=left,
        )


def unproved(
    plan: Plan,
    records: Mapping[str, StepRecord],
    operations: Sequence[Operation],
    marks: Sequence[Mark],
) -> tuple[str, ...]:
    """Return the steps that a look called satisfied although they had sent something before.

    Earlier versions recorded so what had failed after it was sent: the hooks that it causes were
    never seen to end. Left out is what a later step of the plan has moved on from, and what was
    put back since: doing it once more would undo that.
    """
    asked = {operation.step for operation in operations}
    switched = {mark.step for mark in marks}
    last: dict[tuple[object, ...], Step] = {}
    for step in plan.root.single_steps():
        if ROWS[step.kind].by_hooks and (step.id in asked or records[step.id].state.over):
            last[step.kind, step.target, step.params.get("key")] = step
    return tuple(
        step.id
        for step in last.values()
        if step.id in asked
        and step.id not in switched
        and records[step.id].state is StepState.SATISFIED
    )


def _open(record: StepRecord) -> bool:
    return not record.state.over


def _changed_options(plan: Plan) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for step in plan.root.single_steps():
        if step.kind is Kind.SET_CONFIG:
            found.setdefault(step.target, set()).add(str(step.params["key"]))
    return found


def _text(value: Any) -> str:
    return "" if value is None else str(value)
