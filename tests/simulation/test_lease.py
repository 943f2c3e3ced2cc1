"""The model's name for a run stays fresh for as long as its runner lives."""

from __future__ import annotations

import asyncio
import datetime
import json
import sqlite3

import pytest
import yaml
from cou import crash
from cou.errors import JujuError
from cou.journal import FILE
from cou.journal.records import Job, Limit, RunState
from cou.work import lease, release_lease
from cou.work.attempt import Runner
from juju_testbed.charms import bundle

from tests.proof import small

from . import world as worlds


def age_s(world) -> float:
    """Return how long ago the runner renewed its name on the model."""
    text = world.model.annotations[f"model-{world.model.uuid}"][lease.KEY]
    renewed = datetime.datetime.fromisoformat(json.loads(text)["renewed"])
    return (world.clock.now() - renewed).total_seconds()


@pytest.mark.slow
async def test_a_run_that_only_waits_keeps_others_out(tmp_path):
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


def put_back(world, copy):
    """Restore the unit's machine from a snapshot: its journal is as it was."""
    for path in world.home.iterdir():
        path.unlink()
    (world.home / FILE).write_bytes(copy)


@pytest.mark.parametrize("same_token", [False, True], ids=["later", "within one attempt"])
async def test_a_restored_snapshot_of_the_units_machine_sends_nothing(tmp_path, same_token):
    """The old journal knows less than the model: its run stops before its first change."""

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
    assert caught.value.code == "journal-old"
    assert "plan" in caught.value.remedy
    asked = [e for e in world.model.log.entries[entries:] if e["event"] == "asked"]
    assert asked == []


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


class Slow:
    """A model whose answers take as long as they are told to; the first take longest."""

    def __init__(self, juju, delays):
        self._juju = juju
        self._delays = list(delays)

    async def annotations(self, tag):
        await asyncio.sleep(1.0)
        return await self._juju.annotations(tag)

    async def set_annotations(self, tag, values):
        await asyncio.sleep(self._delays.pop(0) if self._delays else 1.0)
        await self._juju.set_annotations(tag, values)


async def taken(tmp_path, delays=()):
    """Return a world, its journal, an attempt and a lease that was taken."""
    world = await worlds.build(tmp_path / "home")
    attempt = world.create(await world.plan())
    journal = world.journal()
    held = lease.Lease(
        Slow(world.client(), delays),
        world.clock,
        world.model.uuid,
        attempt.run,
        "cou/0",
        1,
        journal,
    )
    await held.take(await held.await_free())
    return world, journal, attempt, held


def intend(journal, attempt, key):
    step = next(iter(journal.steps(attempt.run)))
    return journal.record_intent(attempt.token, step, key, {})


def shown(world, key):
    text = world.model.annotations.get(f"model-{world.model.uuid}", {}).get(key, "{}")
    return json.loads(text)


async def test_the_position_stands_on_the_model_before_a_change_and_takes_no_time_of_its_own(
    tmp_path,
):
    world, journal, attempt, held = await taken(tmp_path)
    for key in ("a", "b"):
        made = intend(journal, attempt, key)
        begun = world.clock.monotonic()
        await held.check()
        # Both ways of one question and its answer (1.01 s), as when it was only asked.
        assert world.clock.monotonic() - begun == pytest.approx(1.01)
        position = shown(world, f"{lease.POSITION}{attempt.run}")
        assert position["sent"] == [made.id, made.intended.isoformat()]


async def test_another_holder_is_found_before_a_change_and_loses_nothing_by_it(tmp_path):
    world, journal, attempt, held = await taken(tmp_path)
    other = {lease.KEY: '{"run": "x"}', f"{lease.POSITION}x": '{"sent": [7, "then"]}'}
    world.model.set_annotations(f"model-{world.model.uuid}", other, "admin")
    intend(journal, attempt, "a")
    with pytest.raises(lease.LeaseLost):
        await held.check()
    assert {key: json.dumps(shown(world, key)) for key in other} == other


async def test_a_machine_restored_with_its_memory_is_found_out_before_its_next_change(tmp_path):
    """What it knows, and the name, are of one time; the position that stands there is later."""

    world, journal, attempt, held = await taken(tmp_path)
    intend(journal, attempt, "a")
    await held.check()
    later = {"sent": [7, world.clock.now().isoformat()]}
    key = f"{lease.POSITION}{attempt.run}"
    world.model.set_annotations(f"model-{world.model.uuid}", {key: json.dumps(later)}, "admin")
    intend(journal, attempt, "b")
    with pytest.raises(lease.LeaseLost) as caught:
        await held.check()
    assert caught.value.code == "journal-old"


