"""Each action's results, and each refusal, after which nothing has happened."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from cou.checks.problem import Problem, Severity
from cou.errors import CouError, JournalError
from cou.journal.records import RunState
from cou.kinds import Kind
from cou.plan.step import Step
from ops import testing

from .conftest import TOP, House
from .fakes import View, attempt

UPGRADE = Step("keystone/0/upgrade-unit", Kind.UPGRADE_UNIT, "Upgrade keystone/0")
AT_41 = View("r1", RunState.RUNNING, number=41, total=312, title=UPGRADE.title, running=(UPGRADE,))
KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\Z")


def problem(severity: Severity) -> Problem:
    return Problem("hook-error", severity, "keystone", "keystone/0 is in error.", "Mend it.")


def in_state(state: RunState) -> View:
    return dataclasses.replace(AT_41, state=state)


def test_every_declared_action_is_answered(house: House):
    declared = yaml.safe_load((TOP / "actions.yaml").read_text())
    needed: dict[str, dict[str, Any]] = {
        "resolve-step": {"step": "keystone/refresh", "as_": "done", "reason": "looked at it"}
    }
    for action in declared:
        with contextlib.suppress(testing.ActionFailed):
            house.act(action, **needed.get(action, {}))
        assert house.context is not None
        found = house.context.action_results
        assert found, action
        assert all(KEY.match(key) for key in found), action
        assert all(isinstance(value, str) for value in found.values()), action


def test_juju_checks_no_more_than_the_names_of_parameters():
    """What it refuses has no code: all that we can refuse ourselves, we do."""
    declared = yaml.safe_load((TOP / "actions.yaml").read_text())
    for action in declared.values():
        assert set(action) <= {"description", "parallel", "additionalProperties", "params"}
        assert action["additionalProperties"] is False
        assert action["parallel"] is True
        for spec in action.get("params", {}).values():
            assert set(spec) == {"description"}


@pytest.mark.parametrize(
    ("action", "params", "name"),
    [
        ("resolve-step", {"as": "done", "reason": "why"}, "step"),
        ("resolve-step", {"step": "x", "reason": "why"}, "as"),
        ("resolve-step", {"step": "x", "as": "done"}, "reason"),
        ("resolve-step", {"step": 5, "as": "done", "reason": "why"}, "step"),
        ("resolve-step", {"step": "x", "as": "gone", "reason": "why"}, "as"),
        ("plan", {"group": "compute"}, "group"),
        ("plan", {"format": "pdf"}, "format"),
        ("plan", {"backup": "perhaps"}, "backup"),
        ("plan", {"skip-apps": "12"}, "skip-apps"),
        ("upgrade", {"plan": 1234}, "plan"),
        ("upgrade", {"until": 7}, "until"),
        ("upgrade-step", {"count": 0}, "count"),
        ("upgrade-step", {"granularity": "unit"}, "granularity"),
        ("upgrade-step", {"expect": 5}, "expect"),
        ("cancel", {"force": 7}, "force"),
        ("status", {"format": "xml"}, "format"),
        ("report", {"format": ["html"]}, "format"),
    ],
)
def test_a_wrong_parameter_is_refused_with_code_name_value_and_what_is_allowed(
    house: House, action: str, params: dict[str, Any], name: str
):
    message, results = house.refused(action, **params)
    assert results["code"] == "bad-parameter"
    assert f"{name}={params.get(name)!r} is not allowed. Give " in message
    assert set(house.control.calls) <= {"view"}


# plan


def test_plan_shows_what_would_be_done_and_the_next_command(house: House):
    found = house.act("plan")
    assert house.control.seen is not None
    assert found == {
        "plan": "Upgrade cloud to victoria",
        "hash": house.control.seen.plan_hash,
        "from": "ussuri",
        "to": "victoria",
        "steps": "2",
        "problems": "0 blocking, 0 other",
        "remainder": "no",
        "next": "juju run cou/0 upgrade",
    }


def test_plan_gives_the_form_that_was_asked_for(house: House):
    assert json.loads(house.act("plan", format="json")["plan"])["to"] == "victoria"
    assert house.act("plan", format="markdown")["plan"].startswith("# ")


def test_a_plan_with_blocking_problems_is_shown_and_says_what_comes_first(house: House):
    house.control.problems = (problem(Severity.ERROR), problem(Severity.WARNING))
    found = house.act("plan")
    assert found["problems"] == "1 blocking, 1 other"
    assert found["next"] == "mend 1 blocking, then: juju run cou/0 plan"


def test_a_plan_without_steps_has_nothing_to_do(house: House):
    house.control.steps = ()
    assert house.act("plan")["next"] == "nothing to do"


def test_a_plan_on_a_unit_that_does_not_lead_points_to_the_leader(house: House):
    house.leader = False
    assert house.act("plan")["next"] == "only the leader runs: juju run cou/leader plan"


def test_the_plan_of_a_stopped_run_is_its_remainder(house: House):
    house.control.seen = in_state(RunState.STOPPED)
    found = house.act("plan")
    assert found["remainder"] == "yes"
    assert found["message"] == "2 of 2 steps are left."
    assert found["next"] == "juju run cou/0 upgrade"


def test_a_plan_that_is_shown_while_a_run_goes_on_says_so(house: House):
    house.control.seen = AT_41
    assert house.act("plan")["next"] == "it is running; to see where: juju run cou/0 status"


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"group": "everything"}, "group='everything'"),
        ({"format": "yaml"}, "format='yaml'"),
        ({"machines": "5"}, "group=hypervisors"),
        ({"group": "hypervisors", "machines": "az1"}, "machines='az1'"),
        ({"purge_before": "2025-01-01"}, "purge=true"),
        ({"purge": True, "purge_before": "yesterday"}, "purge-before='yesterday'"),
        ({"accept": "everything"}, "accept='everything'"),
        ({"max_parallel": 0}, "max-parallel=0"),
    ],
)
def test_a_wrong_option_is_refused_and_nothing_has_happened(
    house: House, params: dict[str, Any], said: str
):
    message, found = house.refused("plan", **params)
    assert said in message
    assert set(found) == {"code"}
    assert house.control.calls == []


def test_a_number_is_a_machine(house: House):
    house.act("plan", group="hypervisors", machines=5)
    house.act("plan", group="hypervisors", machines=[5, "6/lxd/0"])
    assert house.control.calls == ["plan", "plan"]


def test_a_long_plan_lies_in_a_file_that_only_root_can_read(house: House):
    house.control.padding = "ö" * 60_000
    found = house.act("plan")
    assert "plan" not in found
    path = house.control.place.home / "plans" / f"{found['hash']}.txt"  # pyright: ignore[reportOptionalMemberAccess]
    assert found["plan-file"] == str(path)
    content = path.read_bytes()
    assert int(found["plan-bytes"]) == len(content) > 120_000
    assert found["plan-sha256"] == hashlib.sha256(content).hexdigest()
    assert content.decode().endswith("ö")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert house.act("plan")["plan-sha256"] == found["plan-sha256"]
    assert [one.name for one in path.parent.iterdir()] == [path.name]


def test_a_plan_just_short_enough_stands_in_the_results(house: House):
    short = len(house.act("plan")["plan"])
    house.control.padding = "x" * (120_000 - short)
    assert len(house.act("plan")["plan"]) == 120_000
    house.control.padding += "x"
    assert "plan-file" in house.act("plan")


def test_a_plan_that_cannot_be_written_down_fails_with_the_file(house: House):
    house.control.padding = "x" * 130_000
    house.act("status")  # gives the engine its place
    assert house.control.place is not None
    house.control.place.home.parent.mkdir(parents=True, exist_ok=True)
    house.control.place.home.mkdir(exist_ok=True)
    (house.control.place.home / "plans").write_text("in the way")
    message, found = house.refused("plan")
    assert "cannot be written" in message
    assert found["code"] == "not-writable"


# upgrade, upgrade-step


def test_upgrade_starts_the_plan_shown_and_returns(house: House):
    shown = house.act("plan")
    found = house.act("upgrade", plan=shown["hash"])
    assert found["run"] == "r1"
    assert found["state"] == "starting"
    assert found["plan"] == shown["hash"]
    assert found["resumed"] == "no"
    assert found["log"].endswith("run.log")
    assert found["message"]


def test_upgrade_before_any_plan_is_refused(house: House):
    message, found = house.refused("upgrade")
    assert message == "No plan was shown. Run `juju run cou/0 plan` first."
    assert found == {"code": "no-plan"}
    assert not house.credential.exists()


def test_upgrade_refuses_a_plan_that_is_not_the_one_shown(house: House):
    house.act("plan")
    message, found = house.refused("upgrade", plan="p000000000000000")
    assert "p000000000000000" in message
    assert found["code"] == "another-plan"
    assert not house.credential.exists()


def test_upgrade_passes_the_time_on_in_utc(house: House):
    house.act("plan")
    soon = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
    soon += datetime.timedelta(days=200)
    there = soon.astimezone(datetime.timezone(datetime.timedelta(hours=2)))
    house.act("upgrade", until=there.isoformat())
    assert house.control.given["until"] == soon
    assert house.control.given["until"].tzinfo is datetime.timezone.utc


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"plan": "mine"}, "plan='mine'"),
        ({"until": "2001-01-01 00:00"}, "until="),
        ({"until": "9999-12-31 23:59-14:00"}, "until='9999-12-31 23:59-14:00'"),
    ],
)
def test_a_wrong_parameter_of_upgrade_is_refused_and_nothing_has_happened(
    house: House, params: dict[str, Any], said: str
):
    house.act("plan")
    message, _ = house.refused("upgrade", **params)
    assert said in message
    assert house.control.calls == ["plan"]
    assert not house.credential.exists()


def test_upgrade_while_it_runs_says_so_and_the_runner_keeps_its_account(house: House):
    house.act("plan")
    house.act("upgrade")
    _, found = house.refused("upgrade")
    assert found["code"] == "run-going-on"
    assert house.credential.exists()


def test_upgrade_when_all_is_done_says_so(house: House):
    house.control.seen = View("r1", RunState.COMPLETED)
    found = house.act("upgrade")
    assert found["state"] == "completed"
    assert "All is done" in found["message"]
    assert not house.credential.exists()


@pytest.mark.parametrize("state", [RunState.STOPPED, RunState.KILLED, RunState.FAILED])
def test_upgrade_alone_goes_on_after_any_ending(house: House, state: RunState):
    house.control.seen = in_state(state)
    assert house.act("upgrade")["resumed"] == "yes"
    assert house.credential.exists()


def test_upgrade_step_names_how_far_it_may_go(house: House):
    house.act("plan")
    house.act("upgrade-step", granularity="step", count=2, expect="keystone/refresh")
    limit = house.control.given["limit"]
    assert (limit.granularity, limit.count, limit.expect) == ("step", 2, "keystone/refresh")


def test_upgrade_says_when_its_window_closes_with_date_and_zone(house: House):
    house.act("plan")
    assert "until" not in house.act("upgrade-step")
    house.control.seen = in_state(RunState.STOPPED)
    at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=3)
    found = house.act("upgrade", until=f"{at:%Y-%m-%dT%H:%M}+02:00")
    meant = at - datetime.timedelta(hours=2)
    assert found["until"] == f"{meant:%Y-%m-%d %H:%M}:00 UTC"


def test_upgrade_step_with_a_wrong_granularity_is_refused(house: House):
    house.act("plan")
    message, _ = house.refused("upgrade-step", granularity="unit")
    assert "granularity='unit'" in message
    assert house.control.calls == ["plan"]


@pytest.mark.parametrize("action", ["upgrade", "upgrade-step"])
def test_only_the_leader_starts_a_run(house: House, action: str):
    house.act("plan")
    house.leader = False
    message, found = house.refused(action)
    assert found["code"] == "not-leader"
    assert "juju run cou/leader upgrade" in message
    assert house.control.calls == ["plan"]
    assert not house.credential.exists()


def test_the_unit_that_holds_an_unfinished_run_may_finish_it(house: House):
    house.leader = False
    house.control.seen = in_state(RunState.STOPPED)
    assert house.act("upgrade")["resumed"] == "yes"


# cancel


def test_cancel_names_the_steps_that_finish(house: House):
    house.control.seen = AT_41
    assert house.act("cancel") == {
        "acknowledged": "yes",
        "state": "draining",
        "running": "keystone/refresh,glance/refresh",
        "targets": "keystone,glance",
        "message": "Two steps finish.",
    }


def test_cancel_with_nothing_running_is_acknowledged(house: House):
    found = house.act("cancel")
    assert (found["acknowledged"], found["running"]) == ("yes", "")


def test_a_second_cancel_never_becomes_a_forced_one(house: House):
    house.control.seen = AT_41
    house.act("cancel")
    house.act("cancel")
    assert house.control.calls == ["cancel", "cancel"]


def test_a_cancel_that_cannot_be_recorded_is_not_acknowledged(house: House):
    house.control.broken_calls["cancel"] = JournalError(
        "disk-full", "The cancel could not be recorded.", "Run: juju run cou/0 cancel force=true"
    )
    message, found = house.refused("cancel")
    assert found == {"acknowledged": "no", "code": "disk-full"}
    assert message.endswith("cancel force=true")


def test_a_forced_cancel_says_what_was_killed_and_what_still_runs(house: House):
    house.control.seen = AT_41
    assert house.act("cancel", force=True) == {
        "acknowledged": "yes",
        "state": "killed",
        "killed": "71,72",
        "tasks-cancelled": "5",
        "tasks-running": "4",
        "in-doubt": "keystone/refresh",
        "message": "The runner is killed.",
    }
    assert house.control.calls == ["force"]


def test_a_forced_cancel_looks_after_its_tasks_and_never_waits_for_a_secret(house: House):
    house.control.seen = AT_41
    house.act("cancel", force=True)
    assert len(house.control.accesses) == 1
    house.control.seen = AT_41
    house.secret = None
    house.act("cancel", force=True)
    assert len(house.control.accesses) == 1
    assert house.control.calls == ["force", "force"]


def test_a_forced_cancel_that_leaves_a_process_is_not_acknowledged(house: House):
    house.control.broken_calls["force"] = CouError("force-failed", "Process 71 is still there.")
    message, found = house.refused("cancel", force=True)
    assert found["acknowledged"] == "no"
    assert "71" in message


# status, abandon and the rest


def test_status_tells_the_run_and_names_commands_of_this_unit(house: House):
    house.control.seen = dataclasses.replace(AT_41, state=RunState.STOPPED)
    found = house.act("status")
    assert found["state"] == "stopped"
    assert found["status"] == "stopped Upgrade keystone/0. To go on: juju run cou/0 upgrade"


def test_status_before_any_plan_names_the_first_command(house: House):
    found = house.act("status")
    assert found["state"] == "none"
    assert "juju run cou/0 plan" in found["status"]
    assert json.loads(house.act("status", format="json")["run"])["state"] is None


def test_status_as_json_is_the_run(house: House):
    house.control.seen = AT_41
    found = house.act("status", format="json")
    assert json.loads(found["run"])["title"] == "Upgrade keystone/0"
    assert "status" not in found


def test_a_long_run_lies_in_a_file(house: House):
    house.control.seen = dataclasses.replace(AT_41, title="x" * 130_000)
    found = house.act("status", format="json")
    assert "run" not in found
    assert int(found["run-bytes"]) > 130_000


def test_a_journal_that_cannot_be_read_fails_the_action(house: House):
    house.control.broken = JournalError(
        "journal-newer", "The journal is of a newer cou.", "Refresh cou."
    )
    for action in ("plan", "upgrade", "cancel", "status", "abandon"):
        message, found = house.refused(action)
        assert found["code"] == "journal-newer", action
        assert "Refresh cou." in message, action


def test_abandon_ends_a_stopped_run_in_the_background(house: House):
    house.control.seen = in_state(RunState.STOPPED)
    assert house.act("abandon") == {"message": "The run is being abandoned."}
    assert house.credential.exists()  # what is still switched is put back by a runner


def test_abandon_without_an_unfinished_run_is_refused(house: House):
    _, found = house.refused("abandon")
    assert found["code"] == "nothing-to-abandon"
    assert not house.credential.exists()


def test_resolve_step_passes_on_what_the_operator_said(house: House):
    house.refused("resolve-step", step="keystone/refresh", as_="skip", reason=" by hand ")
    assert house.control.given == {
        "step": "keystone/refresh",
        "as": "skip",
        "reason": "by hand",
    }


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"step": "a", "as_": "maybe", "reason": "b"}, "as='maybe'"),
        ({"step": " ", "as_": "done", "reason": "b"}, "step=' '"),
        ({"step": "a", "as_": "done", "reason": ""}, "reason=''"),
    ],
)
def test_resolve_step_refuses_what_says_nothing(house: House, params: dict[str, Any], said: str):
    message, _ = house.refused("resolve-step", **params)
    assert said in message
    assert house.control.given == {}


def test_report_refuses_an_unknown_form(house: House):
    message, _ = house.refused("report", format="pdf")
    assert "format='pdf'" in message
    assert house.control.given == {}


@pytest.mark.parametrize("form", ["markdown", "json"])
def test_report_gives_the_whole_text(house: House, form: str):
    house.control.seen = in_state(RunState.STOPPED)
    found = house.act("report", format=form)
    assert found == {"run": "r1", "format": form, "report": f"{form} of r1"}


def test_a_page_for_a_browser_lies_in_a_file_and_says_how_to_fetch_it(house: House):
    house.control.seen = in_state(RunState.STOPPED)
    found = house.act("report", format="html")
    assert "report" not in found
    assert Path(found["report-file"]).read_text() == "html of r1"
    page = found["report-file"]
    assert found["next"] == f"juju ssh --pty=false cou/0 sudo cat {page} > report.html"


def test_a_report_too_long_for_a_result_lies_in_a_file(house: House):
    house.control.seen = in_state(RunState.STOPPED)
    house.control.padding = "x" * 130_000
    found = house.act("report", format="markdown")
    assert "report" not in found
    path = Path(found["report-file"])
    assert path.name == "r1.md"
    assert path.stat().st_mode & 0o777 == 0o600
    assert str(len(path.read_bytes())) == found["report-bytes"]


def test_report_says_when_nothing_has_run(house: House):
    message, found = house.refused("report")
    assert found["code"] == "no-run"
    assert "Run `juju run cou/0 plan`" in message


@pytest.mark.parametrize("version", ["4.0.15", "5.1"])
@pytest.mark.parametrize("action", ["plan", "upgrade", "upgrade-step", "restore"])
@pytest.mark.parametrize("state", [RunState.PLANNED, RunState.STOPPED])
def test_what_would_change_the_cloud_is_refused_on_another_juju(
    house: House, version: str, action: str, state: RunState
):
    house.act("plan")
    assert house.control.seen is not None
    house.control.seen = dataclasses.replace(house.control.seen, state=state)
    house.control.calls.clear()
    house.juju = version
    if (action, state) == ("plan", RunState.STOPPED):
        assert "steps are left" in house.act(action)["message"]  # from the journal alone
        return
    message, results = house.refused(action)
    assert results["code"] == "juju-unsupported"
    assert f"Juju {version} is not supported" in message
    assert "3.3 to 3.6" in message
    assert house.control.calls == []
    assert not house.credential.exists()


def test_an_unfinished_run_is_shown_cancelled_forced_and_abandoned_on_juju_4(house: House):
    house.act("plan")
    house.act("upgrade")
    house.juju = "4.0.15"
    assert house.act("status")
    assert house.act("report")
    assert house.act("cancel")["acknowledged"] == "yes"
    assert house.act("cancel", force=True)
    assert house.act("abandon")
    assert [call for call in house.control.calls if call != "metrics"][-3:] == [
        "cancel",
        "force",
        "abandon",
    ]


def test_an_interrupted_run_does_not_go_on_by_itself_on_juju_4(house: House):
    house.config = {"auto-resume": True}
    house.act("plan")
    assert house.control.seen is not None
    house.control.seen = dataclasses.replace(
        house.control.seen, state=RunState.INTERRUPTED, attempt=attempt()
    )
    house.juju = "4.0.15"
    house.fire("update_status")
    assert "start" not in house.control.calls
    house.juju = "3.6.14"
    house.fire("update_status")
    assert "start" in house.control.calls
