"""set-compute-service: take a hypervisor from the scheduler, and give it back.

Safe to repeat. A service that was disabled before stays so: only what this run disabled is a mark.
"""

from __future__ import annotations

from ..juju.port import TaskStatus
from ..openstack import compute_actions
from ..wording import text
from .context import DONE, Context, StepEnd, StepResult
from .task_results import must_have_completed


async def perform(ctx: Context) -> StepResult:
    """Disable as a mark, or enable what this run has disabled."""
    unit = ctx.step.target
    mark = f"compute-service:{unit}"
    if ctx.step.params["enabled"]:
        if ctx.marked(mark) is None:
            return StepResult(StepEnd.SATISFIED, text("note/not-disabled"))
        must_have_completed(await ctx.action(unit, "enable"))
        await ctx.unmark(mark)
        return DONE
    if ctx.marked(mark) is None:
        if not await _is_enabled(ctx, unit):
            return StepResult(StepEnd.SATISFIED, text("note/disabled-before"))
        await ctx.mark(mark, {})
    must_have_completed(await ctx.action(unit, "disable"))
    return DONE


async def _is_enabled(ctx: Context, unit: str) -> bool:
    """Look; where the charm does not tell, take it for enabled, as it is by default."""
    if compute_actions.LIST_NODES not in (await ctx.juju.actions([unit.split("/")[0]])).get(
        unit.split("/")[0], frozenset()
    ):
        return True
    task = await ctx.read_action(unit, compute_actions.LIST_NODES, {})
    if task.status is not TaskStatus.COMPLETED:
        return True
    try:
        return compute_actions.enabled(task.output)
    except ValueError:
        return True