@pytest.mark.slow
@pytest.mark.parametrize("job", [Job.UPGRADE, Job.RESTORE, Job.ABANDON])
async def test_a_cancel_ends_the_watch_of_a_name_that_may_be_alive(tmp_path, job):
    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    attempt = world.create(await world.plan(), Limit("step", 1))
    if job is not Job.UPGRADE:
        await world.work(attempt)
        attempt = world.resume(attempt.run, job=job)
    gone = {"run": "x", "holder": "other/0", "state": "running", "renewed": "yesterday"}
    tag = f"model-{world.model.uuid}"
    world.model.set_annotations(tag, {lease.KEY: json.dumps(gone)}, "admin")
    work = asyncio.create_task(world.work(attempt))
    await asyncio.sleep(30)  # it is watched for two minutes
    begun = world.clock.monotonic()
    journal = world.journal()
    journal.cancel(attempt.token, "operator")
    journal.close()
    assert (await work).state is RunState.STOPPED
    assert world.clock.monotonic() - begun < 1
    assert shown(world, lease.KEY) == gone


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["refresh", "set-config", "juju-exec", "pause"])
async def test_no_change_of_any_kind_is_sent_once_another_holds_the_model(
    tmp_path, monkeypatch, kind
):
    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    attempt = world.create(await world.plan())
    taken_over = []

    def observe(name):
        if taken_over or name != "journal/intend/after":
            return
        journal = world.journal()
        newest = journal.operations(attempt.run)[-1].request
        journal.close()
        if kind in (newest["kind"], newest.get("name")):
            renewed = world.clock.now().isoformat()
            other = json.dumps({"run": "x", "holder": "other/0", "renewed": renewed})
            world.model.set_annotations(f"model-{world.model.uuid}", {lease.KEY: other}, "admin")
            taken_over.append(len(world.model.log.entries))

    monkeypatch.setattr(crash, "observe", observe)
    ending = await world.work(attempt)
    assert (ending.state, ending.error.code) == (RunState.FAILED, "model-held")
    monkeypatch.setattr(crash, "observe", None)
    since = world.model.log.entries[taken_over[0] :]
    asked = [one for one in since if one["event"] == "asked" and one["by"] == worlds.USER]
    assert [one for one in asked if "Annotations" not in one["data"].get("call", "")] == []


async def test_of_changes_at_the_same_time_none_is_sent_before_a_position_that_has_it(tmp_path):
    """Also where the first to be written is the last to arrive."""

    delays = (0.0, 9.0, 3.0, 1.0)
    world, journal, attempt, held = await taken(tmp_path, delays)
    seen = []

    async def change(key):
        made = intend(journal, attempt, key)
        await held.check()
        seen.append((shown(world, f"{lease.POSITION}{attempt.run}")["sent"][0], made.id))

    changes = []
    for key in ("a", "b", "c", "d"):
        changes.append(asyncio.create_task(change(key)))
        await asyncio.sleep(0.1)
    await asyncio.gather(*changes)
    assert len(seen) == 4
    assert all(announced >= own for announced, own in seen), seen


@pytest.mark.slow
async def test_a_run_that_is_over_leaves_neither_name_nor_position(tmp_path):
    world = await worlds.build(tmp_path / "home")
    attempt = world.create(await world.plan())
    tag = f"model-{world.model.uuid}"
    world.model.set_annotations(tag, {f"{lease.POSITION}older": "{}"}, "admin")
    work = asyncio.create_task(world.work(attempt))
    while f"{lease.POSITION}{attempt.run}" not in world.model.annotations.get(tag, {}):
        await asyncio.sleep(1)
    assert (await work).state is RunState.COMPLETED
    assert not world.model.annotations.get(tag)


@pytest.mark.parametrize(
    "text", ["", "[]", "nonsense", '{"sent": "x"}', '{"sent": [1]}', '{"told": 5}']
)
async def test_a_position_that_is_none_of_ours_stops_nobody(tmp_path, text):
    world = await worlds.build(tmp_path / "home")
    attempt = world.create(await world.plan(), Limit("step", 1))
    tag, key = f"model-{world.model.uuid}", f"{lease.POSITION}{attempt.run}"
    world.model.set_annotations(tag, {key: text}, "admin")
    assert (await world.work(attempt)).state is RunState.STOPPED


def ended(world, run):
    """Record that all attempts are over, as those do who find nobody at work."""
    journal = world.journal()
    for one in journal.attempts(run):
        journal.end_attempt(one.token, RunState.INTERRUPTED)
    journal.close()


