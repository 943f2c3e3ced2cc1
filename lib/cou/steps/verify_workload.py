"""verify-workload: every unit shows the target's workload version. Looks only."""

from __future__ import annotations

from .. import concurrency
from ..errors import StepFailed
from ..wording import UPGRADE, join, text
from . import units_at_release
from .context import DONE, Context, StepEnd, StepResult


async def perform(ctx: Context) -> StepResult:
    """Have the units say their version, and wait for it: some charms say it late."""
    name, release = ctx.step.target, str(ctx.step.params["release"])
    charm = str(ctx.step.params["charm"])
    app = (await ctx.juju.full_status([name])).applications[name]
    wanted = [str(unit) for unit in ctx.step.params.get("units", ())] or list(app.units)
    units = [unit for unit in sorted(wanted) if unit not in ctx.skipped_units]
    late = [
        unit.name for unit in units_at_release.behind(app, charm, release) if unit.name in units
    ]
    if not late:
        return DONE
    await concurrency.run_together(*(units_at_release.update_status(ctx, [unit]) for unit in late))
    try:
        shown = await ctx.wait(
            units_at_release.reached(name, charm, release, units, ctx.step.timeout_s)
        )
    except StepFailed as error:
        raise StepFailed(
            "workload-not-upgraded",
            error.seen,
            join("Look at the units named, then run `", UPGRADE, "`."),
        ) from error
    return DONE if shown else StepResult(StepEnd.AGAIN, text("note/drained-verifying"))
