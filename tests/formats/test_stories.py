"""A run that an older charm has left half-done is shown, and goes on in the cloud it has left."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from cou.journal import FILE, Journal, rows
from cou.journal.records import MarkState, RunState, StepState
from cou.show import history, view

from tests.proof import harness
from tests.simulation import story as tale
from tests.simulation import world as worlds

from . import stories

pytestmark = pytest.mark.slow

EVERY = sorted(stories.FOLDER.glob("*.zip"))
# What the old charm said of each: where a machine went down, nobody has said anything since.
STATES = {
    "planned": RunState.PLANNED,
    "starting": RunState.STARTING,
    "running": RunState.RUNNING,
    "waiting": RunState.WAITING,
    "draining": RunState.RUNNING,
    "stopped": RunState.STOPPED,
    "stopped-by-count": RunState.STOPPED,
    "killed": RunState.KILLED,
    "interrupted": RunState.INTERRUPTED,
    "failed-action": RunState.FAILED,
    "failed-wait": RunState.FAILED,
    "timed-out": RunState.FAILED,
    "refused": RunState.REFUSED,
    "completed": RunState.COMPLETED,
    "completed-but-for-a-host": RunState.COMPLETED,
    "restored": RunState.STOPPED,
    "abandoned": RunState.ABANDONED,
}
UNNOTICED = (RunState.STARTING, RunState.RUNNING, RunState.WAITING)
GOES_ON = {name: state for name, state in STATES.items() if state is not RunState.PLANNED}
# What failed or was put back is done once more.
REPEATS = ("failed-action", "restored")


@pytest.fixture(params=EVERY, ids=[path.stem for path in EVERY])
def kept(request, tmp_path):
    """Return a story's name, its folder with the journal in it, and what was done in it."""
    journal, entries = stories.read(request.param)
    home = tmp_path / "home"
    home.mkdir()
    (home / FILE).write_bytes(journal)
    return request.param.stem, home, entries


def test_there_is_a_story_of_each_state_of_a_run_and_of_a_step(tmp_path):
    assert {path.stem for path in EVERY} == set(STATES)
    derived = {RunState.DRAINING}  # of the running ones, a cancel is recorded in one
    assert set(STATES.values()) == set(RunState) - derived
    states, marks = set(), set()
    for path in EVERY:
        (tmp_path / path.stem).mkdir()
        (tmp_path / path.stem / FILE).write_bytes(stories.read(path)[0])
        with contextlib.closing(Journal(tmp_path / path.stem)) as journal:
            run = journal.current()
            if run is not None:
                states |= {record.state for record in journal.steps(run.id).values()}
                marks |= {mark.state for mark in journal.marks(run.id)}
    assert states == set(StepState)
    assert marks == set(MarkState)


def test_it_is_shown_with_the_state_that_it_had(kept):
    name, home, _ = kept
    with contextlib.closing(Journal(home)) as journal:
        seen = view.view_of_journal(journal, alive=False)
        account = history.make_report(journal, alive=False, now=stories.EPOCH)
        run = journal.current()
    if STATES[name] is RunState.PLANNED:
        assert seen.state is RunState.PLANNED
        return
    assert run.state is STATES[name]
    unnoticed = run.state in UNNOTICED
    assert seen.state is (RunState.INTERRUPTED if unnoticed else run.state)
    assert account.steps


async def ended(world, name):
    """Go on as an operator would: with the run, or with another where it is over."""
    with contextlib.closing(world.journal()) as journal:
        run = journal.current()
        last = journal.attempt(run.id)
    if run.state in UNNOTICED:
        world.bury(last)
    async with tale.operator(world):
        if not run.state.finished:
            broken = await harness.finish(world, run.id)
            plan = rows.plan(run.plan)
            if name in REPEATS:
                return broken + tale.judged(world, target=plan.target, backup=True)
            return broken + harness.judged(world, plan, run.id)
        await asyncio.sleep(600)  # what others have changed is done
        plan = await world.plan(**harness.OPTIONS)
        assert not plan.blocking, plan.blocking
        ending = await world.work(world.create(plan))
        return [] if ending.state is RunState.COMPLETED else [f"the next run ended {ending}"]


@pytest.mark.parametrize("name", GOES_ON)
def test_it_goes_on_to_its_end_in_the_cloud_that_it_left(name, tmp_path):
    journal, entries = stories.read(stories.FOLDER / f"{name}.zip")
    home = tmp_path / "home"

    async def story():
        world = await stories.replay(home, name, entries)
        (home / FILE).write_bytes(journal)
        return await ended(world, name)

    home.mkdir()
    assert worlds.run(story()) == []
