"""Whole upgrades of a whole cloud in virtual time: to the end, stopped, killed, and resumed."""

from __future__ import annotations

import asyncio
import collections
import random

import pytest
from cou.journal import FencedOff
from cou.journal.records import POST_CHECK, Job, Limit, MarkState, RunState, StepState
from juju_testbed.model.troubles import Mode, Trouble

from tests.proof import small

from . import world as worlds


def operations(world):
    """Count what changed the cloud, by what was done to whom."""
    counted = collections.Counter()
    for entry in world.model.log.entries:
        name = entry["data"].get("name", "")
        if entry["event"] == "task-begun" and name in ONCE:
            counted[name, entry["unit"]] += 1
        elif entry["event"] == "config-changed":
            counted[entry["data"]["key"], entry["application"], str(entry["data"]["new"])] += 1
        elif entry["event"] == "charm-changed":
            counted[entry["data"]["new"], entry["application"]] += 1
    return counted


ONCE = ("openstack-upgrade", "mysqldump", "pause", "resume", "enable", "disable", "purge-data")


def assert_upgraded(world, plan, run):
    assert {record.state for record in world.steps(run).values()} <= {
        StepState.DONE,
        StepState.SATISFIED,
    }
    assert {mark.state for mark in world.marks(run)} == {MarkState.PUT_BACK}
    repeated = {what: count for what, count in operations(world).items() if count > 1}
    assert not repeated


async def finish(world, attempt):
    """Resume until the run is completed, as an operator would."""
    while True:
        ending = await world.work(attempt)
        if ending.state is RunState.COMPLETED:
            return
        assert ending.state is RunState.STOPPED or world.asks(attempt.run), ending
        attempt = world.resume(attempt.run)


@pytest.mark.slow
async def test_a_cloud_is_upgraded_to_the_end(tmp_path):
    world = await worlds.build(tmp_path / "home")
    plan = await world.plan()
    assert not plan.blocking
    attempt = world.create(plan)
    ending = await world.work(attempt)
    assert ending.state is RunState.COMPLETED, ending.error
    assert_upgraded(world, plan, attempt.run)
    journal = world.journal()
    (seen,) = [one for one in journal.events(attempt.run) if one.what == POST_CHECK]
    journal.close()
    assert ([one["code"] for one in seen.data["findings"]], seen.data["failure"]) == (
        ["not-recognised"],  # which the bundle has on purpose
        "",
    )
    again = await world.plan(group="all")
    assert again.origin == plan.target == "victoria"


@pytest.mark.sampled(1)
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
async def test_cancelled_again_and_again_it_still_does_everything_once(tmp_path, seed):
    """After an acknowledgement operations reach only the targets that it named."""

    world = await worlds.build(tmp_path / "home")
    plan = await world.plan()
    targets = {step.id: step.target for step in plan.root.single_steps()}
    attempt = world.create(plan)
    dice = random.Random(seed)
    for _ in range(6):
        journal = world.journal()
        work = asyncio.create_task(world.work(attempt))
        await asyncio.sleep(dice.uniform(0.5, 120))
        if work.done():
            break
        _, running = journal.cancel(attempt.token, "operator")
        before = len(world.model.log.entries)
        journal.close()
        ending = await work
        assert ending.state in (RunState.STOPPED, RunState.COMPLETED)
        named = {targets[step] for step in running}
        for entry in world.model.log.entries[before:]:
            if entry["event"] == "asked" and entry["by"] == "cou":
                assert touches(entry, named), entry
        busy = [u.name for u in world.model.units.values() if u.agent.current == "executing"]
        owners = {application(target) for target in named}
        assert not [unit for unit in busy if application(unit) in owners]
        if ending.state is RunState.COMPLETED:
            break
        attempt = world.resume(attempt.run)
    if world.journal().run(attempt.run).state is not RunState.COMPLETED:
        await finish(world, attempt)
    assert_upgraded(world, plan, attempt.run)


