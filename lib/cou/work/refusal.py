"""Why a run does not begin: the model is no longer as it was when its plan was shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..errors import record
from ..plan.plan import Plan
from ..wording import PLAN, say, sentence


def of(shown: Plan, fresh: Plan) -> Mapping[str, Any]:
    """Return code, seen and remedy; empty where the plan still holds.

    Args:
        shown: what the operator saw.
        fresh: what would be planned now.
    """
    if fresh.blocking:
        problem = fresh.blocking[0]
        return _refused(f"{problem.subject}: {problem.seen}", problem.remedy)
    if fresh.hash != shown.hash:
        return _refused(difference(shown, fresh), "")
    return {}


def _refused(seen: str, remedy: str) -> Mapping[str, Any]:
    again = say("Run `", PLAN, "` again.")
    return record(
        "plan-changed",
        f"The model is no longer as it was shown: {seen}.".replace("..", "."),
        say(sentence(remedy), " ", again) if remedy else again,
    )


def difference(shown: Plan, fresh: Plan) -> str:
    """Name the first difference between two plans."""
    if shown.target != fresh.target:
        return f"the target is now {fresh.target or 'nothing'}, not {shown.target}"
    before = {step.id: step for step in shown.root.walk()}
    after = {step.id: step for step in fresh.root.walk()}
    for step in shown.root.leaves():
        if step.id not in after:
            return f"the step {step.id} ({step.title}) is not needed any more"
    for step in fresh.root.leaves():
        if step.id not in before:
            return f"the step {step.id} ({step.title}) is new"
        if step.to_dict() != before[step.id].to_dict():
            return f"the step {step.id} is now: {step.title}"
    return "the order of the steps is another"
