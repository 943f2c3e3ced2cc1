"""Dumps over the days of a run that was stopped: kept while young, made again when old."""

from __future__ import annotations

import asyncio

import pytest
from cou.clock import LoopClock
from cou.journal.records import Limit, RunState
from cou.options.settings import Settings

from . import bundles, story
from .test_clock_set import Settable


def dumps(world):
    return [e["data"]["file"] for e in world.model.log.entries if e["event"] == "database-dumped"]


@pytest.mark.sampled(2)
@pytest.mark.slow
@pytest.mark.parametrize(
    ("hours", "jump", "boot", "made"),
    [
        (1, 0, False, 1),
        (30, 0, False, 2),
        (30, -20, False, 2),  # the clock is set back, and the dump is as old as it is
        (1, -2, False, 1),  # younger than nothing, by the wall clock; the other one tells
        (1, -3, True, 2),  # after a boot none tells how old it is
        (1, 0, True, 1),
    ],
)
async def test_a_run_that_goes_on_later_dumps_again_only_where_the_dump_is_too_old(
    tmp_path, hours, jump, boot, made
):
    settings = Settings(backup_max_age_s=24 * 3600)
    world = await story.cloud(tmp_path, bundles.base("focal", "ussuri"), settings=settings)
    world.clock = Settable(world.clock.now())
    plan = await world.plan()
    attempt = world.create(plan, Limit("application", 3))
    assert (await world.work(attempt)).state is RunState.STOPPED
    assert len(dumps(world)) == 1
    await asyncio.sleep(hours * 3600)
    world.clock.jump(jump * 3600)
    if boot:
        world.clock = LoopClock(world.clock.now())
    attempt = world.resume(attempt.run)
    ending = await world.work(attempt)
    assert ending.state is RunState.COMPLETED, ending.error
    files = dumps(world)
    assert len(set(files)) == made
    machine = story.place(world).site("mysql-innodb-cluster/0").machine
    assert set(files) <= set(machine.files)
