"""However a restore ends, upgrade alone finishes the job afterwards."""

from __future__ import annotations

import contextlib
import json

import pytest
from cou.errors import CouError
from cou.journal.records import Job, MarkState, RunState, StepState
from cou.show import history
from cou.wording import IN_DOCUMENTS
from cou.work import lease, release_marks

from . import world as worlds
from .test_unfinished import seen, stop_when
from .test_whole_run import finish

pytestmark = pytest.mark.slow

MARK = "option:rabbitmq-server:enable-auto-restarts"
SETS_IT = "rabbitmq-server/set-config/enable-auto-restarts"


async def stopped_with_a_mark(world):
    plan = await world.plan()
    attempt = world.create(plan)
    ending = await stop_when(
        world, attempt, lambda: MARK in {mark.id for mark in world.marks(attempt.run)}
    )
    assert ending.state is RunState.STOPPED
    return attempt.run


async def assert_finished(world, run):
    await finish(world, world.resume(run))
    states = {record.state for record in world.steps(run).values()}
    assert states <= {StepState.DONE, StepState.SATISFIED, StepState.SKIPPED}
    assert {mark.state for mark in world.marks(run)} == {MarkState.PUT_BACK}


@pytest.mark.sampled(1)
@pytest.mark.parametrize("point", ["make-due", "write-mark", "end-step"])
@pytest.mark.parametrize("side", ["before", "after"])
@pytest.mark.parametrize("again", [True, False], ids=["restored again", "upgraded"])
async def test_a_restore_killed_at_a_write_is_made_whole_by_the_next_and_by_upgrade(
    tmp_path, point, side, again
):
    world = await worlds.build(tmp_path / "home")
    run = await stopped_with_a_mark(world)
    attempt = world.resume(run, job=Job.RESTORE)
    at = f"journal/{point}/{side}"
    assert await world.work_until(attempt, lambda name: name == at) is None
    if again:
        ending = await world.work(world.resume(run, job=Job.RESTORE))
        assert ending.state is RunState.STOPPED
        assert world.steps(run)[SETS_IT].state is StepState.PENDING
        closed = world.steps(run)[f"put-back/{MARK}"]
        assert closed.state is StepState.DONE
        if (point, side) == ("write-mark", "after"):  # the second has nothing else to do for it
            assert closed.note == "its mark was put back"
        assert {m.state for m in world.marks(run) if m.id == MARK} == {MarkState.PUT_BACK}
    await assert_finished(world, run)


async def test_a_restore_does_not_take_the_run_back_to_where_its_steps_were(tmp_path):
    world = await worlds.build(tmp_path / "home")
    run = await stopped_with_a_mark(world)
    before = seen(world)
    assert before.again == ()
    await world.work(world.resume(run, job=Job.RESTORE))
    assert world.steps(run)[f"put-back/{MARK}"].state is StepState.DONE
    after = seen(world)
    assert SETS_IT in after.again
    assert after.next == after.again[0]
    assert (after.number, after.total) == (before.number, before.total)
    shown = f"step {before.number} of {before.total}, {len(after.again)} due again"
    assert f"stopped, {shown}." in after.to_text(IN_DOCUMENTS)
    assert after.to_dict()["due-again"] == list(after.again)
    with contextlib.closing(world.journal()) as journal:
        account = history.make_report(journal, alive=False, now=world.clock.now())
    assert account is not None
    # What it put back is told, and is no step of the plan.
    assert len(account.steps) > account.total == before.total
    assert account.over == before.number - 1 - len(after.again)
    await assert_finished(world, run)
    assert seen(world).again == ()


async def test_the_model_names_a_mark_again_that_only_the_ledger_knew(tmp_path, monkeypatch):
    world = await worlds.build(tmp_path / "home")
    plan = await world.plan()
    attempt = world.create(plan)
    run = attempt.run

    def has_set_it(name):
        return name == "journal/write-mark/after"

    assert await world.work_until(attempt, has_set_it) is None
    (mark,) = world.marks(run)
    assert mark.id not in on_model(world)

    async def fail(*_):
        raise CouError("lost", "It cannot be put back now.")

    with monkeypatch.context() as patch:
        patch.setattr(release_marks.put_back_early, "release", fail)
        await world.work(world.resume(run, job=Job.RESTORE))
    assert on_model(world) == [mark.id]
    await world.work(world.resume(run, job=Job.RESTORE))
    assert on_model(world) == []


def on_model(world):
    return json.loads(world.model.annotations[f"model-{world.model.uuid}"][lease.KEY])["marks"]


async def test_a_mark_that_a_restore_could_not_put_back_does_not_keep_the_run_from_its_end(
    tmp_path, monkeypatch
):
    world = await worlds.build(tmp_path / "home")
    run = await stopped_with_a_mark(world)

    async def fail(*_):
        raise CouError("lost", "It cannot be put back now.")

    with monkeypatch.context() as patch:
        patch.setattr(release_marks.put_back_early, "release", fail)
        await world.work(world.resume(run, job=Job.RESTORE))
    assert world.steps(run)[f"put-back/{MARK}"].state is StepState.FAILED
    assert {m.state for m in world.marks(run) if m.id == MARK} == {MarkState.SET}
    await assert_finished(world, run)


@pytest.mark.parametrize("job", [Job.RESTORE, Job.ABANDON])
async def test_nothing_is_put_back_after_a_cancel_is_acknowledged(tmp_path, job):
    world = await worlds.build(tmp_path / "home")
    run = await stopped_with_a_mark(world)
    attempt = world.resume(run, job=job)

    def cancel(name):
        if name == "journal/add-step/after":
            journal = world.journal()
            journal.cancel(attempt.token, "operator")
            journal.close()
        return False

    ending = await world.work_until(attempt, cancel)
    assert ending.state is RunState.STOPPED
    assert {m.state for m in world.marks(run) if m.id == MARK} == {MarkState.SET}
    left = world.steps(run)[f"put-back/{MARK}"]
    assert (left.state, left.note) == (
        StepState.SKIPPED,
        "its mark is left to what comes next",
    )
    assert world.steps(run)[SETS_IT].state is StepState.DONE
