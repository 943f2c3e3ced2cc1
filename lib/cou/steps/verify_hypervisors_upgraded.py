"""verify-hypervisors-upgraded: every nova-compute unit is at the target. Looks only."""

from __future__ import annotations

from ..errors import StepFailed
from ..wording import own_command, text
from . import units_at_release
from .context import DONE, Context, StepEnd, StepResult


async def perform(ctx: Context) -> StepResult:
    """Look; where only hosts are behind that were left out, leave the rest of the group out too.

    Raises:
        StepFailed: a unit is behind that was not left out.
    """
    names = [str(name) for name in ctx.step.params["applications"]]
    release = str(ctx.step.params["release"])
    status = await ctx.juju.full_status(names)
    old = [
        unit.name
        for name in names
        for unit in units_at_release.behind(status.applications[name], "nova-compute", release)
    ]
    if not old:
        return DONE
    if set(old) <= ctx.skipped_units:
        return StepResult(
            StepEnd.SKIP_GROUP,
            text("note/hypervisors-not-upgraded", units=old),
        )
    raise StepFailed(
        "hypervisors-behind",
        old=old,
        release=release,
        plan=own_command("plan", group="hypervisors"),
    )
