"""archive-data: archive deleted rows of nova's database, batch by batch.

Safe to repeat: each batch is a task of its own, and none begins after a recorded cancel.
"""

from __future__ import annotations

from ..errors import StepFailed
from ..wording import text
from .context import DONE, Context, StepDrained, StepResult
from .task_results import must_have_completed

_MOST_BATCHES = 10_000
_BATCH = "batch-"
_RESULT = "archive-deleted-rows"


async def perform(ctx: Context) -> StepResult:
    """Repeat until nothing was archived; never for ever."""
    size = int(ctx.step.params["batch-size"])
    batch = max(1, ctx.newest(_BATCH))
    end = batch + _MOST_BATCHES
    while batch < end:
        task = must_have_completed(
            await ctx.action(
                ctx.step.target,
                "archive-data",
                {"batch-size": size},
                key=f"{_BATCH}{batch}",
                can_wait=True,
            )
        )
        rows = task.output.get(_RESULT)
        if rows is None:
            await ctx.discard(f"{_BATCH}{batch}", text("discarded/no-result", result=_RESULT))
            raise StepFailed(
                "archive-without-result", target=ctx.step.target, task=task.id, result=_RESULT
            )
        if "Nothing was archived" in str(rows):
            return DONE
        batch += 1
        if ctx.draining:
            raise StepDrained
    raise StepFailed("archive-endless", most_batches=_MOST_BATCHES, size=size)
