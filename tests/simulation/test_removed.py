"""The unit of a run is removed without its hooks: nobody is left to say so but its runner."""

from __future__ import annotations

import asyncio
import dataclasses
import json

import pytest
from cou.errors import JujuError
from cou.journal.records import REMOVAL, Job, MarkState, RunState, StepState
from cou.work import after_removal, lease, unit_removed
from cou.work.attempt import Runner
from juju_testbed.model import simple
from juju_testbed.model.store import Revision

from . import world as worlds

UNIT = "cou/0"


class Shown:
    """A model whose status is as a story wants it; the rest is the model's own."""

    def __init__(self, juju, tell):
        self._juju = juju
        self._tell = tell

    def __getattr__(self, name):
        return getattr(self._juju, name)

    async def full_status(self, applications=()):
        return self._tell(applications, await self._juju.full_status(applications))


class Story:
    """A run in a model that has its unit, and what its runner asked of the model by itself."""

    def __init__(self, world, tell=lambda applications, status: status):
        self.world = world
        self.tell = tell
        self.logins = 0

    def fresh(self):
        self.logins += 1
        return Shown(self.world.client(), self.tell)

    async def work(self, attempt, unit=""):
        journal = self.world.journal()
        self.runner = Runner(
            journal,
            Shown(self.world.client(), self.tell),
            attempt,
            UNIT,
            self.world.clock,
            outside=self.world,
            unit=unit,
            fresh=self.fresh,
        )
        ending = await self.runner.work()
        journal.end_attempt(attempt.token, ending.state, ending.error)
        return ending

    async def run(self, attempt):
        """Do what the runner's process does, its end included."""
        await self.work(attempt, UNIT)
        if self.runner.removed:
            await after_removal.end_removed_run(
                self.world.journal(), attempt.run, UNIT, self.world.home, self.work
            )


def with_cou(model):
    """Deploy the charm beside its cloud, with two units."""
    definition = dataclasses.replace(simple.DEFINITION, name="cou")
    revision = Revision("local:focal/cou-0", "cou", 0, "", definition)
    model.add_application("cou", revision, "focal")
    for machine in ("90", "91"):
        model.add_machine(machine, "focal")
        model.add_unit("cou", machine)


async def build(tmp_path):
    world = await worlds.build(tmp_path / "home", edit=with_cou)
    return world, world.create(await world.plan())


def forget(world, what):
    """Take a unit or its application away as Juju does where no agent answers."""
    for unit in [what] if "/" in what else [one.name for one in world.model.units_of(what)]:
        world.model.uniters[unit].gone()
    if "/" not in what:
        world.model.leaving.add(what)
        world.model._forget_empty(what)


async def until_switched(world, attempt, work):
    """Wait until the run has something switched and a step runs."""
    while not any(one.state is MarkState.SET for one in world.marks(attempt.run)):
        assert not work.done(), work.result()
        await asyncio.sleep(1)


@pytest.mark.slow
@pytest.mark.parametrize("what", ["cou", "cou/0"])
async def test_a_run_ends_whose_unit_was_removed_without_its_hooks(tmp_path, what):
    world, attempt = await build(tmp_path)
    told = Story(world)
    work = asyncio.create_task(told.run(attempt))
    await until_switched(world, attempt, work)
    forget(world, what)
    at = asyncio.get_running_loop().time()
    while (await seen(world, attempt)).cancelled is None:
        await asyncio.sleep(0.5)
    assert (
        asyncio.get_running_loop().time() - at <= unit_removed.LOOK_S + unit_removed.BETWEEN_S + 1
    )
    begun = {one.id for one in world.steps(attempt.run).values() if one.started}
    await work
    assert (await seen(world, attempt, 0)).cancelled_by == REMOVAL
    later = {one.id for one in world.steps(attempt.run).values() if one.started} - begun
    assert all(one.startswith("put-back/") for one in later)
    assert world.state_of(attempt.run) is RunState.ABANDONED
    assert (await seen(world, attempt)).job is Job.ABANDON
    assert not any(one.state is MarkState.SET for one in world.marks(attempt.run))
    assert not any(one.state is StepState.RUNNING for one in world.steps(attempt.run).values())
    check_word(world, attempt)


