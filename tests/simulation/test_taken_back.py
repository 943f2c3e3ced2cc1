"""A task that a forced cancel took back, before its agent began, is sent anew by upgrade."""

from __future__ import annotations

import asyncio

import pytest
from cou import crash
from cou.journal.records import RunState

from . import world as worlds
from .test_whole_run import assert_upgraded, finish

pytestmark = pytest.mark.slow


def open_tasks(world, run):
    journal = world.journal()
    try:
        found = journal.operations(run)
        return [one.task for one in found if one.task is not None and one.verdict is None]
    finally:
        journal.close()


async def test_upgrade_sends_again_what_force_has_taken_back(tmp_path):
    world = await worlds.build(tmp_path / "home")
    plan = await world.plan()
    attempt = world.create(plan)
    agents = list(world.model.uniters.values())
    sent = False

    def strikes(name):
        nonlocal sent
        if name == "juju/enqueue/before" and not sent:
            sent = True
            for agent in agents:  # so that what is sent now stays pending
                agent.kill()
        return name == "journal/record-task/after" and open_tasks(world, attempt.run)

    assert await world.work_until(attempt, strikes, as_=RunState.KILLED) is None
    journal = world.journal()
    journal.cancel(attempt.token, "operator", forced=True)
    journal.close()
    await world.client().cancel_tasks(open_tasks(world, attempt.run))
    for agent in agents:
        agent.start()
    await finish(world, world.resume(attempt.run))
    assert_upgraded(world, plan, attempt.run)


async def test_a_task_that_somebody_else_cancels_ends_the_run_and_upgrade_sends_it_anew(
    tmp_path, monkeypatch
):
    world = await worlds.build(tmp_path / "home")
    plan = await world.plan()
    attempt = world.create(plan)
    agents = list(world.model.uniters.values())
    taken = []

    def observe(name):
        if name == "juju/enqueue/before":
            for agent in agents:  # so that what is sent now stays pending
                agent.kill()
        if name == "journal/record-task/after" and not taken:
            taken.extend(open_tasks(world, attempt.run))
            soon.append(asyncio.ensure_future(world.client().cancel_tasks(taken)))

    soon = []
    monkeypatch.setattr(crash, "observe", observe)
    ending = await world.work(attempt)
    assert ending.state is RunState.FAILED
    assert ending.error.code == "task-cancelled"
    assert f"Task {taken[0]} (" in ending.error.told
    monkeypatch.undo()
    for agent in agents:
        agent.start()
    await finish(world, world.resume(attempt.run))
    assert_upgraded(world, plan, attempt.run)
