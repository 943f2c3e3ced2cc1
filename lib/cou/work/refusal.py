"""Why a run does not begin: the model is no longer as it was when its plan was shown."""

from __future__ import annotations

from ..errors import NO_CAUSE, Cause, cause
from ..plan.plan import Plan
from ..wording import Wording, sentence, text


def of(shown: Plan, fresh: Plan) -> Cause:
    """Return the cause; false where the plan still holds.

    Args:
        shown: what the operator saw.
        fresh: what would be planned now.
    """
    if fresh.blocking:
        one = fresh.blocking[0]
        seen, then = sentence(one.seen), sentence(one.remedy)
        if not then:
            return cause("plan-changed/problem-alone", subject=one.subject, problem=seen)
        return cause("plan-changed/problem", subject=one.subject, problem=seen, then=then)
    if not fresh.does_as(shown):
        return cause("plan-changed", difference=difference(shown, fresh))
    return NO_CAUSE


def difference(shown: Plan, fresh: Plan) -> Wording:
    """Name the first difference between two plans."""
    if shown.target != fresh.target:
        if not fresh.target:
            return text("difference/no-target", was=shown.target)
        return text("difference/target", now=fresh.target, was=shown.target)
    before = {step.id: step for step in shown.root.walk()}
    after = {step.id: step for step in fresh.root.walk()}
    for step in shown.root.single_steps():
        if step.id not in after:
            return text("difference/not-needed", step=step.id, title=step.title)
    for step in fresh.root.single_steps():
        if step.id not in before:
            return text("difference/new", step=step.id, title=step.title)
        if step.doing() != before[step.id].doing():
            return text("difference/changed", step=step.id, title=step.title)
    return text("difference/order")
