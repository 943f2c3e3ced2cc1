"""What became of a call that nobody saw answered is found out before it is made again."""

from __future__ import annotations

import asyncio

import pytest
from cou import crash
from cou.errors import JujuError
from cou.journal.records import RunState, StepState, Verdict
from cou.juju import resending
from cou.wording import from_json

from tests.proof import small

from . import world as worlds
from .test_late_requests import (
    UPGRADE,
    Network,
    asked_for,
    begun,
    late_of,
    operations,
    upgraded_packages,
)
from .test_whole_run import assert_upgraded, finish

pytestmark = pytest.mark.slow

UNIT = "keystone/1"
OPTION = "action-managed-upgrade"
REQUEST = f"{OPTION}': 'True'"
DUMP = "mysqldump", "mysql-innodb-cluster/0"


def deliver(network):
    """Have what was kept arrive before anything that is sent from now on."""
    facade, method, params = network.kept[0]
    arrives = network._dispatcher.call(facade, network.facades[facade], "", method, params)
    return asyncio.ensure_future(arrives)


def settings_of(world, application):
    """Count how often the option was set."""
    return len(
        [
            one
            for one in world.model.log.entries
            if one["event"] == "asked"
            and one["application"] == application
            and REQUEST in str(one["data"])
        ]
    )


@pytest.mark.parametrize(("side", "doubtful"), [("before", True), ("after", False)])
async def test_a_change_that_a_killed_runner_was_making_is_made_under_the_same_operation(
    tmp_path, side, doubtful
):
    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    plan = await world.plan()
    attempt = world.create(plan)
    at = f"juju/set-config/{side}"
    assert await world.work_until(attempt, lambda name: name == at) is None
    (open_one,) = [one for one in operations(world, attempt.run, "set-config") if not one.verdict]
    await finish(world, world.resume(attempt.run))
    every = operations(world, attempt.run, "set-config")
    same = [one for one in every if one.step == open_one.step]
    first = same[0]
    assert (first.id, first.verdict, first.may_still_arrive) == (
        open_one.id,
        Verdict.DONE,
        doubtful,
    )
    assert not [one.key for one in same if "~" in one.key]
    assert_upgraded(world, plan, attempt.run)


async def test_a_change_that_arrives_while_the_next_runner_waits_for_it_is_not_made_again(
    tmp_path, monkeypatch
):
    world, plan, network, attempt = await begun(tmp_path, monkeypatch, REQUEST, 30)
    assert await world.work_until(attempt, lambda _: bool(network.kept)) is None
    (open_one,) = [one for one in operations(world, attempt.run, OPTION) if not one.verdict]
    application = open_one.request["application"]
    await finish(world, world.resume(attempt.run))
    assert network.delivered.is_set()
    assert settings_of(world, application) == 1
    assert_upgraded(world, plan, attempt.run)


async def test_of_two_arrivals_the_one_that_worked_is_the_operations_task(tmp_path, monkeypatch):
    """The first comes just before the second, which finds its marker taken."""

    world, plan, network, attempt = await begun(tmp_path, monkeypatch, UPGRADE, None, UNIT)
    late = []

    def of_unit():
        every = operations(world, attempt.run, UPGRADE)
        return [one for one in every if one.request["unit"] == UNIT]

    def observe(name):
        again = name == "juju/enqueue/before" and any(one.may_still_arrive for one in of_unit())
        if again and not late:
            late.append(deliver(network))

    monkeypatch.setattr(crash, "observe", observe)
    await finish(world, attempt)
    monkeypatch.setattr(crash, "observe", None)
    first, second = asked_for(world, UPGRADE, UNIT)
    assert upgraded_packages(world, UNIT) == 1
    (made,) = of_unit()
    assert (made.task, made.verdict, made.may_still_arrive) == (first, Verdict.DONE, True)
    assert f"as task {second}" in late_of(made)[0]
    assert_upgraded(world, plan, attempt.run)


async def killed_with_two_candidates(tmp_path, name):
    """Kill a runner after it has asked for an action; somebody else asks for the same one."""
    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    attempt = world.create(await world.plan())
    open_one = []

    def strikes(point):
        if point == "juju/enqueue/after":
            open_one[:] = [
                one for one in operations(world, attempt.run, f"'{name}'") if not one.verdict
            ]
        return bool(open_one)

    assert await world.work_until(attempt, strikes) is None
    request = open_one[0].request
    other = await world.client().enqueue(request["unit"], name, request["params"])
    return world, attempt, open_one[0], other


