"""What is left of an unfinished run, and under which other options it may go on."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from ..errors import BadInput
from ..plan import fewer
from ..plan.options import Options
from ..plan.plan import Plan
from ..plan.problem import Problem
from ..plan.step import Kind, Part, Step
from .records import StepRecord, StepState
from .view import View

_MAY_CHANGE = frozenset({"skip-apps", "accept", "max-parallel"})


def replan(seen: View, options: Options) -> Plan:
    """Return the run's plan under the options given now.

    Options that were left at their default keep the run's value. More applications may be skipped
    as long as none of their steps has begun; more problems accepted; max-parallel changed.

    Raises:
        BadInput: another option was given, or an application that has begun.
    """
    default, stored, given = (one.to_dict() for one in (Options(), seen.plan.options, options))
    changed = {k: v for k, v in given.items() if v != default[k] and v != stored[k]}
    refused = sorted(set(changed) - _MAY_CHANGE)
    if refused:
        raise BadInput(
            "run-unfinished",
            f"Run {seen.run} is {seen.state.value} and keeps the options it was planned with; "
            f"{', '.join(refused)} cannot be changed.",
            "Run upgrade to finish it, or abandon it first.",
        )
    if not changed:
        return seen.plan
    skipped = set(changed.get("skip-apps", ())) - set(seen.plan.options.skip_apps)
    merged = {
        **stored,
        **changed,
        "skip-apps": sorted({*stored["skip-apps"], *changed.get("skip-apps", ())}),
        "accept": sorted({*stored["accept"], *changed.get("accept", ())}),
    }
    _check_begun(seen, skipped)
    root = _without(seen.plan.root, skipped) or dataclasses.replace(seen.plan.root, steps=())
    return dataclasses.replace(
        seen.plan,
        options=Options.from_dict(merged),
        root=fewer.without(seen.plan.root, root),
        problems=tuple(_accepted(one, merged["accept"]) for one in seen.plan.problems),
    )


def left(plan: Plan, records: Mapping[str, StepRecord]) -> Plan:
    """Return a plan with only the steps that are not over."""
    root = _prune(plan.root, records) or dataclasses.replace(plan.root, steps=())
    return dataclasses.replace(plan, root=fewer.without(plan.root, root))


def _check_begun(seen: View, skipped: set[str]) -> None:
    for step in seen.plan.root.leaves():
        name = step.target.split("/")[0]
        if name in skipped and seen.steps[step.id].state is not StepState.PENDING:
            raise BadInput(
                "skip-begun",
                f"skip-apps={name}: {step.title} has begun in run {seen.run}.",
                "An application that has begun must be finished; run upgrade.",
            )


def _accepted(problem: Problem, accept: list[str]) -> Problem:
    taken = f"{problem.code}:{problem.subject}" in accept
    return dataclasses.replace(
        problem, accepted=problem.accepted or (problem.acceptable and taken)
    )


def _without(step: Step, skipped: set[str]) -> Step | None:
    """Leave out what is done to some applications, and the waiting for them."""
    if step.kind is not Kind.GROUP:
        if step.target.split("/")[0] in skipped:
            return None
        waited = step.params.get("applications")
        if step.kind is Kind.WAIT_IDLE and waited:
            kept = [name for name in waited if name not in skipped]
            return dataclasses.replace(step, params={**step.params, "applications": kept})
        return step
    below = tuple(kept for one in step.steps if (kept := _without(one, skipped)) is not None)
    if step.params.get("part") == Part.APPLICATION.value and step.target in skipped:
        return None
    return dataclasses.replace(step, steps=below) if below else None


def _prune(step: Step, records: Mapping[str, StepRecord]) -> Step | None:
    if step.kind is not Kind.GROUP:
        return None if records[step.id].state.over else step
    below = tuple(kept for one in step.steps if (kept := _prune(one, records)) is not None)
    return dataclasses.replace(step, steps=below) if below else None
