"""A request that nobody answered arrives after all: what it asks for is done once."""

from __future__ import annotations

import asyncio
import datetime
import functools

import pytest
from cou.errors import JujuError
from cou.journal.records import MarkState, Resolution, RunState, StepState, Verdict
from cou.juju.client import Client
from cou.operations import run_once
from cou.show import history, view
from cou.wording import IN_DOCUMENTS, from_json

from tests.proof import ledger, small

from . import world as worlds
from .test_whole_run import assert_upgraded, finish

pytestmark = pytest.mark.slow

UPGRADE = "dist-upgrade"


class Network(worlds.InProcess):
    """Keeps the first request with a text in it, and delivers it later; nobody hears the answer.

    Where it is never to be delivered it is lost, and so are those that follow, up to a number.
    """

    def __init__(self, dispatcher, text, after_s, unit="", most=1):
        super().__init__(dispatcher)
        self._most = most
        self._text, self._after_s, self._unit = text, after_s, unit
        self.kept = []
        self.delivered = asyncio.Event()

    async def call(self, facade, method, params, *, changes, timeout_s=None):
        wanted = changes and self._text in str(params) and self._unit in str(params)
        if not wanted or len(self.kept) >= self._most:
            return await super().call(facade, method, params, changes=changes, timeout_s=timeout_s)
        self.kept.append((facade, method, params))
        if self._after_s is not None:
            asyncio.get_running_loop().create_task(self._deliver())
        raise JujuError("connection-lost", "The connection broke.", sent=None)

    async def _deliver(self):
        facade, method, params = self.kept[0]
        await asyncio.sleep(self._after_s)
        await super().call(facade, method, params, changes=True)
        self.delivered.set()


def late_of(operation):
    """Return what of an operation has arrived late, in words."""
    return [str(from_json(kept)) for kept in operation.result.get("late", {}).values()]


async def begun(tmp_path, monkeypatch, text, after_s, unit="", *, source=small.BUNDLE, **options):
    world = await worlds.build(tmp_path / "home", source)
    plan = await world.plan(**options)
    network = world.behind(monkeypatch, Network, text, after_s, unit)
    return world, plan, network, world.create(plan)


def upgraded_packages(world, unit):
    """How often a command of the run has moved a unit's packages."""
    spans, tasks = 0, {}
    for entry in world.model.log.entries:
        if entry["unit"] != unit:
            continue
        if entry["event"] == "task-begun":
            tasks = entry["data"]
        elif entry["event"] == "task-ended":
            tasks = {}
        elif entry["event"] == "packages-upgraded" and UPGRADE in str(tasks):
            spans += 1
    return spans


def asked_for(world, text, unit):
    return [
        entry["task"]
        for entry in world.model.log.entries
        if entry["event"] == "asked"
        and entry["unit"] == unit
        # An action's name, or a part of a command that changes something.
        and (entry["data"].get("name") == text or (text == UPGRADE and text in str(entry["data"])))
    ]


def operations(world, run, text):
    journal = world.journal()
    try:
        found = journal.operations(run)
    finally:
        journal.close()
    return [one for one in found if text in str(one.request)]


def shown(world):
    journal = world.journal()
    try:
        seen = view.view_of_journal(journal, alive=False)
        account = history.make_report(
            journal, alive=False, now=datetime.datetime.now(datetime.timezone.utc)
        )
    finally:
        journal.close()
    return seen.to_text(IN_DOCUMENTS), [one.text for one in account.happenings]


@pytest.mark.sampled(1)
# 2 s: while the second is at work. 120 s: when the step is over.
@pytest.mark.parametrize("after_s", [2, 120])
async def test_a_command_that_arrives_twice_works_once_and_the_second_task_is_told(
    tmp_path, monkeypatch, after_s
):
    unit = "keystone/1"
    world, plan, network, attempt = await begun(tmp_path, monkeypatch, UPGRADE, after_s, unit)
    await finish(world, attempt)
    assert network.delivered.is_set()
    tasks = asked_for(world, UPGRADE, unit)
    assert len(tasks) == 2
    assert upgraded_packages(world, unit) == 1
    assert_upgraded(world, plan, attempt.run)
    (sent,) = operations(world, attempt.run, UPGRADE) and [
        one for one in operations(world, attempt.run, UPGRADE) if one.request["unit"] == unit
    ]
    (late,) = [task for task in tasks if task != sent.task]
    assert f"as task {late}" in late_of(sent)[0]
    assert "did nothing" in late_of(sent)[0]
    text, happened = shown(world)
    assert f"Arrived late: {late_of(sent)[0]}" in text.splitlines()
    assert [one for one in happened if f"as task {late}" in one]


