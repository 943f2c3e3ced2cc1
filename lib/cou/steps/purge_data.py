"""purge-data: purge archived rows of nova's database. Look first: one task, re-attached to."""

from __future__ import annotations

from ..errors import StepFailed
from ..wording import text
from .context import DONE, Context, StepEnd, StepResult
from .task_results import must_have_completed

_FAILED = "Purging stale soft-deleted rows failed"
_NOTHING = "Purging stale soft-deleted rows and no data was deleted"


async def perform(ctx: Context) -> StepResult:
    """Purge, up to a date where one was given."""
    before = str(ctx.step.params.get("before", ""))
    params = {"before": before} if before else {}
    task = must_have_completed(await ctx.action(ctx.step.target, "purge-data", params))
    output = task.output.get("output")
    if output is None or _FAILED in str(output):
        await ctx.discard("purge-data", text("discarded/purge", output=output))
        raise StepFailed("purge-failed", target=ctx.step.target, task=task.id, output=output)
    return (
        StepResult(StepEnd.DONE, text("note/nothing-to-purge"))
        if _NOTHING in str(output)
        else DONE
    )
