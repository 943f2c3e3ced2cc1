"""The report of a run that was failed, resolved, cancelled, killed and finished."""

from __future__ import annotations

import asyncio
import json

import pytest
from cou.control.control import Control
from cou.journal.records import Resolution, RunState
from cou.process.paths import RunPaths
from cou.show import history, run_report

from . import world as worlds
from .test_unfinished import fail_action, stop_when
from .test_whole_run import finish

pytestmark = pytest.mark.slow

REASON = "dumped by hand <b>twice</b>"
HOUR_S = 3600


async def killed_at_the_fourth_task(world, attempt):
    """Work until the runner dies between an enqueue and its record."""
    fourth = worlds.countdown(4, "juju/enqueue/after")
    assert await world.work_until(attempt, fourth) is None


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """Return home and account of the whole story."""
    home = tmp_path_factory.mktemp("report") / "home"

    async def story():
        world = await worlds.build(home)
        attempt = world.create(await world.plan())
        fail_action(world, "mysqldump")
        assert (await world.work(attempt)).state is RunState.FAILED
        step = next(name for name, one in world.steps(attempt.run).items() if one.error)
        journal = world.journal()
        journal.resolve_step(attempt.run, step, Resolution.SKIP, REASON)
        journal.close()
        await asyncio.sleep(HOUR_S)
        attempt = world.resume(attempt.run)

        def far_enough():
            return sum(one.state.over for one in world.steps(attempt.run).values()) > 40

        await stop_when(world, attempt, far_enough)
        await asyncio.sleep(8 * HOUR_S)
        world.model.add_unit("placement", world.model.units["placement/0"].machine)
        attempt = world.resume(attempt.run)
        await killed_at_the_fourth_task(world, attempt)
        await finish(world, world.resume(attempt.run))
        journal = world.journal()
        account = history.make_report(journal, alive=False, now=world.clock.now())
        journal.close()
        return account

    return home, worlds.run(story())


def test_every_attempt_is_told_with_how_it_ended(told):
    _, account = told
    ways = [one.how for one in account.sittings]
    assert ways == ["failed", "stopped", "interrupted", "completed"]
    assert account.sittings[1].cancelled_by == "operator"
    assert account.working < 2 * HOUR_S
    assert account.resting == pytest.approx(9 * HOUR_S, abs=60)


def test_every_step_is_over_and_lies_within_its_attempts(told):
    _, account = told
    assert account.over == len(account.steps)
    spans = {one.token: (one.started, one.ended) for one in account.sittings}
    for step in account.steps:
        for one in step.tries:
            began, ended = spans[one.token]
            assert began <= one.began <= one.ended <= ended
    assert sum(part.seconds for part in account.parts) == pytest.approx(account.working, abs=60)


def test_the_interrupted_step_is_told_with_how_it_was_settled(told):
    _, account = told
    doubt = account.doubts[0]
    assert doubt.token == 3
    assert "(task " in doubt.settled
    assert "Nothing was sent again; it ended done." in doubt.settled


def test_failure_decision_and_drift_are_told_in_their_order(told):
    _, account = told
    kinds = [one.kind for one in account.happenings]
    assert kinds[:3] == ["failed", "decision", "drift"]
    assert "mysqldump went wrong" in account.happenings[0].text
    assert REASON in account.happenings[1].text
    assert "placement/3 is new" in account.happenings[2].text
    assert any(REASON in line for line in account.left_out)
    assert account.backups == ()


def test_every_application_is_told_from_what_to_what(told):
    _, account = told
    found = {one.name: one for one in account.applications}
    keystone = found["keystone"]
    assert (keystone.was, keystone.now) == ("ussuri/stable", "victoria/stable")
    assert (keystone.origin_was, keystone.origin_now) == ("distro", "cloud:focal-victoria")
    assert keystone.units == 3
    assert keystone.verified
    assert all(one.over == one.total for one in found.values())


def test_what_was_waited_for_is_told_with_who_and_how_long(told):
    _, account = told
    units = [one for one in account.waits if "/" in one.subject]
    assert len(units) > 10
    assert all(one.subject in one.words for one in units)
    assert all(0 <= one.seconds <= account.working for one in account.waits)
    assert account.waits == tuple(sorted(account.waits, key=lambda one: -one.seconds))


def test_the_last_look_at_the_cloud_is_told(told):
    _, account = told
    assert account.last_look is not None
    assert account.last_look.failure == ""
    assert account.last_look.at >= account.sittings[-1].started
    assert "The cloud afterwards" in run_report.markdown(account)


def test_marks_are_told_when_they_are_back_too(told):
    _, account = told
    assert {one.state for one in account.marks} == {"put-back"}
    assert "option:nova-compute:action-managed-upgrade" in {one.id for one in account.marks}


def test_control_gives_every_form_from_the_journal_alone(told):
    home, account = told
    control = Control(RunPaths(home, home / "run"))
    for form in run_report.FORMS:
        reported = control.report(form)
        assert reported.run == account.run
        assert all(one.name in reported.text for one in account.applications)
        assert "keystone/1" in reported.text
    again = json.loads(control.report("json").text)
    assert {**again, "made": 0} == {**account.to_dict(), "made": 0}
