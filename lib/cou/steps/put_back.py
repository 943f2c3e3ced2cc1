"""put-back: put an option back that this run changed for its own purposes, when that is safe.

``action-managed-upgrade`` goes back only when every unit of the application runs the release of
its origin: set to false earlier it upgrades all the others at once, instances included.
``enable-auto-restarts`` goes back only when no deferred event is left: switched on earlier it
lets the units restart whenever they like (LP#2046381).
"""

from __future__ import annotations

from ..juju.port import UnitStatus
from ..openstack import charms, origins
from ..wording import NOTHING, Wording, text
from . import set_config, units_at_release
from .context import DONE, Context, StepEnd, StepResult

# How charms built on charm-helpers tell of deferred events in their status.
_DEFERRED = ("Services queued for restart", "Hooks skipped due to disabled auto restarts")


async def perform(ctx: Context) -> StepResult:
    """Put the mark's option back, or say why it has to stay."""
    mark = str(ctx.step.params["mark"])
    data = ctx.marked(mark)
    if data is None:
        return StepResult(StepEnd.SATISFIED, text("note/not-changed"))
    _, application, key = mark.split(":", 2)
    reason = await why_not(ctx, application, key)
    if reason:
        await ctx.unmark(mark, reason, kept=True)
        return StepResult(StepEnd.DONE, text("note/stays", reason=reason))
    await set_config.put_back(ctx, application, key, str(data["was"]))
    await ctx.unmark(mark)
    return DONE


async def why_not(ctx: Context, application: str, key: str) -> Wording:
    """Return why an option must not be put back now; empty where it may."""
    if key not in (charms.MANAGED_UPGRADE, charms.AUTO_RESTARTS):
        return NOTHING
    app = (await ctx.juju.full_status([application])).applications[application]
    if key == charms.AUTO_RESTARTS:
        waiting = [name for name, unit in sorted(app.units.items()) if _defers(unit)]
        return text("stays/deferred-restarts", units=waiting) if waiting else NOTHING
    options = (await ctx.juju.config([application])).get(application, {})
    origin = next((options[name].value for name in origins.SETTINGS if name in options), "")
    release = origins.release_of(str(origin or ""), app.series, ctx.settings.landscape)
    if release is None:
        return text("stays/origin-unknown", origin=f"{origin!r}")
    old = [unit.name for unit in units_at_release.behind(app, app.charm, release.codename)]
    return text("stays/behind", units=old, release=release.codename) if old else NOTHING


def _defers(unit: UnitStatus) -> bool:
    return any(text in unit.workload.message for text in _DEFERRED)
