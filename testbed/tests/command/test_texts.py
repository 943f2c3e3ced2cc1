"""What the command prints and how it exits, where a person or a script looks at it."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from juju_testbed.command import __main__ as command

if TYPE_CHECKING:
    from conftest import Bed

pytestmark = pytest.mark.slow


def test_run_tells_its_progress_on_stderr_and_prints_results_on_stdout(bed: Bed):
    done = bed.run("run", "tiny/0", "say", "what=hello")
    assert done.returncode == 0
    assert done.stdout == "by:\n  unit: tiny/0\nsaid: hello\n\n"
    number = int(done.stderr.split()[2])
    assert done.stderr.startswith(
        f"Running operation {number} with 1 task\n  - task {number + 1} on unit-tiny-0\n\n"
        f"Waiting for task {number + 1}...\n\n"
    )
    assert "about to speak" in done.stderr


def test_results_are_sorted_as_go_sorts_its_maps(bed: Bed):
    task = json.loads(bed.run("run", "tiny/0", "say", "--format", "json").stdout)["tiny/0"]
    assert list(task) == sorted(task)
    assert list(task["results"]) == sorted(task["results"])


def test_run_reads_values_as_yaml_unless_told_otherwise(bed: Bed):
    refused = bed.run("run", "tiny/0", "say", "what=5")
    assert "failed to schedule any tasks" in refused.stderr
    assert refused.returncode == 0
    assert 'said: "5"' in bed.run("run", "tiny/0", "say", "what=5", "--string-args").stdout


def test_a_failed_action_exits_with_0_and_a_failed_process_with_1(bed: Bed):
    failed = bed.run("run", "tiny/0", "say", "fail=true")
    assert failed.returncode == 0
    assert "failed: told to fail" in failed.stdout
    broken = bed.run("run", "tiny/0", "raise")
    assert broken.returncode == 1
    assert "ERROR the following task failed:" in broken.stderr
    assert "with return code 1" in broken.stderr


def test_a_background_run_can_be_followed_and_cancelled(bed: Bed):
    started = bed.run("run", "tiny/0", "sleep", "seconds=60", "--background")
    assert started.returncode == 0
    words = started.stderr.split()
    operation, task = words[2], words[5]
    while json.loads(bed.run("show-task", task, "--format", "json").stdout)["status"] != "running":
        pass
    waiting = bed.run("show-task", task, "--wait", "1s")
    assert "maximum wait time reached" in waiting.stderr
    assert bed.run("show-operation", operation, "--format", "json").returncode == 0
    cancelled = bed.run("cancel-task", task)
    assert "status: aborting" in cancelled.stdout
    ended = json.loads(bed.run("show-task", task, "--watch", "--format", "json").stdout)
    assert ended["status"] in ("aborting", "aborted")


def test_operations_are_listed_oldest_first(bed: Bed):
    lines = bed.run("operations").stdout.splitlines()
    assert lines[0].split() == ["ID", "Status", "Started", "Finished", "Task", "IDs", "Summary"]
    ids = [int(line.split()[0]) for line in lines[1:]]
    assert ids == sorted(ids)


def test_status_shows_the_tables_of_juju(bed: Bed):
    text = bed.run("status").stdout
    sections = [section.splitlines() for section in text.split("\n\n")]
    heads = [section[0].split() for section in sections]
    assert heads[0][:4] == ["Model", "Controller", "Cloud/Region", "Version"]
    assert heads[1] == ["App", "Version", "Status", "Scale", "Charm", "Channel", "Rev",
                        "Exposed", "Message"]  # fmt: skip
    assert heads[2][:4] == ["Unit", "Workload", "Agent", "Machine"]
    assert heads[3][:4] == ["Machine", "State", "Address", "Inst"]
    assert any(line.startswith("  ntp/0*") for line in sections[2])
    assert "tiny" not in bed.run("status", "nova-compute").stdout


def test_status_cuts_a_message_by_bytes(bed: Bed):
    for text in ("x" * 200, "é" * 80, "x" + "é" * 80):
        bed.juju.exec(f"status-set blocked '{text}'", unit="tiny/0")
        done = subprocess.run([bed.state.juju, "status"], capture_output=True, check=True)
        shown = [line.split(b"  ")[-1] for line in done.stdout.splitlines()]
        assert text.encode()[:117] + b"..." in shown
        assert text in bed.run("status", "--format", "json").stdout


def test_a_user_needs_a_password_and_access(bed: Bed):
    added = bed.run("add-user", "eve")
    assert added.stdout.startswith('User "eve" added\n')
    changed = bed.run("change-user-password", "eve", "--no-prompt", stdin="s3cret\n")
    assert changed.returncode == 0
    assert bed.run("grant", "eve", "write", "openstack").returncode == 0
    again = bed.run("grant", "eve", "read", "openstack")
    assert again.returncode == 1
    assert "already has" in again.stderr
    assert bed.run("revoke", "eve", "read", "openstack").returncode == 0
    assert bed.run("add-user", "eve").returncode == 1


@pytest.mark.sampled(6)
@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["frobnicate"], 2, 'juju: "frobnicate" is not a juju command'),
        (["ssh", "0"], 1, "juju ssh is not supported by this testbed"),
        (["clouds"], 1, "juju clouds is not supported by this testbed"),
        (["status", "--frob"], 2, "option provided but not defined: --frob"),
        (["run", "tiny/0"], 2, "no action specified"),
        (["run", "say"], 2, "no unit specified"),
        (["run", "tiny/9", "say"], 0, 'unit "tiny/9" not found'),
        (["exec", "--", "true"], 2, "You must specify a target"),
        (["exec", "--unit", "tiny/9", "true"], 1, 'unit "tiny/9" not found'),
        (["config", "nope"], 1, 'application "nope" not found'),
        (["config", "tiny", "nope=1"], 1, 'unknown option "nope"'),
        (["deploy", "cs:keystone"], 1, "the Charm Store is no longer supported"),
        (["deploy", "./nothing-here"], 1, "no charm was found"),
        (["deploy", "./nothing-here.charm"], 1, "no charm was found"),
        (["show-task", "99999"], 1, "not found"),
        (["cancel-task", "x"], 2, 'task ID "x" not valid'),
        (["show-secret", "nope"], 1, 'secret "nope" not found'),
        (["deploy", "nova-compute"], 1, 'application "nova-compute" already exists'),
    ],
)
def test_what_cannot_be_is_refused_in_juju_s_words(
    bed: Bed, arguments: list[str], code: int, text: str
):
    done = bed.run(*arguments)
    assert done.returncode == code
    assert text in done.stderr


def test_without_juju_data_nothing_is_touched(bed: Bed, monkeypatch: pytest.MonkeyPatch):
    from juju_testbed.command.__main__ import main

    monkeypatch.delenv("JUJU_DATA", raising=False)
    assert main(["status"]) == 1


def test_a_command_is_served_or_said_to_be_not():
    assert not command.ELSEWHERE & {*command.FAMILY_OF, *command.ALIASES}
    assert {*command.ALIASES.values()} <= {*command.FAMILY_OF}


@pytest.mark.parametrize("family", command.FAMILIES)
def test_each_module_knows_the_commands_it_is_loaded_for(family: str):
    assert {*command.commands(family)} == {*command.FAMILIES[family]}
