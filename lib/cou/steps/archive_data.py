"""archive-data: archive deleted rows of nova's database, batch by batch.

Safe to repeat: each batch is a task of its own, and a drain stops between two of them.
"""

from __future__ import annotations

from ..errors import StepFailed
from .context import DONE, Context, End, Result
from .tasks import must_have_completed

_MOST_BATCHES = 10_000
_RESULT = "archive-deleted-rows"


async def perform(ctx: Context) -> Result:
    """Repeat until nothing was archived; never for ever."""
    size = int(ctx.step.params["batch-size"])
    batch = 1
    while ctx.begun(_key(batch + 1)) is not None:
        batch += 1
    end = batch + _MOST_BATCHES
    while batch < end:
        task = must_have_completed(
            await ctx.action(
                ctx.step.target, "archive-data", {"batch-size": size}, key=_key(batch)
            )
        )
        rows = task.output.get(_RESULT)
        if rows is None:
            await ctx.discard(_key(batch), f"it named no {_RESULT}")
            raise StepFailed(
                "archive-without-result",
                f"archive-data on {ctx.step.target} (task {task.id}) named no {_RESULT}.",
            )
        if "Nothing was archived" in str(rows):
            return DONE
        batch += 1
        if ctx.draining:
            return Result(End.AGAIN, f"drained after {batch - 1} batches")
    raise StepFailed(
        "archive-endless",
        f"{_MOST_BATCHES} batches of {size} rows did not archive everything.",
        "Run upgrade to go on, or plan with a larger archive-batch-size.",
    )


def _key(batch: int) -> str:
    return f"batch-{batch}"