async def test_a_simulated_runner_looks_at_its_journal_when_a_real_one_would_find_something(
    tmp_path,
):
    world = await worlds.build(tmp_path / "home")
    attempt = world.create(await world.plan())
    loop = asyncio.get_running_loop()
    begun, news = loop.time(), asyncio.Event()
    for happens, seen in ((100.2, 100.5), (100.9, 101.0)):
        looking = asyncio.ensure_future(world.pause(0.5, news))
        await asyncio.sleep(begun + happens - loop.time())
        assert not looking.done()
        world.journal().cancel(attempt.token, "operator")
        await looking
        assert loop.time() - begun == pytest.approx(seen)


def application(name):
    return name.split("/")[0]


def touches(entry, named):
    if entry["data"].get("call", "").startswith("Annotations"):
        return True
    return entry["unit"] in named or (entry["application"] or application(entry["unit"])) in named


@pytest.mark.sampled(1)
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(6))
async def test_killed_at_random_instants_it_still_does_everything_once(tmp_path, seed):
    world = await worlds.build(tmp_path / "home")
    plan = await world.plan()
    attempt = world.create(plan)
    dice = random.Random(seed)
    kills, ending = 0, None
    while ending is None and kills < 12:
        ending = await world.work_until(attempt, worlds.countdown(dice.randrange(1, 150)))
        if ending is None or world.asks(attempt.run):
            kills += ending is None
            ending = None
            attempt = world.resume(attempt.run)
    if ending is None:
        await finish(world, attempt)
    else:
        assert ending.state is RunState.COMPLETED, ending
    assert kills >= 8
    assert_upgraded(world, plan, attempt.run)


@pytest.mark.slow
@pytest.mark.parametrize("granularity", ["application", "step"])
@pytest.mark.parametrize("count", [1, 2])
async def test_upgrade_step_takes_as_many_as_it_was_told(tmp_path, granularity, count):
    world = await worlds.build(tmp_path / "home")
    plan = await world.plan()
    order = [step.id for step in plan.root.single_steps()]
    unit_of = dict(plan.parts) if granularity == "application" else {one: one for one in order}
    units = list(dict.fromkeys(unit_of[step] for step in order))
    assert len(units) > 20
    limit = Limit(granularity, count)
    attempt = world.create(plan, limit)
    done = set()
    for first in range(0, len(units), count):
        ending = await world.work(attempt)
        after = {name for name, one in world.steps(attempt.run).items() if one.state.over}
        due = units[first : first + count]
        assert after - done == {step for step in order if unit_of[step] in due}
        done = after
        if first + count < len(units):
            assert ending.state is RunState.STOPPED
            attempt = world.resume(attempt.run, limit)
    assert ending.state is RunState.COMPLETED
    assert_upgraded(world, plan, attempt.run)


@pytest.mark.slow
async def test_what_a_gate_leaves_out_is_not_touched_and_what_was_switched_is_put_back(tmp_path):
    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    plan = await world.plan()
    attempt = world.create(plan)
    mark = "compute-service:nova-compute/1"

    def gets_instances(name):
        marked = name == "journal/write-mark/after" and world.marks(attempt.run)
        if marked and mark in {one.id for one in marked}:
            world.store.charm.place.site("nova-compute/1").world.instances = 2
        return False

    ending = await world.work_until(attempt, gets_instances)
    assert ending.state is RunState.COMPLETED
    records = world.steps(attempt.run)
    states = {name: one.state for name, one in records.items()}
    host = "az2/nova-compute-1"
    assert states[f"{host}/verify-empty-nova-compute-1"] is StepState.SKIPPED
    for left_out in (f"{host}/upgrade-packages", f"{host}/upgrade-unit"):
        assert states[left_out] is StepState.SKIPPED
        assert records[left_out].note == "the rest of its group was left out"
    assert states[f"{host}/enable-nova-compute-1"] is StepState.DONE
    behind = {name for name, state in states.items() if state is StepState.SKIPPED}
    assert {name.partition("/")[0] for name in behind} == {"az2", "neutron-api", "ceph-osd"}
    begun = {
        (one["unit"], one["data"]["name"])
        for one in world.model.log.entries
        if one["event"] == "task-begun"
    }
    assert ("nova-compute/1", "openstack-upgrade") not in begun
    assert ("nova-compute/1", "enable") in begun
    marks = {one.id: one.state for one in world.marks(attempt.run)}
    assert marks[mark] is MarkState.PUT_BACK


