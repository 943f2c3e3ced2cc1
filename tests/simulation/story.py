"""Short ways to tell the story of an upgrade on the simulation, and to have it judged."""

from __future__ import annotations

import asyncio
import contextlib

from cou.journal.records import RunState
from juju_testbed import judge
from juju_testbed.charms import snapshot

from . import world as worlds


async def cloud(path, bundle, **options):
    """Deploy a bundle; every disk operation of the journal lies below `path`."""
    return await worlds.build(path, bundle.done(), **options)


async def upgrade(world, **options):
    """Plan, insist that nothing blocks, and work; return plan, attempt, ending."""
    named = {key.replace("_", "-"): value for key, value in options.items()}
    plan = await world.plan(**named)
    assert not plan.blocking, [f"{one.code}: {one.seen}" for one in plan.blocking]
    attempt = world.create(plan)
    return plan, attempt, await world.work(attempt)


async def completed(world, **options):
    """Upgrade and insist that it is completed; return plan and attempt."""
    plan, attempt, ending = await upgrade(world, **options)
    assert ending.state is RunState.COMPLETED, ending.error
    return plan, attempt


def place(world):
    """Return the place of the simulated charms, to look into it and to change it."""
    return world.store.charm.place


def summary(world):
    """Return the whole cloud in short."""
    return snapshot.summary(place(world))


def judged(world, **expectations):
    """Write the cloud's last state and return what the judge finds wrong."""
    snapshot.write(place(world))
    verdict = judge.verdict(world.model.log.entries, expectations)
    return [f"{one.rule}: {one.text}" for one in verdict.violations]


async def refresh(world, name):
    """Refresh an application to the newest revision of its channel, by hand; await its hooks."""
    app = world.model.applications[name]
    revision = world.store.resolve(app.definition.name, app.channel, app.series, None)
    origin = {**app.origin, "revision": revision.revision}
    world.model.set_charm(name, revision, origin, app.channel, "admin")
    app.can_upgrade_to = ""
    await asyncio.sleep(600)


async def run_command(world, unit, command):
    """Run a command on a unit, by hand."""
    return await world.store.charm.command(world.model.units[unit], command, None)


@contextlib.asynccontextmanager
async def operator(world, *, every_s=60):
    """Have somebody look now and then and unseal what is sealed."""
    task = asyncio.create_task(_unseal(world, every_s))
    try:
        yield
    finally:
        task.cancel()


async def _unseal(world, every_s):
    while True:
        await asyncio.sleep(every_s)
        for app in place(world).applications("vault"):
            for site in place(world).sites(app.name):
                if site.world.sealed:
                    site.world.sealed, site.world.unseal_keys = False, 3
                    site.log("unsealed")
                    world.model.queue_hook(site.name, "update-status", {})
