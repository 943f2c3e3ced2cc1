"""What the peer never comes back from, and what it kills half-way."""

from __future__ import annotations

import asyncio

import pytest
from cou.journal.records import RunState

from . import bundles, story


@pytest.mark.slow
async def test_an_action_that_somebody_cancelled_ends_its_step(tmp_path):
    """A cancelled task never completes and never fails; waiting for either would be for ever."""

    world = await story.cloud(tmp_path, bundles.base("focal", "ussuri"))
    plan = await world.plan()
    attempt = world.create(plan)
    cancel = asyncio.create_task(_cancel_dump(world))
    ending = await world.work(attempt)
    await cancel
    assert ending.state is RunState.FAILED
    assert "mysqldump on mysql-innodb-cluster/0" in ending.error.told
    ending = await world.work(world.resume(attempt.run))
    assert ending.state is RunState.COMPLETED, ending.error


async def _cancel_dump(world):
    for _ in range(100_000):
        for number, task in list(world.model.tasks.items()):
            if task.name == "mysqldump" and task.status in ("pending", "running"):
                world.model.cancel(number, by="admin")
                return
        await asyncio.sleep(0.05)
    raise AssertionError("no dump was ever made")


@pytest.mark.slow
async def test_no_limit_can_kill_a_package_upgrade_half_way(tmp_path):
    """Juju ends a command at its limit with a signal to the whole group, dpkg among it."""

    world = await story.cloud(tmp_path, bundles.base("focal", "ussuri"))
    await story.completed(world)
    tasks = [task.parameters for task in world.model.tasks.values()]
    upgrades = [given for given in tasks if "dist-upgrade" in given.get("command", "")]
    assert len(upgrades) > 10
    assert {given["timeout"] for given in upgrades} == {0}