@pytest.mark.slow
async def test_a_runner_whose_run_was_taken_from_it_within_a_step_writes_nothing_more(tmp_path):
    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    attempt = world.create(await world.plan())
    work = asyncio.create_task(world.work(attempt))
    while not [one for one in world.steps(attempt.run).values() if one.started]:
        await asyncio.sleep(0.1)
    world.bury(attempt)
    later = world.resume(attempt.run)
    before = world.steps(attempt.run), world.marks(attempt.run)
    with pytest.raises(FencedOff):
        await work
    assert (world.steps(attempt.run), world.marks(attempt.run)) == before
    assert (await world.work(later)).state is RunState.COMPLETED


async def test_upgrade_step_refuses_another_step_than_expected(tmp_path):
    world = await worlds.build(tmp_path / "home")
    plan = await world.plan()
    attempt = world.create(plan, Limit("step", 1, "no/such/step"))
    ending = await world.work(attempt)
    assert ending.state is RunState.STOPPED
    assert ending.error.code == "not-expected"
    assert not any(r.started for r in world.steps(attempt.run).values())


@pytest.mark.slow
async def test_what_changed_since_the_plan_was_shown_is_refused_and_nothing_is_sent(tmp_path):
    world = await worlds.build(tmp_path / "home")
    plan = await world.plan()
    attempt = world.create(plan)
    world.model.set_config("keystone", {"openstack-origin": "cloud:focal-victoria"}, "admin")
    before = len(world.model.log.entries)
    ending = await world.work(attempt)
    assert ending.state is RunState.REFUSED
    assert "keystone" in ending.error.told
    asked = [e for e in world.model.log.entries[before:] if e["event"] == "asked"]
    assert {e["data"]["name"] for e in asked if e["by"] == "cou"} <= READS


@pytest.mark.slow
async def test_a_unit_that_is_busy_when_the_upgrade_begins_is_given_time_to_answer(tmp_path):
    world = await worlds.build(tmp_path / "home")
    attempt = world.create(await world.plan())
    world.model.troubles.add(Trouble("action", "nova-compute/1", "instance-count", Mode.HOLD))
    asyncio.get_running_loop().call_later(90, world.model.troubles.clear)
    ending = await world.work(attempt)
    assert ending.state is RunState.COMPLETED, ending.error


READS = {"instance-count", "list-compute-nodes", "juju-exec"}


@pytest.mark.slow
async def test_an_abandoned_run_puts_its_marks_back(tmp_path):
    world = await worlds.build(tmp_path / "home")
    plan = await world.plan()
    attempt = world.create(plan)
    work = asyncio.create_task(world.work(attempt))
    while not any(m.kind == "compute-service" for m in world.marks(attempt.run)):
        await asyncio.sleep(1)
    world.journal().cancel(attempt.token, "operator")
    assert (await work).state is RunState.STOPPED
    assert any(m.state is MarkState.SET for m in world.marks(attempt.run))
    done = {one.id for one in world.steps(attempt.run).values() if one.state is StepState.DONE}
    attempt = world.resume(attempt.run, job=Job.ABANDON)
    ending = await world.work(attempt)
    assert ending.state is RunState.ABANDONED
    left = {m.id: m for m in world.marks(attempt.run) if m.state is not MarkState.PUT_BACK}
    assert set(left) <= {"option:nova-compute:action-managed-upgrade"}
    assert all(m.state is MarkState.KEPT and m.note for m in left.values())
    for mark in world.marks(attempt.run):
        closed = world.steps(attempt.run).get(f"put-back/{mark.id}")
        if closed is not None:
            kept = mark.state is MarkState.KEPT
            assert closed.state is (StepState.FAILED if kept else StepState.DONE)
            assert closed.error == (mark.note if kept else "")
    # What was done is told as done, also where it was undone since: nothing comes after.
    assert {world.steps(attempt.run)[step].state for step in done} == {StepState.DONE}
