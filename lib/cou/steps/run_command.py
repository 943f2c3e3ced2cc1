"""run-command: run a shell command on a unit, once."""

from __future__ import annotations

from .context import DONE, Context, Result
from .task_results import must_have_completed


async def perform(ctx: Context) -> Result:
    """Run it and insist on exit code 0."""
    must_have_completed(await ctx.command(ctx.step.target, str(ctx.step.params["command"])))
    return DONE
