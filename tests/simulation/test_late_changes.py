"""A request for a setting, never answered, arrives after what was set later; in virtual time."""

from __future__ import annotations

import re

import pytest
from cou.control import late_arrivals
from cou.journal.records import MarkState, RunState, Verdict
from cou.operations import late_changes, late_tasks
from cou.show import history, view
from cou.wording import IN_DOCUMENTS, from_json
from cou.work.attempt import Runner

from tests.proof import small

from . import world as worlds
from .test_late_requests import begun
from .test_whole_run import finish

pytestmark = pytest.mark.slow

OPTION = "action-managed-upgrade"
REQUEST = f"{OPTION}': 'True'"  # not the mark in the annotation


async def deliver(network):
    """Have what was kept arrive."""
    facade, method, params = network.kept[0]
    await worlds.InProcess.call(network, facade, method, params, changes=True)


async def value(world, application):
    return (await world.client().config([application]))[application][OPTION].value


def is_put_back(operation):
    """Whether it has put the option back."""
    return operation.key == "put-back" and operation.request["key"] == OPTION


def is_refreshed(operation):
    """Whether it has moved keystone to the channel at the target."""
    request = operation.request
    wanted = "refresh", "keystone", "victoria/stable"
    return (request.get("kind"), request.get("application"), request.get("channel")) == wanted


def application_of(world, run, wanted):
    """Return whose is the first wanted operation that has ended well; None while there is none."""
    journal = world.journal()
    try:
        done = [one for one in journal.operations(run) if one.verdict is Verdict.DONE]
        return next((one.request["application"] for one in done if wanted(one)), None)
    finally:
        journal.close()


async def work_until(world, attempt, wanted):
    """End the runner as soon as a wanted operation has ended well; return its application."""

    def is_done(name):
        return name.startswith("journal/end-step/after") and application_of(
            world, attempt.run, wanted
        )

    assert await world.work_until(attempt, is_done) is None
    return application_of(world, attempt.run, wanted)


async def look(world, run):
    """Look as the next plan does; return what is told."""
    journal = world.journal()
    try:
        assert late_arrivals.wanted(journal).id == run
        return await late_arrivals.look(world.client(), journal, journal.run(run))
    finally:
        journal.close()


def told(world):
    """Return what status and report tell."""
    journal = world.journal()
    try:
        seen = view.view_of_journal(journal, alive=False)
        account = history.make_report(journal, alive=False, now=world.clock.now())
        return seen.to_text(IN_DOCUMENTS), [one.text for one in account.happenings]
    finally:
        journal.close()


async def test_what_undoes_a_setting_after_the_run_is_told_with_the_command_that_puts_it_right(
    tmp_path, monkeypatch
):
    world, _, network, attempt = await begun(tmp_path, monkeypatch, REQUEST, None)
    await finish(world, attempt)
    application = application_of(world, attempt.run, is_put_back)
    assert await value(world, application) is False
    assert await look(world, attempt.run) == ()
    await deliver(network)
    assert await value(world, application) is True
    (text,) = await look(world, attempt.run)
    assert f"{application}: {OPTION} is 'True', and this run had set it to" in text
    assert await look(world, attempt.run) == (text,)  # and is written down once
    status, happenings = told(world)
    assert f"Arrived late: {text}" in status
    assert len([one for one in happenings if text in one]) == 1
    name, key, wanted = re.search(r"juju config (\S+) (\S+)=(\S+)$", text).groups()
    await world.client().set_config(name, {key: wanted})
    assert await value(world, application) is False


async def test_what_undoes_a_setting_before_a_resumption_is_named_and_set_once_more(
    tmp_path, monkeypatch
):
    world, _, network, attempt = await begun(tmp_path, monkeypatch, REQUEST, None)
    application = await work_until(world, attempt, is_put_back)
    await deliver(network)
    assert await value(world, application) is True
    await finish(world, world.resume(attempt.run))
    assert await value(world, application) is False
    journal = world.journal()
    events = journal.events(attempt.run)
    (drift,) = [one.data for one in events if one.what == "drift" and OPTION in str(one.data)]
    assert "has likely arrived late" in from_json(drift["text"])
    assert f"juju config {application} {OPTION}=" in from_json(drift["text"])
    assert not drift["stops"]
    assert len([one for one in events if one.what == "late-change"]) == 1
    states = {mark.id: mark.state for mark in journal.marks(attempt.run)}
    assert states[f"option:{application}:{OPTION}"] is MarkState.PUT_BACK
    journal.close()


