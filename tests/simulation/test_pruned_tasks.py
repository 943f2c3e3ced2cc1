"""A task that Juju has removed meanwhile (`max-action-results-age`) is no dead end."""

from __future__ import annotations

import asyncio

import pytest
from cou.journal.records import Resolution, RunState, StepState, Verdict

from tests.proof import small

from . import world as worlds
from .test_late_requests import UPGRADE, asked_for, operations, upgraded_packages

pytestmark = pytest.mark.slow

UNIT, DATABASE = "keystone/1", "mysql-innodb-cluster/0"
POINTS = ["record-task/after", "record-verdict/after"]


def prune(world):
    """Have Juju forget all tasks that have ended; return their ids."""
    model = world.model
    ended = [id for id, task in model.tasks.items() if task.completed is not None]
    for uniter in model.uniters.values():
        uniter.assigned = [id for id in uniter.assigned if id not in ended]
    for id in ended:
        model.operations.pop(model.tasks.pop(id).operation, None)
    return ended


async def killed(tmp_path, asked, unit, point):
    """Begin an upgrade whose runner is killed at a point once something was asked for."""
    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    attempt = world.create(await world.plan())

    def strikes(name):
        if name != f"journal/{point}":
            return False
        sent = [one for one in operations(world, attempt.run, asked) if one.task]
        verdict = Verdict.DONE if point.startswith("record-verdict") else None
        return [unit, verdict] in [[one.request["unit"], one.verdict] for one in sent]

    assert await world.work_until(attempt, strikes) is None
    await asyncio.sleep(1200)
    assert set(asked_for(world, asked, unit)) & set(prune(world))
    return world, attempt


def states(world, run):
    return {record.state for record in world.steps(run).values()}


@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize(
    ("asked", "unit"),
    [
        (UPGRADE, UNIT),
        ("archive-data", "nova-cloud-controller/0"),
        ("disable", "nova-compute/0"),
    ],
)
async def test_upgrade_alone_goes_on_where_juju_has_removed_a_task(tmp_path, asked, unit, point):
    world, attempt = await killed(tmp_path, asked, unit, point)
    ending = await world.work(world.resume(attempt.run))
    assert ending.state is RunState.COMPLETED, ending
    assert states(world, attempt.run) <= {StepState.DONE, StepState.SATISFIED}


async def test_a_command_that_is_known_to_have_ended_well_is_not_repeated(tmp_path):
    world, attempt = await killed(tmp_path, UPGRADE, UNIT, "record-verdict/after")
    ending = await world.work(world.resume(attempt.run))
    assert ending.state is RunState.COMPLETED, ending
    assert len(asked_for(world, UPGRADE, UNIT)) == 1
    assert upgraded_packages(world, UNIT) == 1


@pytest.mark.parametrize("point", POINTS)
async def test_a_dump_whose_task_was_removed_is_asked_about_and_a_retry_makes_it(tmp_path, point):
    world, attempt = await killed(tmp_path, "mysqldump", DATABASE, point)
    for _ in range(2):
        ending = await world.work(world.resume(attempt.run))
        assert ending.error.code == "needs-operator"
        assert len(asked_for(world, "mysqldump", DATABASE)) == 1
    journal = world.journal()
    journal.resolve_step(attempt.run, ending.error.step, Resolution.RETRY, "looked")
    journal.close()
    ending = await world.work(world.resume(attempt.run))
    assert ending.state is RunState.COMPLETED, ending
    assert len(asked_for(world, "mysqldump", DATABASE)) == 2
    assert states(world, attempt.run) <= {StepState.DONE, StepState.SATISFIED}
