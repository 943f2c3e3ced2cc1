"""The unit's status is never better than the truth, and never longer than one line."""

from __future__ import annotations

import contextlib
import dataclasses

import pytest
from cou.control import account_secret
from cou.errors import CouError, JournalError
from cou.journal.records import Job, MarkState, RunState
from cou.kinds import Kind
from cou.plan.step import Step
from juju_testbed.command import status_text
from ops import testing

import unit_status

from .conftest import House
from .fakes import NOON, View, attempt, mark

LONG = "a very long title " * 20
UPGRADE = Step("keystone/0/upgrade-unit", Kind.UPGRADE_UNIT, "Upgrade keystone/0")
AT_41 = View("r1", RunState.RUNNING, number=41, total=312, title=UPGRADE.title, running=(UPGRADE,))


@pytest.mark.parametrize(
    ("view", "name", "message"),
    [
        (View("r1", RunState.STARTING), "maintenance", "starting the upgrade to victoria"),
        (
            View("r1", RunState.RUNNING),
            "maintenance",
            "looking at the model before the upgrade to victoria",
        ),
        (AT_41, "maintenance", "step 41 of 312: Upgrade keystone/0"),
        (
            dataclasses.replace(AT_41, state=RunState.WAITING, waits_for="vault/0 is sealed"),
            "waiting",
            "step 41 of 312 waits: vault/0 is sealed",
        ),
        (
            dataclasses.replace(AT_41, state=RunState.DRAINING),
            "maintenance",
            "stopping at step 41 of 312: finishing Upgrade keystone/0",
        ),
        (
            dataclasses.replace(AT_41, state=RunState.DRAINING, running=()),
            "maintenance",
            "stopping at step 41 of 312",
        ),
        (
            dataclasses.replace(AT_41, silent_since=NOON),
            "blocked",
            "the runner hangs since 12:00 UTC at step 41 of 312; "
            "to end it: juju run cou/0 cancel force=true",
        ),
        (
            dataclasses.replace(AT_41, state=RunState.STOPPED),
            "blocked",
            "stopped at step 41 of 312; to go on: juju run cou/0 upgrade",
        ),
        (
            dataclasses.replace(AT_41, state=RunState.KILLED),
            "blocked",
            "killed at step 41 of 312; to go on: juju run cou/0 upgrade",
        ),
        (
            dataclasses.replace(AT_41, state=RunState.INTERRUPTED),
            "blocked",
            "interrupted at step 41 of 312; to go on: juju run cou/0 upgrade",
        ),
        (
            dataclasses.replace(AT_41, state=RunState.FAILED, error="keystone/0 is in error"),
            "blocked",
            "failed at step 41 of 312: keystone/0 is in error; see juju run cou/0 status",
        ),
        (
            View("r1", RunState.REFUSED, error="nova is gone"),
            "blocked",
            "nothing was done: nova is gone; look again: juju run cou/0 plan",
        ),
        (View("r1", RunState.COMPLETED), "active", "upgraded to victoria"),
        (
            dataclasses.replace(AT_41, state=RunState.ABANDONED),
            "blocked",
            "abandoned at step 41 of 312; look at the cloud: juju run cou/0 plan",
        ),
        (View("r1", RunState.ABANDONED), "active", "ready"),
        (View("r1", RunState.PLANNED), "active", "ready"),
        (
            View("r1", RunState.STOPPED),
            "blocked",
            "stopped at the start; to go on: juju run cou/0 upgrade",
        ),
    ],
)
def test_each_state_of_a_run_has_its_status(house: House, view: View, name: str, message: str):
    house.control.seen = view
    status = house.fire("update_status").unit_status
    assert (status.name, status.message) == (name, message)


