"""upgrade-unit: pause, upgrade and resume one unit; they stand or fall together.

Where the unit has a hacluster beside it, that is paused around it, so that no address of the
service is given to a unit that is away.

Look first: each action is a task of its own, re-attached to after a crash. A unit that was paused
before stays paused. The version on the unit decides, not what the action says.
"""

from __future__ import annotations

from ..errors import StepFailed
from ..juju.port import Task, TaskStatus, UnitStatus
from ..openstack import workload_versions as known
from ..openstack.workload_status import is_paused
from ..wording import own_command, text
from . import units_at_release
from .context import DONE, Context, StepEnd, StepResult
from .task_results import must_have_completed

_TOLERATED = "Services not running that should be: ceilometer-agent-compute"


async def perform(ctx: Context) -> StepResult:
    """Do what the charm can of pause, openstack-upgrade, resume."""
    unit, actions = ctx.step.target, list(ctx.step.params["actions"])
    hacluster = str(ctx.step.params.get("hacluster", ""))
    charm, release = str(ctx.step.params["charm"]), str(ctx.step.params["release"])
    found = await _unit(ctx, unit)
    sent = ctx.begun("openstack-upgrade")
    begun = sent or ctx.unfinished("openstack-upgrade")
    paused = ctx.marked(f"paused:{unit}") is not None
    if known.surely_at_least(charm, found.workload_version, release) and not begun:
        if not paused:
            return StepResult(StepEnd.SATISFIED, text("note/runs", version=found.workload_version))
    else:
        # Once the upgrade is sent, what came before it is behind: a unit that is upgraded shows
        # other things than that it is paused.
        if hacluster and not sent:
            await _pause(ctx, hacluster, await _unit(ctx, hacluster), key="pause-hacluster")
        if "pause" in actions and not sent:
            await _pause(ctx, unit, found)
        if "openstack-upgrade" in actions:
            must_have_completed(await ctx.action(unit, "openstack-upgrade"))
    if ctx.marked(f"paused:{unit}") is not None:
        await _resume(ctx, unit)
        await ctx.unmark(f"paused:{unit}")
    if hacluster and ctx.marked(f"paused:{hacluster}") is not None:
        must_have_completed(await _resumed(ctx, hacluster, key="resume-hacluster"))
        await ctx.unmark(f"paused:{hacluster}")
    await _await_version(ctx, unit, charm, release)
    return DONE


async def _unit(ctx: Context, unit: str) -> UnitStatus:
    name = unit.split("/")[0]
    app = (await ctx.juju.full_status([name])).applications[name]
    try:
        return app.units[unit]
    except KeyError:
        raise StepFailed(
            "unit-gone",
            unit=unit,
            resolve_step=own_command(
                "resolve-step", step=ctx.step.id, as_="skip", reason="it is gone"
            ),
        ) from None


def _at(unit: UnitStatus, charm: str, release: str) -> bool:
    return known.at_least(charm, unit.workload_version, release)


async def _pause(ctx: Context, unit: str, found: UnitStatus, *, key: str = "pause") -> None:
    mark = f"paused:{unit}"
    if ctx.marked(mark) is None:
        if is_paused(found.workload):
            return
        await ctx.mark(mark, {})

    async def paused() -> bool:
        return is_paused((await _unit(ctx, unit)).workload)

    must_have_completed(await ctx.action(unit, "pause", key=key, still=paused))


async def _resumed(ctx: Context, unit: str, *, key: str = "resume") -> Task:
    async def in_service() -> bool:
        return not is_paused((await _unit(ctx, unit)).workload)

    return await ctx.action(unit, "resume", key=key, still=in_service)


async def _resume(ctx: Context, unit: str) -> None:
    """Resume; nova-compute's resume may trip over ceilometer's agent (LP#1947585)."""
    task = await _resumed(ctx, unit)
    if task.status is TaskStatus.COMPLETED:
        return
    if ctx.step.params["charm"] != "nova-compute" or not _is_ceilometer(task):
        must_have_completed(task)
    restart = "systemctl restart ceilometer-agent-compute"
    must_have_completed(
        # Resume has just said that it does not run, whatever an earlier restart did.
        await ctx.command(unit, restart, key="restart-ceilometer-agent", still=_not)
    )
    await units_at_release.update_status(ctx, [unit])
    status = await ctx.juju.full_status()
    agents = [
        other.name
        for app in status.applications.values()
        if app.charm == "ceilometer-agent"
        for other in app.units.values()
        if other.principal == unit
    ]
    await units_at_release.update_status(ctx, agents)


async def _not() -> bool:
    return False


def _is_ceilometer(task: Task) -> bool:
    return task.status is TaskStatus.FAILED and _TOLERATED in task.message


async def _await_version(ctx: Context, unit: str, charm: str, release: str) -> None:
    name = unit.split("/")[0]
    if _at(await _unit(ctx, unit), charm, release):
        return
    await units_at_release.update_status(ctx, [unit])
    try:
        reached = await ctx.wait(
            units_at_release.reached(name, charm, release, [unit], min(120.0, ctx.step.timeout_s))
        )
    except StepFailed:
        await ctx.discard(
            "openstack-upgrade", text("discarded/not-upgraded", unit=unit, release=release)
        )
        raise
    if not reached and not _at(await _unit(ctx, unit), charm, release):
        await ctx.discard(
            "openstack-upgrade", text("discarded/not-upgraded", unit=unit, release=release)
        )
        raise StepFailed("unit-not-upgraded", unit=unit, release=release)
