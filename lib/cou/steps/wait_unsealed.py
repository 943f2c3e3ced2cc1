"""wait-unsealed: every unit of a vault application unsealed by its operator. Looks only."""

from __future__ import annotations

from ..wording import text
from . import wait_conditions
from .context import DONE, Context, StepEnd, StepResult


async def perform(ctx: Context) -> StepResult:
    """Wait without a deadline while a unit is sealed."""
    reached = await ctx.wait(
        wait_conditions.unsealed(ctx.step.target, timeout_s=ctx.step.timeout_s)
    )
    return DONE if reached else StepResult(StepEnd.AGAIN, text("note/drained-sealed"))
