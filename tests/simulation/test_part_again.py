"""A step that failed in a late part is tried again from there: what it had done stays done."""

from __future__ import annotations

import pytest
from cou.errors import JujuError
from cou.journal.records import Resolution, RunState
from cou.juju.client import Client
from juju_testbed.model.charm import Outcome
from juju_testbed.wire.facades.dispatcher import Dispatcher

from tests.proof import small

from . import world as worlds
from .test_late_requests import operations
from .test_whole_run import assert_upgraded, finish

pytestmark = pytest.mark.slow


class Breaking:
    """Has commands with a text in them, or actions of a name, go wrong once on one unit."""

    def __init__(self, charm, text, unit):
        self.text, self.unit, self.broke = text, unit, 0
        self._command, self._action = charm.command, charm.action
        charm.command, charm.action = self.command, self.action

    def _breaks(self, unit, what):
        wanted = not self.broke and unit.name.startswith(self.unit) and self.text in what
        self.broke += wanted
        return wanted

    async def command(self, unit, command, timeout_s):
        if self._breaks(unit, command):
            return Outcome(code=2, stderr="no luck\n")
        return await self._command(unit, command, timeout_s)

    async def action(self, unit, task):
        if self._breaks(unit, f"action {task.name}"):
            return Outcome(failed=True, message="no luck")
        return await self._action(unit, task)


def words(parameters):
    return str(parameters.get("command", "")).split()


def begun(world, unit, text):
    """Return the tasks that have begun on a unit, by what they are or hold."""
    return [
        entry["task"]
        for entry in world.model.log.entries
        if entry["event"] == "task-begun"
        and entry["unit"] == unit
        and text in (f"action {entry['data']['name']}", *words(entry["data"]["parameters"]))
    ]


# The part that fails, on which unit, and what came before it in its step.
PARTS = (
    ("apt-mark unhold", "mysql-innodb-cluster/0", ("hold", "dist-upgrade")),
    ("autoremove", "mysql-innodb-cluster/0", ("hold", "dist-upgrade", "unhold")),
    ("sha256sum", "mysql-innodb-cluster/0", ("action mysqldump",)),
    ("stat -c", "mysql-innodb-cluster/0", ("action mysqldump",)),
    ("gzip -t", "mysql-innodb-cluster/0", ("action mysqldump",)),
    ("action resume", "nova-compute/0", ("action pause", "action openstack-upgrade")),
    ("action openstack-upgrade", "nova-compute/0", ("action pause",)),
)


@pytest.mark.sampled(2)
@pytest.mark.parametrize(("part", "unit", "before"), PARTS, ids=[one[0] for one in PARTS])
async def test_what_came_before_the_part_that_failed_is_sent_once(tmp_path, part, unit, before):
    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    plan = await world.plan()
    breaking = Breaking(world.store.charm, part, unit)
    attempt = world.create(plan)
    ending = await world.work(attempt)
    assert breaking.broke == 1
    assert ending.state is RunState.FAILED
    assert ending.error.code == "task-failed"
    await finish(world, world.resume(attempt.run))
    for what in before:
        assert len(begun(world, unit, what)) == 1, what
    resumed = {"resume": 2}.get(part.removeprefix("action "), 1)
    assert len(begun(world, unit, "action resume")) in (0, resumed)


class Away(worlds.InProcess):
    """A controller that is away from when it has taken a request with a text in it for a unit."""

    def __init__(self, dispatcher, text, unit):
        super().__init__(dispatcher)
        self._text, self._units = text, (unit, unit.replace("/", "-"))
        self.taken, self.back = False, False

    async def call(self, facade, method, params, *, changes, timeout_s=None):
        if self.taken and not self.back:
            raise JujuError("controller-unreachable", "Nobody answers.", sent=False)
        reply = await super().call(facade, method, params, changes=changes, timeout_s=timeout_s)
        asked = str(params)
        if changes and self._text in asked and any(one in asked for one in self._units):
            self.taken = True
        return reply


# What went on while the controller was away, and what fails in its step after that.
LONG = (
    ("mysqldump", "action mysqldump", "sha256sum"),
    ("dist-upgrade", "dist-upgrade", "apt-mark unhold"),
)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("how", ["fails", "killed"])
@pytest.mark.parametrize(("text", "task", "later"), LONG, ids=[one[0] for one in LONG])
async def test_what_went_well_while_the_controller_was_away_is_sent_once(
    tmp_path, monkeypatch, text, task, later, how
):
    """The step failed while its end was not known; in the next try the end is seen."""

    unit = "mysql-innodb-cluster/0"
    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    plan = await world.plan()
    away = world.behind(monkeypatch, Away, text, unit)
    attempt = world.create(plan)
    ending = await world.work(attempt)
    assert ending.state is RunState.FAILED
    assert ending.error.code == "controller-unreachable"
    away.back = True
    second = world.resume(attempt.run)
    if how == "fails":
        breaking = Breaking(world.store.charm, later, unit)
        assert (await world.work(second)).state is RunState.FAILED
        assert breaking.broke == 1
    else:
        seen = worlds.countdown(1, "journal/record-verdict/after")
        assert await world.work_until(second, seen) is None
    await finish(world, world.resume(attempt.run))
    assert len(begun(world, unit, task)) == 1


