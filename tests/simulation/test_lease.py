"""The model's name for a run stays fresh for as long as its runner lives."""

from __future__ import annotations

import asyncio
import datetime
import json
import sqlite3

import pytest
import yaml
from cou.run import lease
from cou.run.journal import FILE
from cou.run.records import Limit, RunState
from juju_testbed.charms import bundle

from . import world as worlds


def age_s(world) -> float:
    """Return how long ago the runner renewed its name on the model."""
    text = world.model.annotations[f"model-{world.model.uuid}"][lease.KEY]
    renewed = datetime.datetime.fromisoformat(json.loads(text)["renewed"])
    return (world.clock.now() - renewed).total_seconds()


@pytest.mark.slow
def test_a_run_that_only_waits_keeps_others_out(tmp_path):
    async def story():
        source = yaml.safe_load(bundle.DEMO.read_text())
        source["testbed"] = {**source.get("testbed", {}), "seal-on-refresh": True}
        world = await worlds.build(tmp_path / "home", source)
        plan = await world.plan()
        attempt = world.create(plan)
        work = asyncio.create_task(world.work(attempt))
        while "sealed" not in world.model.units["vault/0"].workload.message:
            assert not work.done(), work.result()
            await asyncio.sleep(1)
        for _ in range(10):
            await asyncio.sleep(3 * lease.STALE_S)
            assert age_s(world) < lease.STALE_S / 2
        other = worlds.dataclasses.replace(world, home=tmp_path / "other")
        ending = await other.work(other.create(plan))
        assert ending.state is not RunState.COMPLETED
        assert not any(one.started for one in other.steps(ending_run(other)).values())
        journal = world.journal()
        journal.cancel(attempt.token, "operator")
        journal.close()
        assert (await work).state is RunState.STOPPED
        await asyncio.sleep(3 * lease.STALE_S)
        assert age_s(world) > lease.STALE_S

    worlds.run(story())


def put_back(world, copy):
    """Restore the unit's machine from a snapshot: its journal is as it was."""
    for path in world.home.iterdir():
        path.unlink()
    (world.home / FILE).write_bytes(copy)


@pytest.mark.parametrize("same_token", [False, True], ids=["later", "within one attempt"])
def test_a_restored_snapshot_of_the_units_machine_sends_nothing(tmp_path, same_token):
    """The old journal knows less than the model: its run stops before its first change."""

    async def story():
        world = await worlds.build(tmp_path / "home")
        plan = await world.plan()
        attempt = world.create(plan, Limit("step", 3))
        if same_token:
            copy = await copied_on_the_way(world, attempt)
        else:
            await world.work(attempt)
            copy = (world.home / FILE).read_bytes()
            await world.work(world.resume(attempt.run, Limit("step", 3)))
        put_back(world, copy)
        journal = world.journal()
        for one in journal.attempts(attempt.run):  # interrupted, as the charm finds it
            journal.end_attempt(one.token, RunState.INTERRUPTED)
        journal.close()
        entries = len(world.model.log.entries)
        with pytest.raises(lease.LeaseLost) as caught:
            await world.work(world.resume(attempt.run))
        assert caught.value.code in ("journal-old", "model-held")
        assert "plan" in caught.value.remedy or caught.value.code == "model-held"
        asked = [e for e in world.model.log.entries[entries:] if e["event"] == "asked"]
        assert asked == []

    worlds.run(story())


async def copied_on_the_way(world, attempt):
    """Take the snapshot while the attempt runs; then let it go on to its end."""
    work = asyncio.create_task(world.work(attempt))
    while not any(record.ended for record in world.steps(attempt.run).values()):
        await asyncio.sleep(0.1)
    kept = sqlite3.connect(world.home / FILE)
    kept.execute("vacuum into ?", (str(world.home.parent / "copy"),))
    kept.close()
    await work
    return (world.home.parent / "copy").read_bytes()


def ending_run(world) -> str:
    journal = world.journal()
    try:
        return journal.current().id
    finally:
        journal.close()
