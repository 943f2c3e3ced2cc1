"""The runner's watch: a signal is heard at once, and what is waited for is written down once."""

from __future__ import annotations

import asyncio
import collections

import pytest
import yaml
from cou import crash
from cou.journal import Journal
from cou.journal.records import RunState
from cou.operations.outside import Outside
from cou.work.attempt import Runner
from juju_testbed.charms import bundle

from tests.proof import small

from . import world as worlds

pytestmark = pytest.mark.slow


async def test_a_cancel_is_heard_as_soon_as_the_signal_comes(tmp_path):
    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    attempt = world.create(await world.plan())
    journal = Journal(world.home, now=world.clock.now)
    runner = Runner(journal, world.client(), attempt, "cou/0", world.clock, outside=Outside())
    work = asyncio.ensure_future(runner.work())
    while not journal.running(attempt.run):
        await asyncio.sleep(0.1)
    assert world.state_of(attempt.run) is RunState.RUNNING
    other = Journal(world.home, now=world.clock.now)
    other.cancel(attempt.token, "operator")
    other.close()
    runner.wake()
    await asyncio.sleep(0.001)  # looks at the journal are half a second apart
    assert runner._executor.draining
    assert (await work).state is RunState.STOPPED
    journal.close()


async def test_what_a_run_waits_for_is_written_once_however_long_it_waits(tmp_path, monkeypatch):
    source = yaml.safe_load(bundle.DEMO.read_text())
    source["testbed"] = {**source.get("testbed", {}), "seal-on-refresh": True}
    world = await worlds.build(tmp_path / "home", source)
    attempt = world.create(await world.plan())
    work = asyncio.ensure_future(world.work(attempt))
    while world.state_of(attempt.run) is not RunState.WAITING:
        assert not work.done(), work.result()
        await asyncio.sleep(1)
    await asyncio.sleep(60)
    written = collections.Counter()
    monkeypatch.setattr(crash, "observe", lambda name: written.update([name]))
    await asyncio.sleep(3600)
    monkeypatch.setattr(crash, "observe", None)
    journal = world.journal()
    journal.cancel(attempt.token, "operator")
    journal.close()
    assert (await work).state is RunState.STOPPED
    # What it waits for, and since when, is no news; that its name is renewed goes to Juju.
    assert [name for name in written if name.startswith("journal/")] == []