@pytest.mark.sampled(1)
@pytest.mark.parametrize("after_s", [5, 90])
async def test_a_command_of_a_dead_runner_that_arrives_after_its_resumption_works_once(
    tmp_path, monkeypatch, after_s
):
    unit = "keystone/1"
    world, plan, network, attempt = await begun(tmp_path, monkeypatch, UPGRADE, after_s, unit)
    ending = await world.work_until(attempt, lambda _: bool(network.kept))
    assert ending is None
    before = world.clock.monotonic()
    await finish(world, world.resume(attempt.run))
    assert world.clock.monotonic() > before
    assert network.delivered.is_set()
    assert upgraded_packages(world, unit) == 1
    assert_upgraded(world, plan, attempt.run)
    assert len(asked_for(world, UPGRADE, unit)) == 2
    assert [one for one in operations(world, attempt.run, UPGRADE) if late_of(one)]


async def test_a_command_is_sent_again_at_once_after_the_look(tmp_path, monkeypatch):
    """No waiting is part of the proof, so none holds the run up."""

    world, _, network, attempt = await begun(tmp_path, monkeypatch, UPGRADE, None, "keystone/1")
    work = asyncio.ensure_future(world.work(attempt))
    while not network.kept:
        await asyncio.sleep(0.1)
    since = world.clock.monotonic()
    while not asked_for(world, UPGRADE, "keystone/1"):
        await asyncio.sleep(0.1)
    assert world.clock.monotonic() - since < 3
    assert (await work).state is RunState.COMPLETED


async def test_a_first_arrival_that_was_killed_is_no_success_for_the_second(tmp_path, monkeypatch):
    """The unit is rebooted in the middle: its marker is taken, and its work is not done."""

    unit = "keystone/1"
    world, plan, _, attempt = await begun(tmp_path, monkeypatch, UPGRADE, 1.5, unit)
    charm, kills = world.store.charm, []
    real = charm.command

    async def command(one, text, timeout_s):
        from juju_testbed.model.charm import Outcome

        outcome = await real(one, text, timeout_s)
        if one.name == unit and UPGRADE in text and not kills:
            kills.append(text)
            return Outcome(code=1, failed=True, message="action terminated")
        return outcome

    charm.command = command
    ending = await world.work(attempt)
    assert ending.state is RunState.FAILED, ending
    assert ending.error.code == "task-failed"
    assert "action terminated" in ending.error.told
    (sent,) = [
        one for one in operations(world, attempt.run, UPGRADE) if one.request["unit"] == unit
    ]
    assert sent.verdict is Verdict.FAILED
    await finish(world, world.resume(attempt.run))
    ids = {
        one.id_on_unit
        for one in operations(world, attempt.run, UPGRADE)
        if one.request["unit"] == unit
    }
    assert len(ids) == 2
    assert_upgraded(world, plan, attempt.run)


async def test_a_command_that_cannot_take_its_marker_does_nothing_and_fails_its_step(
    tmp_path, monkeypatch
):
    world, plan, _, attempt = await begun(tmp_path, monkeypatch, "none of them", None)
    machine = world.store.charm.place.site("keystone/1").machine
    machine.read_only = True
    ending = await world.work(attempt)
    assert ending.state is RunState.FAILED
    assert "Read-only file system" in ending.error.told
    assert "did nothing" in ending.error.told
    assert upgraded_packages(world, "keystone/1") == 0
    machine.read_only = False
    await finish(world, world.resume(attempt.run))
    assert_upgraded(world, plan, attempt.run)


async def test_an_action_that_is_not_safe_to_repeat_is_asked_about_and_adopted_when_it_arrives(
    tmp_path, monkeypatch
):
    world, plan, network, attempt = await begun(tmp_path, monkeypatch, "mysqldump", 600)
    ending = await world.work(attempt)
    assert ending.error.code == "needs-operator"
    assert "mysqldump" in ending.error.told
    assert asked_for(world, "mysqldump", "mysql-innodb-cluster/0") == []
    assert world.steps(attempt.run)[ending.error.step].state is StepState.IN_DOUBT
    await network.delivered.wait()
    await finish(world, world.resume(attempt.run))
    assert len(asked_for(world, "mysqldump", "mysql-innodb-cluster/0")) == 1
    assert_upgraded(world, plan, attempt.run)