@pytest.mark.slow
async def test_what_has_to_stay_is_written_down_with_its_command_in_both_places(tmp_path):
    """An option that may go back only when every unit of the application is upgraded."""

    world, attempt = await build(tmp_path)
    told = Story(world)
    work = asyncio.create_task(told.run(attempt))
    while not any(
        id.endswith("/upgrade-unit") and one.state is StepState.DONE
        for id, one in world.steps(attempt.run).items()
    ):
        assert not work.done(), work.result()
        await asyncio.sleep(1)
    forget(world, "cou")
    await work
    kept = [one for one in world.marks(attempt.run) if one.state is MarkState.KEPT]
    assert kept
    check_word(world, attempt)


async def seen(world, attempt, index=-1):
    journal = world.journal()
    try:
        return journal.attempts(attempt.run)[index]
    finally:
        journal.close()


def check_word(world, attempt):
    """What stays is named with its command, in the folder and on the model."""
    text = (world.home / after_removal.FILE).read_text()
    assert f"The unit {UNIT} was removed while run {attempt.run} was going on." in text
    kept = [one for one in world.marks(attempt.run) if one.state is not MarkState.PUT_BACK]
    note = json.loads(world.model.annotations[f"model-{world.model.uuid}"].get(lease.KEY, "{}"))
    for mark in kept:
        assert f"- {mark.id}" in text
        assert note["undo"][mark.id] in text
        assert "juju" in note["undo"][mark.id]
    assert ("- nothing" in text) == (not kept)


async def test_a_unit_that_is_dying_is_gone(tmp_path):
    world, attempt = await build(tmp_path)
    told = Story(world)
    work = asyncio.create_task(told.run(attempt))
    await until_switched(world, attempt, work)
    world.model.uniters[UNIT].dying = True  # and its agent does not get round to it
    await work
    assert world.state_of(attempt.run) is RunState.ABANDONED


def without(status):
    return dataclasses.replace(
        status, applications={n: a for n, a in status.applications.items() if n != "cou"}
    )


@pytest.mark.parametrize(
    "status",
    ["here", "gone", "error", "another"],
)
async def test_what_is_not_two_answers_in_a_row_is_not_gone(tmp_path, status):
    world, _ = await build(tmp_path)
    watch_shown = {
        "here": ["gone", "here"],
        "gone": ["gone", "gone", "here"],
        "error": ["error", "gone", "error"],
        "another": ["another", "gone", "another"],
    }[status]
    looks = iter(watch_shown)

    def tell(applications, status):
        what = next(looks, "here")
        if what == "error":
            raise JujuError("no-access", "permission denied", "Grant it.", sent=False)
        if what == "another":
            return dataclasses.replace(without(status), uuid="another")
        return without(status) if what == "gone" else status

    told = Story(world, tell)
    watch = unit_removed.UnitWatch(told.fresh(), told.fresh, world.clock, world.model.uuid, UNIT)
    task = asyncio.create_task(watch.until_gone())
    await asyncio.sleep(20 * unit_removed.LOOK_S)
    assert not task.done()
    assert next(looks, None) is None, "it did not look"
    task.cancel()


@pytest.mark.slow
async def test_a_runner_at_a_workstation_never_asks(tmp_path):
    world, attempt = await build(tmp_path)
    asked = []

    def tell(applications, status):
        asked.append(tuple(applications))
        return status

    told = Story(world, tell)
    work = asyncio.create_task(told.work(attempt))
    await until_switched(world, attempt, work)
    forget(world, "cou")
    ending = await work
    assert ending.state is RunState.COMPLETED
    assert told.logins == 0
    assert ("cou",) not in asked