OLDER = small.BUNDLE.replace("older-revision: [vault]", "older-revision: [vault, keystone]")


async def channel(world, application):
    return (await world.client().full_status([application])).applications[application].channel


async def refreshed(tmp_path, monkeypatch):
    """Begin a run whose refresh to the newest revision of the old channel nobody answers."""
    asked = "ussuri/stable", None, "keystone"
    world, _, network, attempt = await begun(tmp_path, monkeypatch, *asked, source=OLDER)
    return world, network, attempt


async def test_a_refresh_that_arrives_after_the_run_is_told_with_the_command_that_puts_it_right(
    tmp_path, monkeypatch
):
    world, network, attempt = await refreshed(tmp_path, monkeypatch)
    await finish(world, attempt)
    assert await channel(world, "keystone") == "victoria/stable"
    assert await look(world, attempt.run) == ()
    await deliver(network)
    assert await channel(world, "keystone") == "ussuri/stable"
    (text,) = await look(world, attempt.run)
    assert "keystone: channel is 'ussuri/stable', and this run had set it to" in text
    assert f"Arrived late: {text}" in told(world)[0]
    name, wanted = re.search(r"juju refresh (\S+) --channel (\S+)$", text).groups()
    await world.client().refresh(name, wanted)
    assert await channel(world, "keystone") == "victoria/stable"


async def test_a_refresh_that_arrives_before_a_resumption_is_named_and_made_once_more(
    tmp_path, monkeypatch
):
    world, network, attempt = await refreshed(tmp_path, monkeypatch)
    assert await work_until(world, attempt, is_refreshed) == "keystone"
    await deliver(network)
    assert await channel(world, "keystone") == "ussuri/stable"
    await finish(world, world.resume(attempt.run))
    assert await channel(world, "keystone") == "victoria/stable"
    journal = world.journal()
    (late,) = [one for one in journal.events(attempt.run) if one.what == "late-change"]
    assert "has likely arrived late" in from_json(late.data["text"])
    journal.close()


async def test_nothing_is_set_again_once_a_cancel_is_recorded(tmp_path, monkeypatch):
    world, plan, network, attempt = await begun(tmp_path, monkeypatch, REQUEST, None)
    application = await work_until(world, attempt, is_put_back)
    await deliver(network)
    attempt = world.resume(attempt.run)
    journal = world.journal()
    runner = Runner(journal, world.client(), attempt, "cou/0", world.clock, outside=world)
    await runner._lease.take(await runner._lease.await_free())
    journal.cancel(attempt.token, "a test")
    assert not await late_tasks.undo(runner._held, plan.root, world.settings)
    assert await value(world, application) is True
    journal.close()


async def test_a_pause_that_arrives_after_the_run_is_told_with_the_command_that_undoes_it(
    tmp_path, monkeypatch
):
    unit, tag = "nova-compute/0", "nova-compute-0"
    world, _, network, attempt = await begun(tmp_path, monkeypatch, "'pause'", None, tag)
    await finish(world, attempt)
    assert await look(world, attempt.run) == ()
    await deliver(network)
    await worlds.asyncio.sleep(60)
    (text,) = await look(world, attempt.run)
    assert re.search(rf"pause on {unit} arrived late as task \d+, beside task \d+", text)
    assert text.endswith(f"Run juju run {unit} resume")
    assert f"Arrived late: {text}" in told(world)[0]


async def test_nothing_is_asked_of_juju_where_all_was_answered(tmp_path, monkeypatch):
    world, _, _, attempt = await begun(tmp_path, monkeypatch, "never sent", None)
    await finish(world, attempt)
    journal = world.journal()
    assert late_arrivals.wanted(journal) is None
    await late_changes.look(None, journal.unanswered(attempt.run), ())
    journal.close()


async def test_nobody_looks_for_ever_without_being_asked(tmp_path, monkeypatch):
    world, _, _, attempt = await begun(tmp_path, monkeypatch, REQUEST, None)
    await finish(world, attempt)
    journal = world.journal()
    looks = 0
    while (run := late_arrivals.wanted(journal, by_itself=True)) is not None:
        await late_arrivals.look(world.client(), journal, run)
        looks += 1
    assert looks == 12
    assert late_arrivals.wanted(journal) is not None  # who plans is told all the same
    assert journal.run(attempt.run).state is RunState.COMPLETED
    journal.close()