async def test_an_action_sent_again_on_an_operators_word_is_told_when_it_arrives_after_all(
    tmp_path, monkeypatch
):
    world, _, network, attempt = await begun(tmp_path, monkeypatch, "mysqldump", 200)
    ending = await world.work(attempt)
    assert ending.error.code == "needs-operator"
    journal = world.journal()
    journal.resolve_step(attempt.run, ending.error.step, Resolution.RETRY, "not there")
    journal.close()
    await finish(world, world.resume(attempt.run))
    assert network.delivered.is_set()
    assert len(asked_for(world, "mysqldump", "mysql-innodb-cluster/0")) == 2
    text, happened = shown(world)
    assert "Arrived late: mysqldump on mysql-innodb-cluster/0" in text
    assert [one for one in happened if "mysqldump on mysql-innodb-cluster/0" in one]


# When its own step is at work, when others are, and when all are over.
@pytest.mark.sampled(2)
@pytest.mark.parametrize("name", ["pause", "disable", "set-noout"])
@pytest.mark.parametrize("after_s", [70, 100, 400, 1200])
async def test_a_switch_that_arrives_late_is_told_and_put_back_by_upgrade(
    tmp_path, monkeypatch, name, after_s
):
    world, _, network, attempt = await begun(
        tmp_path, monkeypatch, f"'{name}'", after_s, **{"set-noout": True}
    )
    ending = await world.work(attempt)
    if not network.delivered.is_set():
        assert ending.state is RunState.COMPLETED  # it arrives when nobody looks any more
        return
    if ending.state is RunState.FAILED:  # a unit that was taken away keeps no wait going
        assert ending.error.code == "no-progress"
        assert "arrived late" in shown(world)[0]
        await finish(world, world.resume(attempt.run))
    assert {mark.state for mark in world.marks(attempt.run)} == {MarkState.PUT_BACK}
    assert ledger.switched(world.model) == []
    assert "Arrived late: " in shown(world)[0]


def ahead(now, by):
    return now() + by


async def test_the_wait_before_an_action_is_sent_again_is_not_the_wall_clocks(
    tmp_path, monkeypatch
):
    """A clock that jumps an hour ahead, or back, makes no wait shorter and none longer."""

    waits = []
    for hours in (0, 1, -1):
        home = tmp_path / f"{hours}"
        home.mkdir()
        world, _, network, attempt = await begun(home, monkeypatch, "'pause'", None)
        work = asyncio.ensure_future(world.work(attempt))
        while not network.kept:
            await asyncio.sleep(0.1)
        jump = functools.partial(ahead, world.clock.now, datetime.timedelta(hours=hours))
        monkeypatch.setattr(world.clock, "now", jump)
        since = world.clock.monotonic()
        unit = network.kept[0][2]["actions"][0]["receiver"]
        unit = unit.removeprefix("unit-")[::-1].replace("-", "/", 1)[::-1]
        while not asked_for(world, "pause", unit):
            await asyncio.sleep(0.1)
        waits.append(world.clock.monotonic() - since)
        assert (await work).state is RunState.COMPLETED
    assert waits[0] > 60
    assert waits == pytest.approx([waits[0]] * 3, abs=1.5)


async def test_a_resumption_in_another_boot_waits_in_full(tmp_path, monkeypatch):
    world, _, network, attempt = await begun(tmp_path, monkeypatch, "'pause'", None)
    assert await world.work_until(attempt, lambda _: bool(network.kept)) is None
    await asyncio.sleep(3600)
    monkeypatch.setattr(world.clock, "epoch", lambda: "after a reboot")
    work = asyncio.ensure_future(world.work(world.resume(attempt.run)))
    since = world.clock.monotonic()
    unit = network.kept[0][2]["actions"][0]["receiver"].removeprefix("unit-")
    unit = unit[::-1].replace("-", "/", 1)[::-1]
    while not asked_for(world, "pause", unit):
        await asyncio.sleep(0.1)
    assert world.clock.monotonic() - since > 60
    assert (await work).state is RunState.COMPLETED


async def test_a_command_of_an_older_journal_is_settled_as_it_was_sent(tmp_path, monkeypatch):
    """It has no marker: the runner waits, looks again, and sends it as it stands there."""

    monkeypatch.setattr(run_once, "text", lambda id, command: command)
    world, plan, network, attempt = await begun(tmp_path, monkeypatch, UPGRADE, None, "keystone/1")
    assert await world.work_until(attempt, lambda _: bool(network.kept)) is None
    monkeypatch.undo()
    monkeypatch.setattr(world, "client", lambda: Client(network))
    journal = world.journal()
    journal._db.read("select 1")
    with journal._db.write("note") as db:
        db.execute(
            "update operation set request = json_remove(request, '$.id'), result = '{}' "
            "where verdict is null"
        )
    journal.close()
    await finish(world, world.resume(attempt.run))
    (task,) = asked_for(world, UPGRADE, "keystone/1")
    assert "cou" not in world.model.tasks[task].parameters["command"]
    assert_upgraded(world, plan, attempt.run)
