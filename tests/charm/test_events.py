"""The credential file follows secret and run; interruption and removal are handled."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from cou.errors import CouError
from cou.journal.records import LEFT, SIGNAL, Attempt, Job, Limit, RunState
from ops import testing

from .conftest import House
from .fakes import NOON, View, attempt, mark

AT_41 = View("r1", RunState.RUNNING, number=41, total=312, title="Upgrade keystone/0")
INTERRUPTED = dataclasses.replace(AT_41, state=RunState.INTERRUPTED, attempt=attempt())
ENDED = [
    RunState.STOPPED,
    RunState.KILLED,
    RunState.FAILED,
    RunState.REFUSED,
    RunState.COMPLETED,
    RunState.ABANDONED,
]


def password(house: House) -> str:
    return json.loads(house.credential.read_text())["password"]


# the credential file


def test_the_account_lies_ready_for_the_runner(house: House):
    house.act("plan")
    house.act("upgrade")
    assert password(house) == "of-the-user"


def test_a_plan_alone_leaves_no_credential_file(house: House):
    house.act("plan")
    assert not house.credential.exists()


def test_a_new_password_reaches_the_runner(house: House):
    house.act("plan")
    house.act("upgrade")
    assert house.secret is not None
    house.secret = dataclasses.replace(
        house.secret, latest_content={"username": "cou", "password": "changed"}
    )
    house.fire("secret_changed", house.secret)
    assert password(house) == "changed"


def test_a_secret_that_is_taken_away_leaves_the_runner_its_account(house: House):
    house.act("plan")
    house.act("upgrade")
    house.secret = None
    house.fire("config_changed")
    assert password(house) == "of-the-user"
    assert "The credentials stay as they are" in house.log


@pytest.mark.parametrize("state", ENDED)
def test_the_file_goes_when_the_run_has_ended(house: House, state: RunState):
    house.act("plan")
    house.act("upgrade")
    house.control.seen = dataclasses.replace(AT_41, state=state)
    house.supervisor_tells()
    assert not house.credential.exists()


def test_the_file_stays_while_a_run_drains(house: House):
    house.act("plan")
    house.act("upgrade")
    house.act("cancel")
    house.fire("update_status")
    assert house.credential.exists()


def test_a_forced_cancel_takes_the_file_away(house: House):
    house.act("plan")
    house.act("upgrade")
    house.act("cancel", force=True)
    assert not house.credential.exists()


def test_a_reboot_emptied_the_folder_and_a_hook_brings_the_file_back(house: House):
    house.act("plan")
    house.act("upgrade")
    house.credential.unlink()
    house.fire("start")
    assert house.credential.exists()


def test_an_account_that_cannot_be_handed_over_starts_nothing(house: House):
    house.act("plan")
    house.credential.parent.parent.mkdir(parents=True, exist_ok=True)
    house.credential.parent.write_text("in the way")
    message, found = house.refused("upgrade")
    assert found["code"] == "credential-file"
    assert str(house.credential.parent) in message
    assert house.control.seen is not None
    assert house.control.seen.state is RunState.PLANNED


def test_a_credential_file_that_cannot_be_renewed_fails_no_hook(house: House):
    house.control.seen = AT_41
    house.act("status")
    house.credential.parent.parent.mkdir(parents=True, exist_ok=True)
    house.credential.parent.write_text("in the way")
    assert house.fire("config_changed").unit_status.name == "maintenance"
    assert str(house.credential) in house.log


def test_no_password_is_ever_logged_or_stored_elsewhere(house: House):
    house.act("plan")
    house.act("upgrade")
    assert "of-the-user" not in house.log
    assert house.context is not None
    assert "of-the-user" not in str(house.context.action_results)
    files = [path for path in house.root.glob("**/*") if path.is_file()]
    holders = [path for path in files if b"of-the-user" in path.read_bytes()]
    assert holders == [house.credential]


# the model's annotation


@pytest.mark.parametrize("state", ENDED)
def test_each_hook_has_the_model_say_that_a_run_has_ended(house: House, state: RunState):
    """Its runner may have been killed, or Juju has not answered it."""
    house.control.seen = dataclasses.replace(AT_41, state=state)
    house.supervisor_tells()
    told = house.control.let_gos
    house.fire("update_status")
    assert 0 < told < house.control.let_gos == told + 1
    house.act("status")
    assert house.control.let_gos == told + 1, "somebody waits for an action"


def test_no_hook_lets_the_model_go_while_a_run_goes_on(house: House):
    house.control.seen = AT_41
    house.supervisor_tells()
    assert house.control.let_gos == 0


# auto-resume


@pytest.mark.parametrize("event", ["start", "update_status", "config_changed"])
def test_an_interrupted_run_goes_on_by_itself_if_the_operator_wants_it(house: House, event: str):
    house.config = {"auto-resume": True}
    house.control.seen = INTERRUPTED
    house.fire(event)
    assert house.control.calls == ["start"]
    assert house.credential.exists()


def test_an_interrupted_run_waits_for_the_operator_otherwise(house: House):
    house.control.seen = INTERRUPTED
    status = house.fire("start").unit_status
    assert house.control.calls == []
    assert status.message == "interrupted at step 41 of 312; to go on: juju run cou/0 upgrade"


@pytest.mark.parametrize("state", [*ENDED, RunState.PLANNED])
def test_only_an_interrupted_run_goes_on_by_itself(house: House, state: RunState):
    house.config = {"auto-resume": True}
    house.control.seen = dataclasses.replace(AT_41, state=state)
    house.fire("start")
    house.fire("update_status")
    assert house.control.calls == []


@pytest.mark.parametrize(
    "last",
    [
        attempt(cancelled=NOON),
        attempt(cancelled=NOON, by="action"),
        attempt(Job.ABANDON),
        attempt(limit=Limit("application", 1)),
        attempt(limit=Limit("step", 3)),
    ],
)
def test_nothing_goes_on_by_itself_beyond_what_was_approved(house: House, last: Attempt):
    house.config = {"auto-resume": True}
    house.control.seen = dataclasses.replace(INTERRUPTED, attempt=last)
    house.fire("start")
    assert house.control.calls == []
    assert not house.credential.exists()


def test_a_run_that_a_stop_of_the_machine_drained_goes_on_by_itself(house: House):
    house.config = {"auto-resume": True}
    drained = attempt(cancelled=NOON, by=SIGNAL)
    house.control.seen = dataclasses.replace(INTERRUPTED, attempt=drained)
    house.fire("start")
    assert house.control.calls == ["start"]


def test_a_run_whose_runner_ends_at_once_is_not_started_again_and_again(house: House):
    house.config = {"auto-resume": True}
    house.control.seen = dataclasses.replace(INTERRUPTED, made_progress=False)
    for _ in range(3):
        house.fire("update_status")
    assert house.control.calls == []


@pytest.mark.parametrize("state", [*RunState])
def test_what_arrives_after_a_run_is_looked_for_at_each_update_status(house: House, state):
    house.control.seen = dataclasses.replace(AT_41, state=state)
    house.fire("update_status")
    house.fire("start")
    assert house.control.looked_afterwards == int(state.finished)


def test_a_look_that_fails_after_a_run_fails_no_hook(house: House):
    house.control.seen = dataclasses.replace(AT_41, state=RunState.COMPLETED)

    def fail(account: Any) -> None:
        raise CouError("not-started", "Nobody answers.")

    house.control.find_late_arrivals = fail
    house.fire("update_status")


def test_a_run_that_goes_on_by_itself_keeps_its_end_of_time(house: House):
    house.config = {"auto-resume": True}
    last = attempt(limit=Limit(until=NOON))
    house.control.seen = dataclasses.replace(INTERRUPTED, attempt=last)
    house.fire("start")
    assert house.control.given == {"plan_hash": None, "until": NOON, "limit": None}


def test_a_run_that_cannot_go_on_by_itself_fails_no_hook(house: House):
    house.config = {"auto-resume": True}
    house.control.seen = INTERRUPTED
    house.control.broken_calls["start"] = CouError("model-held", "cou/1 holds the model.")
    status = house.fire("update_status").unit_status
    assert status.name == "blocked"
    assert "cou/1 holds the model." in house.log
    assert not house.credential.exists()


def test_auto_resume_without_an_account_fails_no_hook(house: House):
    house.config = {"auto-resume": True}
    house.secret = None
    house.control.seen = INTERRUPTED
    assert house.fire("start").unit_status.name == "blocked"
    assert house.control.calls == []


# removal


def test_removal_in_the_middle_of_a_run_ends_it_and_says_what_is_left(house: House):
    house.control.seen = dataclasses.replace(
        AT_41,
        marks=(
            mark("noout:ceph-mon"),
            mark("compute-service:nova-compute/3"),
            mark("paused:keystone/0"),
            mark("option:rabbitmq:enable-auto-restarts", was="True"),
            mark("option:nova-compute:action-managed-upgrade", was="False"),
            mark("option:glance:some-option", was=""),
            mark("held:ceph-osd/1", packages=["ceph-osd", "ceph-common"]),
        ),
    )
    house.fire("stop")
    assert house.control.calls == ["cancel", "force"]
    for command in (
        "juju run ceph-mon/leader unset-noout",
        "juju run nova-compute/3 enable",
        "juju run keystone/0 resume",
        "juju config rabbitmq enable-auto-restarts=True",
        "When every unit of nova-compute runs the release of its origin, run "
        "juju config nova-compute action-managed-upgrade=False",
        "juju config glance --reset some-option",
        "juju exec --unit ceph-osd/1 -- apt-mark unhold ceph-osd ceph-common",
    ):
        assert command in house.log


def test_removal_with_nothing_running_calls_nothing(house: House):
    house.control.seen = View("r1", RunState.COMPLETED)
    house.fire("stop")
    assert house.control.calls == []


def test_the_journal_goes_with_the_charm_when_no_run_is_unfinished(house: House):
    house.act("plan")
    assert house.control.place is not None
    home = house.control.place.home
    home.mkdir(parents=True, exist_ok=True)
    (home / "journal.sqlite").write_text("")
    house.fire("remove")
    assert not home.exists()


def test_the_journal_of_an_unfinished_run_stays_and_its_path_is_logged(house: House):
    house.control.seen = dataclasses.replace(AT_41, state=RunState.KILLED)
    house.act("status")
    assert house.control.place is not None
    home = house.control.place.home
    home.mkdir(parents=True, exist_ok=True)
    house.credential.parent.mkdir(parents=True, exist_ok=True)
    house.credential.write_text("{}")
    house.fire("remove")
    assert home.exists()
    assert not house.credential.exists()
    assert str(home) in house.log


def test_the_word_of_a_run_that_noticed_the_removal_itself_stays_for_people(house: House):
    """It has ended the run for good by then, so that the run alone would keep nothing."""
    house.control.seen = dataclasses.replace(AT_41, state=RunState.ABANDONED)
    house.act("status")
    assert house.control.place is not None
    home = house.control.place.home
    home.mkdir(parents=True, exist_ok=True)
    (home / LEFT).write_text("- paused:keystone/0. Run juju run keystone/0 resume\n")
    house.fire("remove")
    assert (home / LEFT).exists()
    assert str(home) in house.log


def test_a_journal_that_cannot_be_read_is_never_deleted(house: House):
    house.act("status")
    assert house.control.place is not None
    home = house.control.place.home
    home.mkdir(parents=True, exist_ok=True)
    house.control.broken = CouError("journal-damaged", "The journal is damaged.")
    house.fire("remove")
    assert home.exists()
    assert str(home) in house.log


def test_a_runner_that_cannot_be_ended_fails_no_hook(house: House):
    house.control.seen = AT_41
    house.control.broken_calls["force"] = CouError("force-failed", "Process 71 is still there.")
    house.fire("stop")
    assert "Process 71 is still there." in house.log


# cost


def test_no_event_loads_the_library_that_speaks_to_juju(house: House):
    """It takes 0.4 s to load; here a fresh interpreter looks at what the charm loads."""
    import subprocess
    import sys

    from .conftest import TOP

    script = "import sys, charm; print('juju' in sys.modules, 'websockets' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=TOP,
        env={"PYTHONPATH": f"{TOP / 'lib'}:{TOP / 'src'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["False", "False"]
    assert isinstance(house.fire("update_status"), testing.State)
