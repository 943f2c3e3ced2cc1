"""A command works once, whatever arrives: its text, as a real shell runs it."""

from __future__ import annotations

import concurrent.futures
import os
import subprocess
import time

import pytest
from cou.juju.port import Task, TaskStatus
from cou.operations import run_once
from cou.operations.run_once import MarkerReply

ID = run_once.name("run", "step", 1, "upgrade", "glance/0", "echo done")


@pytest.fixture
def arrive(tmp_path, monkeypatch):
    """Return what runs the command as an agent would, and gives back its task."""
    monkeypatch.setattr(run_once, "FOLDER", str(tmp_path / "markers"))

    def run(command="echo done", id=ID, number=1):
        text = run_once.text(id, command)
        ran = subprocess.run(["bash", "-s"], input=text, capture_output=True, text=True)
        output = {"return-code": ran.returncode, "stdout": ran.stdout, "stderr": ran.stderr}
        parameters = {"command": text}
        return Task(number, "glance/0", "juju-exec", parameters, TaskStatus.COMPLETED, "", output)

    return run


def test_the_first_arrival_works_and_the_second_does_nothing_and_says_so(arrive, tmp_path):
    command = f"echo work >> {tmp_path}/log"
    first, second = arrive(command), arrive(command)
    assert (tmp_path / "log").read_text() == "work\n"
    assert run_once.marker_reply(ID, first) is MarkerReply.WORKED
    assert run_once.marker_reply(ID, second) is MarkerReply.AGAIN
    assert ID in second.output["stderr"]
    assert run_once.is_of(ID, second)


def test_of_many_arrivals_at_once_one_works(arrive, tmp_path):
    command = f"echo work >> {tmp_path}/log; sleep 0.2"
    with concurrent.futures.ThreadPoolExecutor(16) as crowd:
        heard = [
            run_once.marker_reply(ID, task)
            for task in crowd.map(lambda _: arrive(command), range(16))
        ]
    assert sorted(one.name for one in heard) == ["AGAIN"] * 15 + ["WORKED"]
    assert (tmp_path / "log").read_text() == "work\n"


def test_the_exit_code_and_the_output_are_the_commands_own(arrive):
    ran = arrive("echo out; echo err >&2; exit 86")
    assert (ran.output["return-code"], ran.output["stdout"]) == (86, "out\n")
    assert run_once.marker_reply(ID, ran) is MarkerReply.WORKED


def test_without_a_marker_nothing_is_done_and_the_reason_is_told(arrive, tmp_path):
    (tmp_path / "markers").write_text("in the way")
    ran = arrive(f"touch {tmp_path}/worked")
    assert run_once.marker_reply(ID, ran) is MarkerReply.UNMARKED
    assert "File exists" in ran.output["stderr"]
    assert not (tmp_path / "worked").exists()


def test_a_marker_that_is_not_on_the_disk_is_none(arrive, tmp_path, monkeypatch):
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "sync").write_text("#!/bin/sh\necho 'sync: Input/output error' >&2; exit 1\n")
    (tools / "sync").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    ran = arrive(f"touch {tmp_path}/worked")
    assert run_once.marker_reply(ID, ran) is MarkerReply.UNMARKED
    assert not (tmp_path / "worked").exists()


def test_old_markers_are_pruned_and_the_folder_is_closed_to_others(arrive, tmp_path):
    arrive()
    old = tmp_path / "markers" / "old"
    old.mkdir()
    long_ago = time.time() - 91 * 86400
    os.utime(old, (long_ago, long_ago))
    arrive(id=run_once.name("another"))
    assert {path.name for path in (tmp_path / "markers").iterdir()} == {
        ID,
        run_once.name("another"),
    }
    assert (tmp_path / "markers").stat().st_mode & 0o777 == 0o700


def test_the_command_stands_last_as_it_was_given():
    assert run_once.text(ID, "apt-mark unhold ovs").splitlines()[-1] == "apt-mark unhold ovs"


def test_the_same_operation_has_the_same_id_and_another_has_another():
    assert run_once.name("run", "step", 1, "upgrade") == run_once.name("run", "step", 1, "upgrade")
    assert run_once.name("run", "step", 1, "upgrade") != run_once.name("run", "step", 2, "upgrade")
    assert run_once.name("run", "step", 1, "upgrade") != run_once.name(
        "run", "step1", "", "upgrade"
    )