async def with_a_copy_from_before(world):
    """Return a run that was killed once it had set marks, and a copy from before them."""
    attempt = world.create(await world.plan())
    copies = []

    def strikes(name):
        if not copies:
            kept = sqlite3.connect(world.home / FILE)
            kept.execute("vacuum into ?", (str(world.home.parent / "copy"),))
            kept.close()
            copies.append((world.home.parent / "copy").read_bytes())
        marks = shown(world, lease.KEY).get("marks", [])
        return marks and name == "juju/set-config/after"

    assert await world.work_until(attempt, strikes) is None
    return attempt.run, copies[0]


@pytest.mark.slow
async def test_with_an_old_journal_a_run_can_be_abandoned_and_what_it_left_is_found(tmp_path):
    world = await worlds.build(tmp_path / "home")
    run, copy = await with_a_copy_from_before(world)
    left = set(shown(world, lease.KEY)["marks"])
    put_back(world, copy)
    ended(world, run)
    with pytest.raises(lease.LeaseLost):
        await world.work(world.resume(run))
    ended(world, run)
    with pytest.raises(lease.LeaseLost) as caught:
        await world.work(world.resume(run, job=Job.RESTORE))
    assert caught.value.code == "journal-old"
    ended(world, run)
    ending = await world.work(world.resume(run, job=Job.ABANDON))
    assert ending.state is RunState.ABANDONED
    name = shown(world, lease.KEY)
    assert (name["state"], set(name["marks"])) == ("abandoned", left)
    found = {one.code: one for one in (await world.plan()).problems}
    assert "leftover-marks" in found
    assert "leftover-run" not in found


@pytest.mark.sampled(1)
@pytest.mark.slow
@pytest.mark.parametrize("way", ["the newest put back", "moved away"])
async def test_what_is_said_of_an_old_journal_ends_in_a_whole_cloud(tmp_path, way):
    world = await worlds.build(tmp_path / "home")
    run, copy = await with_a_copy_from_before(world)
    newest = (world.home / FILE).read_bytes()
    log = world.home.with_name(f"{FILE}-newest")
    kept = sqlite3.connect(world.home / FILE)
    kept.execute("vacuum into ?", (str(log),))
    kept.close()
    newest = log.read_bytes()
    put_back(world, copy)
    ended(world, run)
    with pytest.raises(lease.LeaseLost) as caught:
        await world.work(world.resume(run))
    assert "Put the newest journal back" in caught.value.remedy
    if way == "moved away":
        put_back(world, b"")
        (world.home / FILE).unlink()
        plan = await world.plan()
        codes = {one.code for one in plan.problems}
        assert {"leftover-run", "leftover-marks"} <= codes
        await asyncio.sleep(lease.STALE_S)
        attempt = world.create(await world.plan())
    else:
        put_back(world, newest)
        ended(world, run)
        attempt = world.resume(run)
    ending = await world.work(attempt)
    assert ending.state is RunState.COMPLETED, ending


class Deaf:
    """A model that does not take the word of a run's end, the first so many times."""

    def __init__(self, juju, times):
        self._juju = juju
        self.left = times

    def __getattr__(self, name):
        return getattr(self._juju, name)

    async def set_annotations(self, tag, values):
        name = values.get(lease.KEY)
        if self.left and name is not None and '"running"' not in name:
            self.left -= 1
            raise JujuError("unreachable", "No answer.", "Wait.", sent=False)
        await self._juju.set_annotations(tag, values)


@pytest.mark.slow
@pytest.mark.parametrize(("times", "stands"), [(0, False), (1, False), (9, True)])
async def test_the_journal_knows_whether_the_model_was_told_of_the_end(tmp_path, times, stands):
    world = await worlds.build(tmp_path / "home")
    attempt = world.create(await world.plan(), Limit(granularity="step", count=2))
    journal = world.journal()
    juju = Deaf(world.client(), times)
    runner = Runner(journal, juju, attempt, "cou/0", world.clock, outside=world)
    ending = await runner.work()
    if times == 1:  # a run that is done says it before its last look, and once more
        assert journal.is_on_model(attempt.run)
        await runner._release(ending.state)
    assert ending.state is RunState.STOPPED
    assert journal.is_on_model(attempt.run) is stands
    assert (shown(world, lease.KEY)["state"] == "running") is stands
    assert await release_lease.release_once(journal, world.client(), ending.state, 5.0)
    assert shown(world, lease.KEY)["state"] == "stopped"
