"""set-noout: keep Ceph from rebalancing while OSDs restart, and let it again.

Safe to repeat. A flag that was set before stays so: only what this run set is a mark.
"""

from __future__ import annotations

from ..wording import text
from . import ceph
from .context import DONE, Context, StepEnd, StepResult
from .task_results import must_have_completed


async def perform(ctx: Context) -> StepResult:
    """Set the flag as a mark, or unset what this run has set."""
    unit = ctx.step.target
    mark = f"noout:{unit.split('/')[0]}"
    if not ctx.step.params["noout"]:
        if ctx.marked(mark) is None:
            return StepResult(StepEnd.SATISFIED, text("note/not-set"))
        must_have_completed(await ctx.action(unit, "unset-noout"))
        await ctx.unmark(mark)
        return DONE
    if ctx.marked(mark) is None:
        if "noout" in (await ceph.ask(ctx, unit, "osd dump")).get("flags_set", ()):
            return StepResult(StepEnd.SATISFIED, text("note/set-before"))
        await ctx.mark(mark, {"unit": unit})
    must_have_completed(await ctx.action(unit, "set-noout"))
    return DONE