@pytest.mark.parametrize("state", list(RunState))
def test_a_status_is_one_line_and_keeps_its_command(state: RunState):
    view = View("r1", state, LONG, "", 41, 312, LONG, LONG, LONG, LONG, LONG)
    unit = "openstack-upgrader-for-region-one/10"
    message = unit_status.of_run(view, unit).message
    assert 0 < len(message) <= unit_status.LONGEST
    assert "\n" not in message
    if state in (RunState.STOPPED, RunState.KILLED, RunState.INTERRUPTED):
        assert message.endswith(f"juju run {unit} upgrade")
    if state is RunState.FAILED:
        assert message.endswith(f"juju run {unit} status")


WIDE = "Überprüfung der Zone für glance – 界 " * 6


@pytest.mark.parametrize("state", list(RunState))
@pytest.mark.parametrize("text", [LONG, WIDE, "界" * 200, "é" * 59, "x" + "é" * 200])
def test_juju_status_has_nothing_to_cut_from_a_status(state: RunState, text: str):
    view = View("r1", state, text, "", 41, 312, text, text, text, text, text)
    unit = "openstack-upgrader-for-region-one/10"
    message = unit_status.of_run(view, unit).message
    assert len(message.encode()) <= 120
    assert status_text.cut(message) == message
    for verb, states in (
        ("upgrade", (RunState.STOPPED, RunState.KILLED, RunState.INTERRUPTED)),
        ("status", (RunState.FAILED,)),
        ("plan", (RunState.REFUSED,)),
    ):
        assert message.endswith(f"juju run {unit} {verb}") or state not in states


@pytest.mark.parametrize("name", ["a" * 60, "a" * 90])
def test_a_command_is_whole_also_where_the_application_s_name_is_long(name: str):
    view = dataclasses.replace(AT_41, state=RunState.FAILED, error=WIDE)
    message = unit_status.of_run(view, f"{name}/0").message
    assert message.endswith(f"; see juju run {name}/0 status")
    assert len(message.encode()) <= 120


def test_what_is_cut_ends_as_juju_ends_it_and_at_the_border_of_a_character():
    for first in range(4):
        text = unit_status.fit_in_line("x" * first, "界" * 100, "; end")
        assert text.endswith("界...; end")
        assert 116 < len(text.encode()) <= 120
    assert unit_status.fit_in_line("", "é" * 60, "") == "é" * 60


def test_a_run_that_is_being_abandoned_does_not_look_like_an_upgrade(house: House):
    house.control.seen = dataclasses.replace(AT_41, attempt=attempt(Job.ABANDON))
    message = house.fire("update_status").unit_status.message
    assert message == "abandoning the run: putting back what it switched"


def test_an_error_of_several_lines_becomes_one():
    assert unit_status.fit_in_line("a: ", "b\n  c", "; d") == "a: b c; d"


def test_what_had_to_stay_switched_is_said_after_completion(house: House):
    house.control.seen = View(
        "r1",
        RunState.COMPLETED,
        marks=(
            mark("compute-service:nova-compute/3", MarkState.KEPT),
            mark("noout:ceph-mon", MarkState.PUT_BACK),
        ),
    )
    message = house.fire("update_status").unit_status.message
    assert message == "upgraded to victoria; 1 left switched: juju run cou/0 status"


def test_what_was_left_out_is_said_after_completion_and_what_to_do_about_it(house: House):
    hosts = tuple(f"nova-compute/{number} (5 instances)" for number in range(9))
    for left in (hosts[:1], hosts):
        house.control.seen = View("r1", RunState.COMPLETED, left=left)
        message = house.fire("update_status").unit_status.message
        assert message.startswith("upgraded to victoria except nova-compute/0 (5 instances)")
        assert message.endswith(": empty it, then juju run cou/0 plan group=data-plane")
        assert len(message) <= 120


def test_a_unit_that_does_not_lead_says_that_it_stands_by(house: House):
    house.leader = False
    status = house.fire("leader_elected").unit_status
    assert status == testing.ActiveStatus("ready: standby, only the leader runs")


def test_a_lost_secret_does_not_hide_a_run_that_goes_on(house: House):
    house.control.seen = AT_41
    house.secret = None
    assert house.fire("update_status").unit_status.name == "maintenance"


