"""Several at work at once: only what may be, everything once, and a cancel as ever.

The testbed's log tells who was at work when; the judge's own table says what may overlap.
"""

from __future__ import annotations

import asyncio
import contextlib
import random

import pytest
from cou.journal.records import MarkState, RunState, StepState
from juju_testbed.model.troubles import FOR_EVER, Mode, Trouble

from . import bundles, story
from . import world as worlds

pytestmark = pytest.mark.slow


async def cloud(path):
    return await story.cloud(path / "home", bundles.large("focal", "ussuri"))


async def small_cloud(path):
    zones = ("az1", "az1", "az1")
    return await story.cloud(path / "home", bundles.base("focal", "ussuri", zones=zones))


def running(world, run):
    return [step for step, one in world.steps(run).items() if one.state is StepState.RUNNING]


def in_doubt(world, run):
    return [step for step, one in world.steps(run).items() if one.state is StepState.IN_DOUBT]


def completed(world, attempt):
    journal = world.journal()
    try:
        return journal.run(attempt.run).state is RunState.COMPLETED
    finally:
        journal.close()


async def finish(world, attempt):
    for _ in range(40):
        ending = await world.work(attempt)
        if ending.state is RunState.COMPLETED:
            return
        assert ending.state is RunState.STOPPED, ending
        attempt = world.resume(attempt.run)
    raise AssertionError("it is not completed after 40 resumptions")


def assert_kept(world, plan, run):
    assert story.judged(world, target=plan.target, at_once=True) == []
    states = {record.state for record in world.steps(run).values()}
    assert states <= {StepState.DONE, StepState.SATISFIED}
    assert {mark.state for mark in world.marks(run)} == {MarkState.PUT_BACK}


@pytest.mark.parametrize("at_once", [4, pytest.param(16, marks=pytest.mark.deep)])
async def test_only_what_may_overlap_does(tmp_path, at_once):
    world = await cloud(tmp_path)
    plan = await world.plan(**{"max-parallel": at_once})
    attempt = world.create(plan)
    most = 0

    async def count():
        nonlocal most
        while True:
            most = max(most, len(running(world, attempt.run)))
            await asyncio.sleep(1)

    counting = asyncio.create_task(count())
    async with story.operator(world, every_s=2):
        await finish(world, attempt)
    counting.cancel()
    assert most > 2
    assert_kept(world, plan, attempt.run)


@pytest.mark.deep
async def test_at_one_the_plan_is_followed_step_by_step(tmp_path):
    world = await cloud(tmp_path)
    plan = await world.plan()
    attempt = world.create(plan)
    async with story.operator(world, every_s=2):
        await finish(world, attempt)
    records = world.steps(attempt.run)
    groups = [
        [leaf.id for leaf in group.single_steps()] for group in plan.root.walk() if group.parallel
    ]
    together = {step: min(one) for one in groups for step in one}
    order = [together.get(step.id, step.id) for step in plan.root.single_steps()]
    begun = sorted(records.values(), key=lambda one: (one.started, one.position))
    assert [together.get(one.id, one.id) for one in begun] == order
    assert story.judged(world, target=plan.target) == []


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.deep) for n in (1, 2))])
async def test_a_cancel_names_all_that_run_and_nothing_else_begins(tmp_path, seed):
    world = await small_cloud(tmp_path)
    plan = await world.plan(**{"max-parallel": 6})
    targets = {step.id: step.target for step in plan.root.single_steps()}
    attempt = world.create(plan)
    dice = random.Random(seed)
    several = 0
    async with story.operator(world, every_s=2):
        for _ in range(25):
            work = asyncio.create_task(world.work(attempt))
            await asyncio.sleep(dice.uniform(0.5, 40))
            if work.done():
                break
            journal = world.journal()
            _, named = journal.cancel(attempt.token, "operator")
            before = len(world.model.log.entries)
            journal.close()
            several += len(named) > 1
            ending = await work
            if ending.state is RunState.COMPLETED:
                break  # nothing ran any more; a last look only reads
            asked = [e for e in world.model.log.entries[before:] if e["event"] == "asked"]
            theirs = {targets[step] for step in named}
            apps = {target.partition("/")[0] for target in theirs}
            for entry in asked:
                if entry["by"] == "cou" and "Annotations" not in entry["data"]["call"]:
                    whom = entry["application"] or entry["unit"].partition("/")[0]
                    assert entry["unit"] in theirs or whom in apps, entry
            attempt = world.resume(attempt.run)
        if not completed(world, attempt):
            await finish(world, attempt)
    assert several
    assert_kept(world, plan, attempt.run)


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.deep) for n in (1, 2))])
async def test_killed_with_several_running_each_is_gone_on_with(tmp_path, seed):
    world = await small_cloud(tmp_path)
    plan = await world.plan(**{"max-parallel": 6})
    attempt = world.create(plan)
    dice = random.Random(seed)
    kills, several, ending = 0, 0, None
    async with story.operator(world, every_s=2):
        while ending is None and kills < 12:
            strikes = worlds.countdown(dice.randrange(1, 250))
            ending = await world.work_until(attempt, strikes)
            if ending is None or world.asks(attempt.run):
                kills += ending is None
                ending = None
                several += len(in_doubt(world, attempt.run)) > 1
                attempt = world.resume(attempt.run)
        if ending is None:
            await finish(world, attempt)
        else:
            assert ending.state is RunState.COMPLETED, ending
    assert several
    assert_kept(world, plan, attempt.run)


async def test_what_fails_at_once_has_nothing_further_begin_and_is_the_cause(tmp_path):
    world = await small_cloud(tmp_path)
    # Two of four that run together fail, and what follows the others could still begin.
    for unit in ("cinder/0", "placement/0"):
        trouble = Trouble("command", unit, "*dist-upgrade*", Mode.FAIL, FOR_EVER)
        world.model.troubles.add(trouble)
    attempt = world.create(await world.plan(**{"max-parallel": 6}))
    ending = await world.work(attempt)
    assert ending.state is RunState.FAILED
    records = world.steps(attempt.run).values()
    failed = {one.id: one for one in records if one.state is StepState.FAILED}
    assert set(failed) == {f"{app}/{app}-0/upgrade-packages" for app in ("cinder", "placement")}
    with contextlib.closing(world.journal()) as journal:
        ended = [one.data for one in journal.events(attempt.run) if one.what == "step-ended"]
    assert ending.error.step == next(one["step"] for one in ended if one["step"] in failed)
    begun = max(one.started for one in records if one.started)
    assert begun <= min(one.ended for one in failed.values())


async def test_when_one_fails_the_others_end_and_nothing_further_begins(tmp_path):
    world = await small_cloud(tmp_path)
    place = story.place(world)
    place.site("glance/0").world.lies["failing-hook"] = 99
    plan = await world.plan(**{"max-parallel": 6})
    attempt = world.create(plan)
    async with story.operator(world, every_s=2):
        ending = await world.work(attempt)
    assert ending.state is RunState.FAILED
    assert "glance/0" in ending.error.told
    records = world.steps(attempt.run).values()
    failed = [one for one in records if one.state is StepState.FAILED]
    assert [one.id.partition("/")[0] for one in failed] == ["glance"]
    assert not [one for one in records if one.state is StepState.RUNNING]
    later = [one for one in records if one.started and one.started > failed[0].ended]
    assert later == []
    beside = [one for one in records if one.ended and one.ended > failed[0].ended]
    assert all(one.state.over for one in beside)
