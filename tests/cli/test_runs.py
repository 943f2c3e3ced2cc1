"""Whole upgrades from the command line: to the end, resumed, attached, without a terminal."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys

import pytest

from .cloud import PASSWORD, Cloud
from .terminal import CTRL_C
from .test_transcripts import (
    CANCELLING,
    NOT_WAITED,
    START,
    STOPPED,
    begin,
    leaves,
    without_blank,
)

pytestmark = pytest.mark.slow
DONE = "The upgrade to 'victoria' is complete."


def test_a_yes_to_every_question_ends_at_the_target(cloud, user, at):
    terminal = at("upgrade")
    asked = 0
    while DONE not in terminal.text:
        if START in terminal.text[terminal.mark :]:
            terminal.until(START)
            terminal.type("y\n")
            asked += 1
        assert terminal.read(), terminal.text
    assert terminal.end() == 0
    applications = re.findall(r"^Upgrade plan for '([a-z-]+)'", terminal.text, re.M)
    assert asked == 1 + len(set(applications)) == 4
    run = user.status()
    assert run["state"] == "completed"
    assert {step["state"] for step in leaves(run)} <= {"done", "satisfied"}
    sent = cloud.count("task-begun") + cloud.count("config-changed") + cloud.count("charm-changed")
    code, out, _ = user.run("upgrade", "--auto-approve")
    assert code == 0
    assert "the next release needs a word of its own" in out
    now = cloud.count("task-begun") + cloud.count("config-changed") + cloud.count("charm-changed")
    assert now == sent


@pytest.mark.deep
def test_a_no_at_a_later_question_is_an_error_to_a_script(cloud, user, at):
    terminal = at("upgrade", "--no-backup", "--no-archive")
    for answer in ("y\n", "n\n"):
        terminal.until(START)
        terminal.type(answer)
    assert terminal.end() == 1
    assert STOPPED in without_blank(terminal.text)


def test_another_plan_than_the_one_named_is_refused_before_anything_is_asked(cloud, at):
    terminal = at("upgrade", "--plan", "p0123456789abcde")
    assert terminal.end() == 1
    assert START not in terminal.text
    assert "plan=p0123456789abcde was asked for" in terminal.text


@pytest.mark.deep
def test_after_a_no_the_next_upgrade_goes_on_there(cloud, user, at):
    terminal = at("upgrade")
    for answer in ("y\n", "what?\n", "n\n"):
        terminal.until(START)
        terminal.type(answer)
    assert terminal.end() == 1
    assert "Please answer y or n." in terminal.text
    dumps = count_actions(cloud, "mysqldump")
    code, out, _ = user.run("upgrade", "--auto-approve")
    assert code == 0, out
    assert DONE in out
    assert count_actions(cloud, "mysqldump") == dumps == 1


def count_actions(cloud, name):
    return sum(
        entry["event"] == "task-begun" and entry["data"]["name"] == name
        for entry in cloud.model.log.entries
    )


def test_after_both_kinds_of_stop_upgrade_finishes_the_job(cloud, user, at):
    for ending in (NOT_WAITED, STOPPED):
        terminal = begin(cloud, at)
        terminal.type(CTRL_C)
        terminal.until(CANCELLING)
        terminal.until("What runs is being finished")
        if ending == NOT_WAITED:
            terminal.type(CTRL_C)
        else:
            cloud.release()
        assert terminal.end() == 130
        assert ending in without_blank(terminal.text)
        cloud.release()
    code, out, err = user.run("upgrade", "--auto-approve", "--format", "json")
    assert code == 0, err
    assert json.loads(out)["state"] == "completed"
    assert count_actions(cloud, "mysqldump") == 1


def test_a_lost_terminal_lets_an_approved_run_go_on(cloud, user, at):
    terminal = begin(cloud, at)
    terminal.hang_up()
    assert terminal.end() == 1
    attached = at("attach")
    attached.until("ctrl+c: finish what runs")
    cloud.release()
    attached.until(DONE)
    assert attached.end() == 0
    assert user.status()["state"] == "completed"


@pytest.mark.deep
def test_a_lost_terminal_stops_an_interactive_run_at_the_next_question(
    cloud, user, at, eventually
):
    terminal = at("upgrade")
    for _ in range(2):
        terminal.until(START)
        terminal.type("y\n")
    terminal.until("Upgrade software packages on unit 'keystone/0'")
    terminal.until("of 'keystone'")
    terminal.hang_up()
    assert terminal.end() == 1
    eventually(lambda: user.status()["state"] == "stopped")
    states = {step["id"].split("/")[0]: step["state"] for step in leaves(user.status())}
    assert states["keystone"] == "done"
    assert states["glance"] == "pending"


@pytest.mark.deep
def test_ctrl_c_at_an_attached_terminal_drains_the_run(cloud, user, at):
    first = begin(cloud, at)
    second = at("attach")
    second.until("ctrl+c: finish what runs")
    second.type(CTRL_C)
    second.until("What runs is being finished")
    cloud.release()
    assert second.end() == 130
    assert STOPPED in without_blank(second.text)
    assert first.end() == 1
    assert STOPPED in without_blank(first.text)


def test_a_cancel_from_another_terminal_stops_safely(cloud, user, at):
    terminal = begin(cloud, at)
    code, out, _ = user.run("cancel")
    cloud.release()
    assert code == 0
    assert "Nothing further begins" in out
    assert terminal.end() == 1
    assert user.status()["state"] == "stopped"


@pytest.mark.deep
def test_without_a_terminal_there_are_plain_lines(cloud, user):
    code, out, err = user.run("upgrade", "--auto-approve")
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    lines = out.splitlines()
    assert lines[0].startswith("Full execution log: '")
    assert any(
        re.match(r"\[\d+/\d+\] Upgrade 'keystone' to the new channel", one) for one in lines
    )
    assert lines[-1] == DONE


@pytest.mark.deep
@pytest.mark.parametrize("juju", ["3.3", "3.4", "3.5"])
def test_it_works_with_the_facades_of_every_juju_that_the_charm_needs(user, juju):
    cloud = Cloud(juju=juju)
    try:
        user.knows_cloud(cloud)
        code, out, err = user.run("upgrade", "--auto-approve")
        assert (code, err) == (0, "")
        assert out.splitlines()[-1] == DONE
    finally:
        user.run("cancel", "--force")
        cloud.stop()


def test_with_json_stdout_holds_the_result_alone(cloud, user):
    code, out, err = user.run("plan", "--format", "json")
    assert code == 0
    assert json.loads(out)["to"] == "victoria"
    assert err.startswith("Full execution log: '")
    assert user.run("plan", "--format", "json")[1] == out


@pytest.mark.deep
def test_a_snapshot_is_read_and_written_once_and_changes_nothing(cloud, user, tmp_path):
    before = len(cloud.model.log.entries)
    code, out, _ = user.run("snapshot")
    assert code == 0
    assert "keystone" in json.loads(out)["applications"]
    path = tmp_path / "snapshot.json"
    assert user.run("snapshot", "--output", str(path))[0] == 0
    assert json.loads(path.read_text()) == json.loads(out)
    code, _, err = user.run("snapshot", "--output", str(path))
    assert code == 1
    assert "--output" in err
    asked = [e for e in cloud.model.log.entries[before:] if e["event"] == "asked"]
    assert {e["data"]["call"] for e in asked} <= {"Action.EnqueueOperation", "Action.Run"}


def test_quiet_prints_the_plan_and_nothing_else(cloud, user):
    code, out, err = user.run("plan", "--quiet")
    assert (code, err) == (0, "")
    assert out.startswith("Upgrade cloud from 'ussuri' to 'victoria'\n")
    assert "Analyzing" not in out


@pytest.mark.deep
def test_quiet_without_questions_says_how_it_ended_and_nothing_else(cloud, user):
    code, out, err = user.run("upgrade", "--auto-approve", "--quiet")
    assert (code, out, err) == (0, f"{DONE}\n", "")


def test_no_terminal_and_no_approval_is_refused(cloud, user):
    code, _, err = user.run("upgrade")
    assert code == 2
    assert "--auto-approve" in err
    assert cloud.server.sessions == set()


@pytest.mark.deep
def test_two_upgrades_at_once_are_one(cloud, user, at):
    first = begin(cloud, at)
    code, _, err = user.run("upgrade", "--auto-approve")
    cloud.release()
    assert code == 1
    assert "cou attach" in err
    first.until(DONE)
    assert first.end() == 0


@pytest.mark.deep
def test_steps_one_by_one(cloud, user):
    assert user.run("plan")[0] == 0
    for _ in range(2):
        code, out, err = user.run("upgrade-step", "--granularity", "step")
        assert code == 0, err
    assert "2 of" in out
    assert user.run("upgrade-step", "--expect", "no/such/step")[0] == 1
    assert len([one for one in leaves(user.status()) if one["state"] != "pending"]) == 2


def test_the_password_and_the_folders_are_nobodys_business(cloud, user):
    assert user.run("upgrade", "--auto-approve", "-vvv")[0] == 0
    for folder, _, files in os.walk(user.home / "state"):
        assert stat.S_IMODE(os.stat(folder).st_mode) & 0o077 == 0 or folder.endswith("state")
        for name in files:
            path = os.path.join(folder, name)
            assert stat.S_IMODE(os.stat(path).st_mode) == 0o600, path
            with open(path, "rb") as file:
                assert PASSWORD.encode() not in file.read(), path


def test_a_reader_that_went_away_is_no_fault(cloud, user):
    command = [sys.executable, "-m", "cou.cli", "plan"]
    process = subprocess.Popen(
        command, env=user.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    assert process.wait(120) == 1


def test_a_terminal_lost_at_the_question_begins_nothing(cloud, user, at):
    terminal = at("upgrade")
    terminal.until(START)
    terminal.hang_up()
    assert terminal.end() == 1
    assert cloud.count("task-begun") == 0


def test_bash_completes_verbs_options_and_models(user, cloud):
    def completed(*words):
        user.environment |= {
            "_COU_COMPLETE": "bash_complete",
            "COMP_WORDS": " ".join(["cou", *words]),
            "COMP_CWORD": str(len(words)),
        }
        return user.run()[1].split()

    assert "plain,upgrade-step" in completed("upg")
    assert "plain,--auto-approve" in completed("upgrade", "--auto")
    assert "plain,test-model" in completed("plan", "--model", "test")
    del user.environment["_COU_COMPLETE"]
    code, script, _ = user.run("completion")
    assert code == 0
    assert "_COU_COMPLETE=bash_complete" in script


@pytest.mark.deep
def test_a_killed_run_is_resolved_restored_and_abandoned(cloud, user, at):
    terminal = begin(cloud, at)
    terminal.type(CTRL_C)
    terminal.until(CANCELLING)
    terminal.type(CTRL_C)
    assert terminal.end() == 130
    cloud.release()
    doubtful = [step["id"] for step in leaves(user.status()) if step["state"] == "in-doubt"]
    assert doubtful
    for step in doubtful:
        code, out, err = user.run(
            "resolve-step", step, "--as", "retry", "--reason", "looked at it"
        )
        assert code == 0, err
        assert "cou upgrade" in out
    code, out, err = user.run("restore")
    assert code == 0, out + err
    code, out, err = user.run("abandon")
    assert code == 0, out + err
    assert out.endswith("The run was abandoned.\n")
    assert user.status()["state"] == "abandoned"
    assert user.run("abandon")[0] == 1