def test_a_stopped_run_is_shown_before_a_lost_secret(house: House):
    house.control.seen = dataclasses.replace(AT_41, state=RunState.STOPPED)
    house.secret = None
    assert house.fire("update_status").unit_status.message.startswith("stopped at step 41")


def test_a_lost_secret_is_shown_after_a_run_has_completed(house: House):
    house.control.seen = View("r1", RunState.COMPLETED)
    house.secret = None
    assert house.fire("update_status").unit_status.name == "blocked"


def test_a_journal_that_cannot_be_read_blocks_and_fails_no_hook(house: House):
    house.control.broken = JournalError(
        "journal-damaged", "The journal is damaged.", "Move it away."
    )
    for event in ("update_status", "config_changed", "start", "upgrade_charm", "stop", "remove"):
        status = house.fire(event).unit_status
        assert status == testing.BlockedStatus("The journal is damaged. Move it away."), event


def another_account() -> testing.Secret:
    return testing.Secret({"username": "cou", "password": "another"}, owner=None)


@pytest.mark.slow
@pytest.mark.parametrize("code", ["login-refused", "permission-denied"])
def test_an_account_that_was_not_taken_is_told_until_it_changes_or_is_taken(
    house: House, code: str
):
    words = "Login at 10.0.0.1:17070: invalid entity name or password"
    told = testing.BlockedStatus(f"{words}; mend it, then: juju run cou/0 plan")
    house.control.broken_calls["plan"] = CouError(code, f"{words}.", "Look at the secret.")
    house.refused("plan")
    assert house.fire("update_status").unit_status == told
    # The hook of a change may come after an action that has seen the change already.
    assert house.fire("config_changed").unit_status == told
    good, house.secret = house.secret, another_account()
    assert house.fire("config_changed").unit_status == testing.ActiveStatus("ready")
    house.secret = good
    house.refused("plan")
    assert house.fire("update_status").unit_status == told
    house.secret = None
    assert "No credentials" in house.fire("config_changed").unit_status.message
    house.secret = good
    assert house.fire("update_status").unit_status == testing.ActiveStatus("ready")
    house.refused("plan")
    del house.control.broken_calls["plan"]
    house.act("plan")
    assert house.fire("update_status").unit_status == testing.ActiveStatus("ready")


def test_an_account_that_was_not_taken_is_told_in_the_words_of_the_catalogue(house: House):
    house.control.broken_calls["plan"] = CouError("bad-ca-certificate", error="no start line")
    house.refused("plan")
    seen = "The controller's CA certificate cannot be read: no start line"
    told = testing.BlockedStatus(f"{seen}; mend it, then: juju run cou/0 plan")
    assert house.fire("update_status").unit_status == told


def test_a_controller_that_does_not_answer_says_nothing_of_the_account(house: House):
    house.control.broken_calls["plan"] = CouError("controller-unreachable", "No answer.")
    house.refused("plan")
    assert house.fire("update_status").unit_status == testing.ActiveStatus("ready")


def test_the_status_follows_every_event(house: House):
    for event in ("install", "start", "upgrade_charm", "leader_elected", "config_changed"):
        house.control.seen = None
        assert house.fire(event).unit_status.message == "ready", event
        house.control.seen = AT_41
        assert house.fire(event).unit_status.message.startswith("step 41"), event


@pytest.mark.parametrize(
    ("view", "shown"),
    [(None, "ready"), (AT_41, "step 41"), (View("r1", RunState.COMPLETED), "upgraded")],
)
def test_who_only_asks_does_not_have_the_same_status_worked_out_again(
    house: House, view: View | None, shown: str
):
    house.control.seen = view
    assert house.fire("update_status").unit_status.message.startswith(shown)
    house.status = testing.ActiveStatus("as it was")
    house.act("status")
    assert house.after is not None
    assert house.after.unit_status.message == "as it was"
    house.control.seen = dataclasses.replace(AT_41, number=42)
    house.act("status")
    assert house.after.unit_status.message.startswith("step 42")


