"""Putting marks back when a run ends early: each kind says when that is safe."""

from __future__ import annotations

import shlex

from ..openstack import workload_versions
from ..wording import NOTHING, Wording, text
from . import put_back, set_config
from .context import Context
from .task_results import must_have_completed


async def release(
    ctx: Context, mark: str, touched: frozenset[str], charm: str, codename: str
) -> Wording:
    """Put a mark back where that is safe; return why it has to stay, or an empty text.

    Args:
        touched: units whose upgrade has begun in this run.
        charm: charm of the mark's application; empty where it does not matter.
        codename: release that the run goes to.
    """
    kind, _, target = mark.partition(":")
    if kind == "option":
        return await _option(ctx, mark)
    if kind in ("compute-service", "paused"):
        return await _unit(ctx, kind, target, touched, charm, codename)
    if kind == "noout":
        unit = str((ctx.marked(mark) or {})["unit"])
        must_have_completed(await ctx.action(unit, "unset-noout"))
        return NOTHING
    packages = [str(name) for name in (ctx.marked(mark) or {})["packages"]]
    must_have_completed(await ctx.command(target, shlex.join(["apt-mark", "unhold", *packages])))
    return NOTHING


async def _option(ctx: Context, mark: str) -> Wording:
    _, application, key = mark.split(":", 2)
    reason = await put_back.why_not(ctx, application, key)
    if not reason:
        was = str((ctx.marked(mark) or {})["was"])
        await set_config.put_back(ctx, application, key, was)
    return reason


async def _unit(
    ctx: Context, kind: str, unit: str, touched: frozenset[str], charm: str, codename: str
) -> Wording:
    """A unit that was touched and is not at its target stays out of service."""
    name = unit.split("/")[0]
    app = (await ctx.juju.full_status([name])).applications[name]
    found = app.units.get(unit)
    if found is not None and found.principal in touched:
        # A cluster does not take a unit back whose principal has to stay away.
        principal = found.principal
        owner = (await ctx.juju.full_status([principal.split("/")[0]])).applications
        app = owner[principal.split("/")[0]]
        shown = app.units[principal].workload_version if principal in app.units else ""
        if not workload_versions.at_least(app.charm, shown, codename):
            if not shown:
                return text("stays/principal-half-upgraded-unknown", unit=principal)
            return text("stays/principal-half-upgraded", unit=principal, version=shown)
    version = found.workload_version if found else ""
    if unit in touched and not workload_versions.at_least(charm, version, codename):
        if not version:
            return text("stays/half-upgraded-unknown", unit=unit, release=codename)
        return text("stays/half-upgraded", unit=unit, version=version, release=codename)
    action = "enable" if kind == "compute-service" else "resume"
    must_have_completed(await ctx.action(unit, action))
    return NOTHING
