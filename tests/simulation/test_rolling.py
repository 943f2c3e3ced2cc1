"""strategy=rolling on the simulated cloud: always a unit that serves, also after a kill."""

from __future__ import annotations

import asyncio
import random

import pytest
from cou.journal.records import Job, MarkState, RunState
from juju_testbed import judge

from . import bundles, story
from . import world as worlds

pytestmark = pytest.mark.slow
SERVICES = {"keystone", "glance"}


async def cloud(path):
    return await story.cloud(path / "home", bundles.two_services("focal", "ussuri"))


def away(world):
    """Return the seconds for which a service had no unit that served, by the testbed's log."""
    found = judge.verdict(world.model.log.entries).facts["without-service-s"]
    return {name: seconds for name, seconds in found.items() if name in SERVICES}


def test_rolling_a_unit_always_serves_and_together_none_does_for_a_while(tmp_path):
    async def tell(strategy):
        world = await cloud(tmp_path / strategy)
        plan, _ = await story.completed(world, strategy=strategy)
        assert story.judged(world, target=plan.target) == []
        return away(world)

    together = worlds.run(tell("all-in-one"))
    assert set(together) == SERVICES
    assert all(seconds > 0.3 for seconds in together.values())
    assert worlds.run(tell("rolling")) == {}


async def test_hacluster_is_away_around_its_unit(tmp_path):
    world = await cloud(tmp_path)
    await story.completed(world, strategy="rolling")
    assert (
        [
            (entry["event"], entry["unit"])
            for entry in world.model.log.entries
            if entry["event"] in ("paused", "resumed", "workload-upgraded")
            and entry["unit"] in ("glance/0", "glance-hacluster/0")
            and entry["data"].get("cause", "action") == "action"
        ]
    ) == [
        ("paused", "glance-hacluster/0"),
        ("paused", "glance/0"),
        ("workload-upgraded", "glance/0"),
        ("resumed", "glance/0"),
        ("resumed", "glance-hacluster/0"),
    ]


@pytest.mark.sampled(1)
@pytest.mark.parametrize("seed", range(2))
async def test_killed_in_between_it_goes_on_and_everything_is_put_back(tmp_path, seed):
    world = await cloud(tmp_path)
    plan = await world.plan(strategy="rolling")
    attempt = world.create(plan)
    dice = random.Random(seed)
    state, kills = RunState.STOPPED, 0
    while state is not RunState.COMPLETED:
        points = dice.randrange(20, 120) if kills < 8 else 0
        ending = await world.work_until(attempt, worlds.countdown(points))
        if ending is None or world.asks(attempt.run):
            kills += ending is None
            attempt = world.resume(attempt.run)
        else:
            state = ending.state
    assert kills >= 5
    assert story.judged(world, target=plan.target) == []
    assert {mark.state for mark in world.marks(attempt.run)} == {MarkState.PUT_BACK}
    assert away(world) == {}


async def test_abandoned_with_a_unit_away_the_cluster_does_not_take_it_back_half_upgraded(
    tmp_path,
):
    world = await cloud(tmp_path)
    story.place(world).site("glance/0").world.lies["failing-upgrade"] = 99
    plan = await world.plan(strategy="rolling")
    attempt = world.create(plan)
    ending = await world.work(attempt)
    assert ending.state is RunState.FAILED
    attempt = world.resume(attempt.run, job=Job.ABANDON)
    await world.work(attempt)
    stay = {m.id for m in world.marks(attempt.run) if m.state is MarkState.KEPT}
    assert {"paused:glance/0", "paused:glance-hacluster/0"} <= stay
    await asyncio.sleep(1)
