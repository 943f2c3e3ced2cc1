"""run-action: run an action on a unit, once."""

from __future__ import annotations

from .context import DONE, Context, StepResult
from .task_results import must_have_completed


async def perform(ctx: Context) -> StepResult:
    """Run it and insist on its completion."""
    action = str(ctx.step.params["action"])
    must_have_completed(await ctx.action(ctx.step.target, action, ctx.step.params["params"]))
    return DONE
