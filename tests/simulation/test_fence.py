"""Within a step, too, nothing that can be left for later begins after a recorded cancel.

The order in the journal is the proof: whoever acknowledges a cancel has its commit, and a runner
that learns of it late finds it in the transaction that writes down what it is about to send.
"""

from __future__ import annotations

import asyncio

import pytest
from cou import crash
from cou.journal.records import POST_CHECK, Job, MarkState, RunState, StepState
from cou.wording import text, to_json
from cou.work import post_check

from tests.proof import small

from . import world as worlds
from .test_late_requests import operations
from .test_whole_run import assert_upgraded, finish

pytestmark = pytest.mark.slow

ARCHIVE = "nova-cloud-controller/archive-data"
BATCHES = 5


def many_batches(world):
    """Have it take several batches until nothing more is archived."""
    answer, asked = world.store.charm.action, 0

    async def action(unit, task):
        nonlocal asked
        found = await answer(unit, task)
        if task.name == "archive-data":
            asked += 1
            if asked < BATCHES:
                found.results["archive-deleted-rows"] = "7 rows"
        return found

    world.store.charm.action = action


def newest(world):
    journal = world.journal()
    try:
        return journal.newest_operation()[0]
    finally:
        journal.close()


async def cancelled_at(world, attempt, point, at, monkeypatch):
    """Work; record a cancel the `at`-th time that a point is passed while `batch-` is sent.

    The runner is told of it late, as by a look at the journal now and then: it finds it by itself.

    Returns:
        The ending, and the number of the newest operation when the cancel was recorded.
    """
    passed, found = 0, 0

    def observe(name):
        nonlocal passed, found
        if name != point or found or not operations(world, attempt.run, "archive-data"):
            return
        passed += 1
        if passed == at:
            found = newest(world)
            journal = world.journal()
            journal.cancel(attempt.token, "operator")
            journal.close()

    monkeypatch.setattr(crash, "observe", observe)
    ending = await world.work(attempt)
    monkeypatch.setattr(crash, "observe", None)
    assert found
    return ending, found


@pytest.mark.sampled(2)
@pytest.mark.parametrize("at", range(1, BATCHES))
@pytest.mark.parametrize(
    "point", ["juju/enqueue/before", "journal/record-task/after", "journal/record-verdict/after"]
)
async def test_no_batch_is_written_down_after_a_recorded_cancel(tmp_path, monkeypatch, point, at):
    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    many_batches(world)
    plan = await world.plan()
    attempt = world.create(plan)
    ending, last = await cancelled_at(world, attempt, point, at, monkeypatch)
    assert ending.state is RunState.STOPPED
    assert newest(world) == last
    (record,) = [one for name, one in world.steps(attempt.run).items() if "archive" in name]
    assert record.state is StepState.PENDING
    assert record.note == "drained between its operations"
    await finish(world, world.resume(attempt.run))
    assert_upgraded(world, plan, attempt.run)
    keys = [one.key for one in operations(world, attempt.run, "archive-data")]
    assert keys == [f"batch-{n}" for n in range(1, BATCHES + 1)]


async def stopped_with_marks(world, plan):
    """Stop a run while a hypervisor is out of service: two or more marks are set."""
    attempt = world.create(plan)

    def enough(name):
        marks = [one for one in world.marks(attempt.run) if one.state is MarkState.SET]
        return name == "journal/write-mark/after" and len(marks) > 2

    assert await world.work_until(attempt, enough) is None
    return attempt.run


@pytest.mark.sampled(1)
@pytest.mark.parametrize("job", [Job.RESTORE, Job.ABANDON])
async def test_no_mark_is_put_back_after_a_recorded_cancel(tmp_path, monkeypatch, job):
    """What was begun of it is finished; the others stay, and it can be gone on with."""

    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    run = await stopped_with_marks(world, await world.plan())
    attempt = world.resume(run, job=job)
    before = {one.id for one in world.marks(run) if one.state is MarkState.SET}

    def observe(name):
        if name == "journal/begin-step/after" and not recorded:
            recorded.append(name)
            journal = world.journal()
            journal.cancel(attempt.token, "operator")
            journal.close()

    recorded = []
    monkeypatch.setattr(crash, "observe", observe)
    ending = await world.work(attempt)
    monkeypatch.setattr(crash, "observe", None)
    assert recorded
    assert ending.state is RunState.STOPPED
    own = [one for one in world.steps(run).values() if one.id.startswith("put-back/")]
    (begun,) = (one.id.removeprefix("put-back/") for one in own if one.started)
    after = {one.id for one in world.marks(run) if one.state is MarkState.SET}
    assert before - {begun} <= after
    assert all(one.state.over or one.state is StepState.FAILED for one in own)
    await finish(world, world.resume(run))


def cancel_once(world, attempt, is_time):
    """Return an observer of points that records a cancel at the first at which it is time."""
    left = iter([None])

    def observe(name):
        if is_time(name) and next(left, 0) is None:
            journal = world.journal()
            journal.cancel(attempt.token, "operator")
            journal.close()
            world.cancelled = len(world.model.log.entries)

    return observe


def asked_since(world):
    """Return what was asked of units after the cancel."""
    return [one for one in world.model.log.entries[world.cancelled :] if "task" in one]


@pytest.mark.parametrize("side", ["before", "after"])
async def test_a_cancel_before_the_look_at_the_model_has_nothing_looked_at(
    tmp_path, monkeypatch, side
):
    """The look asks units by tasks: those are operations too."""

    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    attempt = world.create(await world.plan())
    point = f"journal/set-run-state/{side}"
    observe = cancel_once(world, attempt, lambda name: name == point)
    monkeypatch.setattr(crash, "observe", observe)
    ending = await world.work(attempt)
    monkeypatch.setattr(crash, "observe", None)
    assert ending.state is RunState.STOPPED
    assert asked_since(world) == []


@pytest.mark.parametrize("late", [False, True], ids=["before", "meanwhile"])
async def test_a_cancel_ends_the_last_look_and_the_run_is_completed(tmp_path, monkeypatch, late):
    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    attempt = world.create(await world.plan())
    read = post_check.reading.read

    async def slowly(*asked, **limits):
        crash.observe("look")
        await asyncio.sleep(5)
        return await read(*asked, **limits)

    def is_time(name):
        over = all(one.state.over for one in world.steps(attempt.run).values())
        return over and name == ("look" if late else "juju/annotate/after")

    monkeypatch.setattr(crash, "observe", cancel_once(world, attempt, is_time))
    monkeypatch.setattr(post_check.reading, "read", slowly)
    ending = await world.work(attempt)
    monkeypatch.setattr(crash, "observe", None)
    assert ending.state is RunState.COMPLETED
    assert asked_since(world) == []
    journal = world.journal()
    (told,) = [one for one in journal.events(attempt.run) if one.what == POST_CHECK]
    journal.close()
    assert told.data == {"findings": [], "failure": to_json(text("post-check/cancelled"))}