async def test_what_is_asked_for_once_more_has_a_name_of_its_own_in_each_try(tmp_path):
    """The second of two goes over into the next try, and is asked for again there."""

    unit = "nova-compute/0"
    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    plan = await world.plan()
    by_hand = Client(worlds.InProcess(Dispatcher(world.controller, world.model.uuid, worlds.USER)))
    attempt = world.create(plan)

    def is_pause(point):
        asked = [one for one in world.model.tasks.values() if one.receiver == unit]
        return point == "juju/enqueue/after" and "pause" in [one.name for one in asked]

    assert await world.work_until(attempt, is_pause) is None
    (task,) = await by_hand.tasks_after([unit], "pause", 0)
    await by_hand.cancel_tasks([task.id])
    Breaking(world.store.charm, "action openstack-upgrade", unit)
    assert (await world.work(world.resume(attempt.run))).state is RunState.FAILED
    assert {one.key for one in operations(world, attempt.run, "pause")} >= {"pause~2"}
    await by_hand.enqueue(unit, "resume", {})
    await world.clock.sleep(60)
    await finish(world, world.resume(attempt.run))
    assert len(begun(world, unit, "action pause")) == 2


async def test_batches_that_were_archived_are_not_archived_again(tmp_path):
    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    plan = await world.plan()
    unit, sent = "nova-cloud-controller/0", []
    breaking = Breaking(world.store.charm, "nothing", unit)
    breaks = breaking._breaks

    def third(one, what):
        sent.append(what) if what == "action archive-data" else None
        breaking.text = "action archive-data" if len(sent) == 3 else "nothing"
        return breaks(one, what)

    breaking._breaks = third
    attempt = world.create(plan)
    assert (await world.work(attempt)).state is RunState.FAILED
    assert breaking.broke == 1
    await finish(world, world.resume(attempt.run))
    keys = [
        (one.key, one.round)
        for one in operations(world, attempt.run, "archive-data")
        if one.ended_well
    ]
    assert keys[:2] == [("batch-1", 2), ("batch-2", 2)]
    assert len(begun(world, unit, "action archive-data")) == len(keys) + 1


async def test_a_unit_that_was_resumed_by_hand_in_between_is_paused_again(tmp_path):
    """It is looked at, not taken for what it was."""

    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    plan = await world.plan()
    Breaking(world.store.charm, "action openstack-upgrade", "nova-compute/0")
    attempt = world.create(plan)
    assert (await world.work(attempt)).state is RunState.FAILED
    by_hand = Client(worlds.InProcess(Dispatcher(world.controller, world.model.uuid, worlds.USER)))
    await by_hand.enqueue("nova-compute/0", "resume", {})
    await world.clock.sleep(60)
    assert not world.model.units["nova-compute/0"].world.paused
    await finish(world, world.resume(attempt.run))
    assert len(begun(world, "nova-compute/0", "action pause")) == 2
    upgrades = begun(world, "nova-compute/0", "action openstack-upgrade")
    assert max(begun(world, "nova-compute/0", "action pause")) < upgrades[-1]
    assert not world.model.units["nova-compute/0"].world.paused


async def test_an_operators_retry_sends_all_of_a_step_again(tmp_path):
    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    plan = await world.plan()
    Breaking(world.store.charm, "sha256sum", "mysql-innodb-cluster/0")
    attempt = world.create(plan)
    ending = await world.work(attempt)
    journal = world.journal()
    journal.resolve_step(attempt.run, ending.error.step, Resolution.RETRY, "another one")
    journal.close()
    await finish(world, world.resume(attempt.run))
    assert len(begun(world, "mysql-innodb-cluster/0", "action mysqldump")) == 2


@pytest.mark.parametrize("damage", ["damaged", "gone"])
async def test_a_dump_that_is_no_dump_is_made_again(tmp_path, damage):
    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    plan = await world.plan()
    charm = world.store.charm
    Breaking(charm, "sha256sum", "mysql-innodb-cluster/0")
    attempt = world.create(plan)
    assert (await world.work(attempt)).state is RunState.FAILED
    files = charm.place.site("mysql-innodb-cluster/0").machine.files
    (path,) = [name for name in files if "mysqldump" in name or "dump" in name]
    if damage == "gone":
        del files[path]
    else:
        files[path].damaged = True
    ending = await world.work(world.resume(attempt.run))
    assert ending.error.code == "backup-incomplete"
    await finish(world, world.resume(attempt.run))
    assert len(begun(world, "mysql-innodb-cluster/0", "action mysqldump")) == 2


async def test_an_upgrade_whose_packages_failed_is_held_again_before_it_is_tried_again(tmp_path):
    """The hold was released when it failed; that it was once set counts for nothing."""

    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    plan = await world.plan()
    unit = "mysql-innodb-cluster/0"
    Breaking(world.store.charm, "dist-upgrade", unit)
    attempt = world.create(plan)
    assert (await world.work(attempt)).state is RunState.FAILED
    await finish(world, world.resume(attempt.run))
    order = [
        text.splitlines()[-1].split()[1]
        for name, text in world.store.charm.cloud.commands
        if name == unit and text.splitlines()[-1].startswith("apt-mark") and "showhold" not in text
    ]
    assert order == ["hold", "unhold", "hold", "unhold"]
    assert_upgraded(world, plan, attempt.run)