def test_who_asks_after_having_mended_something_sees_it_in_the_status(house: House):
    secret, house.secret = house.secret, None
    assert house.fire("update_status").unit_status.name == "blocked"
    house.secret = secret
    house.act("status")
    assert house.after is not None
    assert house.after.unit_status == testing.ActiveStatus("ready")


@pytest.mark.sampled(5)
@pytest.mark.parametrize(
    "action",
    ["plan", "upgrade", "upgrade-step", "cancel", "status", "report", "restore", "abandon"],
)
@pytest.mark.parametrize("mended", ["granted", "configured"])
def test_whatever_is_run_after_a_grant_or_a_correction_brings_the_status_up_to_date(
    house: House, action: str, mended: str
):
    """Juju fires no event when a secret is granted."""
    secret = house.secret
    if mended == "granted":
        house.secret = None
    else:
        house.config = {"quiet-period": -1}
    for _ in range(2):  # once told, and told again
        assert house.fire("update_status").unit_status.name == "blocked"
        with contextlib.suppress(testing.ActionFailed):
            house.act(action)
    house.secret, house.config = secret, {}
    house.status = testing.BlockedStatus("as it was")
    failed = None
    try:
        house.act(action)
    except testing.ActionFailed as failure:
        failed = failure.state
    after = failed or house.after
    assert after is not None
    assert after.unit_status.name != "blocked"


def test_a_grant_that_is_missing_is_told_with_the_command_that_looks_again():
    uri = "secret:d5k3mrad0nkc77u8i1g0"
    error = account_secret.not_granted(uri, "cou")
    told = unit_status.of_error(error, "cou/0")
    assert told.message.endswith(f"Run: juju grant-secret {uri} cou, then: juju run cou/0 plan")


def test_a_remedy_that_does_not_fit_is_told_by_the_action_that_the_status_names():
    path = "/var/lib/cou/cou-0/log/planted.log"
    error = CouError(
        "foreign-file",
        f"{path} belongs to the user nobody, neither to you nor to root.",
        "Run it as nobody if it is theirs. Else look at it, then move it away: "
        f"sudo mv {path} /var/lib/cou/planted.log.aside",
    )
    message = unit_status.of_error(error, "cou/0").message
    assert message.startswith(f"{path} belongs to the user nobody")
    assert message.endswith("; what to do: juju run cou/0 plan")
    assert len(message.encode()) <= unit_status.LONGEST


def test_the_units_version_is_that_of_cou(house: House):
    import cou

    assert house.fire("install").workload_version == cou.__version__
    assert house.fire("upgrade_charm").workload_version == cou.__version__


def test_no_name_or_message_steers_the_terminal_of_juju_status():
    hostile = "\x1b[2J\x1b]0;owned\x07 \u202ebad\nline"
    for state in RunState:
        view = dataclasses.replace(
            AT_41, state=state, error=hostile, title=hostile, waits_for=hostile
        )
        message = unit_status.of_run(view, "cou/0").message
        assert not any(ord(one) < 32 or one == "\u202e" for one in message)


@pytest.mark.parametrize("version", ["4.0.15", "5.1"])
def test_a_juju_that_is_not_supported_blocks_the_unit(house: House, version: str):
    house.juju = version
    status = house.fire("update_status").unit_status
    assert status.name == "blocked"
    assert f"Juju {version} is not supported" in status.message
    assert len(status.message) <= unit_status.LONGEST


def test_a_run_that_rests_on_juju_4_is_told_how_it_can_be_ended(house: House):
    house.control.seen = dataclasses.replace(AT_41, state=RunState.STOPPED)
    house.juju = "4.0.15"
    status = house.fire("update_status").unit_status
    assert status.name == "blocked"
    assert "Juju 4.0.15" in status.message
    assert status.message.endswith("to end it: juju run cou/0 abandon")
    assert "upgrade" not in status.message


def test_a_run_that_goes_on_is_shown_whatever_juju_there_is(house: House):
    house.control.seen = AT_41
    house.juju = "4.0.15"
    assert house.fire("update_status").unit_status.name == "maintenance"