async def test_which_of_two_tasks_is_a_runners_own_is_asked_where_it_may_not_be_repeated(tmp_path):
    world, attempt, made, other = await killed_with_two_candidates(tmp_path, DUMP[0])
    own, _ = asked_for(world, *DUMP)
    ending = await world.work(world.resume(attempt.run))
    assert (ending.state, ending.error.code) == (RunState.FAILED, "needs-operator")
    assert f"Tasks {own}, {other} (mysqldump on {DUMP[1]})" in ending.error.told
    assert world.steps(attempt.run)[made.step].state is StepState.IN_DOUBT
    assert len(asked_for(world, *DUMP)) == 2


async def test_of_two_tasks_that_do_no_harm_the_last_is_taken_and_the_doubt_is_written_down(
    tmp_path,
):
    world, attempt, made, other = await killed_with_two_candidates(tmp_path, "pause")
    await finish(world, world.resume(attempt.run))
    (same,) = [one for one in operations(world, attempt.run, "'pause'") if one.id == made.id]
    assert (same.task, same.verdict, same.may_still_arrive) == (other, Verdict.DONE, True)


async def test_a_command_that_was_taken_back_before_it_began_is_sent_again_under_its_id(tmp_path):
    """So that nothing is done twice, should both arrive."""

    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    plan = await world.plan()
    attempt = world.create(plan)
    agents = list(world.model.uniters.values())

    def of_unit():
        every = operations(world, attempt.run, UPGRADE)
        return [one for one in every if one.request["unit"] == UNIT]

    def strikes(name):
        if name == "juju/enqueue/before" and of_unit():
            for agent in agents:  # so that what is sent now stays pending
                agent.kill()
        return any(one.task for one in of_unit())

    assert await world.work_until(attempt, strikes, as_=RunState.KILLED) is None
    await world.client().cancel_tasks([of_unit()[0].task])
    for agent in agents:
        agent.start()
    await finish(world, world.resume(attempt.run))
    first, second = of_unit()
    assert (first.verdict, second.verdict) == (Verdict.NOT_DONE, Verdict.DONE)
    assert first.id_on_unit == second.id_on_unit != ""
    assert_upgraded(world, plan, attempt.run)


async def test_a_lost_request_that_is_asked_about_stays_doubtful_whatever_the_operator_says(
    tmp_path, monkeypatch
):
    """What is doubtful is looked for afterwards: it may still arrive."""

    world, _, _, attempt = await begun(tmp_path, monkeypatch, DUMP[0], None)
    ending = await world.work(attempt)
    assert ending.error.code == "needs-operator"
    (made,) = operations(world, attempt.run, DUMP[0])
    assert made.may_still_arrive


class Refusing(worlds.InProcess):
    """A controller that refuses the first request with a text in it."""

    def __init__(self, dispatcher, text):
        super().__init__(dispatcher)
        self._text, self.refused = text, 0

    async def call(self, facade, method, params, *, changes, timeout_s=None):
        if changes and self._text in str(params) and not self.refused:
            self.refused += 1
            raise JujuError("model-blocked", "The model is blocked.", sent=False)
        return await super().call(facade, method, params, changes=changes, timeout_s=timeout_s)


@pytest.mark.parametrize("text", [REQUEST, "'pause'", UPGRADE])
async def test_what_juju_refuses_is_not_done_fails_its_step_and_is_asked_for_by_upgrade(
    tmp_path, monkeypatch, text
):
    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    plan = await world.plan()
    network = world.behind(monkeypatch, Refusing, text)
    attempt = world.create(plan)
    ending = await world.work(attempt)
    assert network.refused == 1
    assert (ending.state, ending.error.code) == (RunState.FAILED, "model-blocked")
    assert world.steps(attempt.run)[ending.error.step].state is StepState.FAILED
    every = operations(world, attempt.run, "")
    made = [one for one in every if one.step == ending.error.step][-1]
    assert (made.verdict, made.task) == (Verdict.NOT_DONE, None)
    assert "The model is blocked." in from_json(made.result["error"])
    await finish(world, world.resume(attempt.run))
    assert_upgraded(world, plan, attempt.run)


async def test_what_was_sent_in_vain_until_the_step_failed_stays_in_doubt_and_is_looked_for(
    tmp_path, monkeypatch
):
    """One of the requests arrives before the next attempt: nobody may take it for not done."""

    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    plan = await world.plan()
    network = world.behind(monkeypatch, Network, UPGRADE, None, UNIT, resending.TRIES)
    attempt = world.create(plan)
    ending = await world.work(attempt)
    assert (ending.state, ending.error.code) == (RunState.FAILED, "connection-lost")
    every = operations(world, attempt.run, UPGRADE)
    (made,) = [one for one in every if one.request["unit"] == UNIT]
    assert (made.verdict, made.task, made.may_still_arrive) == (None, None, True)
    await deliver(network)
    await finish(world, world.resume(attempt.run))
    assert upgraded_packages(world, UNIT) == 1
    assert_upgraded(world, plan, attempt.run)
