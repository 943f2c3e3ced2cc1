"""wait-idle: applications active, their units idle, and quiet for a while. Looks only."""

from __future__ import annotations

from ..wording import text
from . import wait_conditions
from .context import DONE, Context, StepEnd, StepResult


async def perform(ctx: Context) -> StepResult:
    """Wait; a drain lets go as soon as nothing is busy any more, and the wait is due again."""
    reached = await ctx.wait(
        wait_conditions.idle(
            list(ctx.step.params["applications"]),
            quiet_s=float(ctx.step.params["quiet"]),
            timeout_s=ctx.step.timeout_s,
            grace_s=ctx.settings.hook_error_grace_s,
        )
    )
    return DONE if reached else StepResult(StepEnd.AGAIN, text("note/drained-waiting"))
