"""verify-hypervisor-empty: a hypervisor runs no instances. Looks only."""

from __future__ import annotations

from ..errors import StepFailed
from ..openstack import compute_actions
from ..wording import text
from .context import DONE, Context, StepEnd, StepResult
from .task_results import must_have_completed


async def perform(ctx: Context) -> StepResult:
    """Count; with instances the host is not touched at all."""
    task = await ctx.read_action(ctx.step.target, compute_actions.INSTANCE_COUNT, {})
    try:
        count = compute_actions.instances(must_have_completed(task).output)
    except ValueError as error:
        raise StepFailed(
            "instance-count",
            target=ctx.step.target,
            error=error,
            INSTANCE_COUNT=compute_actions.INSTANCE_COUNT,
        ) from error
    if count:
        return StepResult(
            StepEnd.SKIP_GROUP, text("note/instances", unit=ctx.step.target, count=count)
        )
    return DONE
