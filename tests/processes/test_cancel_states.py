"""A cancel in every state that a run can be in (the table of docs/reference/cancelling.md)."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import sqlite3
import subprocess
import time

import pytest
from cou.control.control import Control
from cou.errors import CouError
from cou.journal import FILE, disk_reserve
from cou.journal.records import RunState, StepState
from cou.process import locks
from cou.process.paths import RunPaths

from .conftest import Operator, is_running, kill

pytestmark = [pytest.mark.slow, pytest.mark.deep]


def begin(operator):
    operator.plan()
    operator.upgrade()


def finish_it(operator):
    operator.cloud.release()
    operator.upgrade()
    assert operator.finish() is RunState.COMPLETED, operator.log()


def test_with_no_run_at_all(operator):
    assert operator.control.cancel().message == "Nothing is running."
    assert operator.control.force().message == "Nothing is running."
    assert not operator.place.home.joinpath(FILE).exists()


def test_with_a_plan_shown_and_nothing_begun(operator):
    operator.plan()
    answer = operator.control.cancel()
    assert answer.state is RunState.PLANNED
    assert not answer.running
    begin(operator)
    operator.control.cancel()
    operator.finish()


def test_while_it_starts_or_looks_at_the_model(operator):
    """Cancelled at once, it ends before its first step and has sent nothing."""
    operator.plan()
    before = len(operator.cloud.model.log.entries)
    operator.cloud.hold(name="*")  # what the look asks of units, too
    operator.upgrade()
    answer = operator.control.cancel()
    assert answer.state is RunState.DRAINING
    operator.cloud.release()
    assert operator.finish() is RunState.STOPPED
    assert not any(record.started for record in operator.control.view().steps.values())
    asked = [e for e in operator.cloud.model.log.entries[before:] if e["event"] == "asked"]
    changing = {"Application.SetConfigs", "Application.SetCharm"}
    assert not [e for e in asked if e["data"]["call"] in changing]
    finish_it(operator)


def test_before_the_runner_has_taken_the_run(operator, monkeypatch):
    """What wakes a runner up does not kill one that cannot be woken up yet."""
    operator.plan()
    points = operator.place.home / "points"
    at = "runner:journal/hold/before#1"
    monkeypatch.setenv("COU_CRASH_AT", at)
    monkeypatch.setenv("COU_CRASH_LOG", str(points))
    monkeypatch.setenv("COU_CRASH_HOW", "hold")
    operator.upgrade()
    operator.await_point(points, at)
    answer = operator.control.cancel()
    assert (answer.state, answer.running) == (RunState.DRAINING, ())
    for name in ("COU_CRASH_AT", "COU_CRASH_LOG", "COU_CRASH_HOW"):
        monkeypatch.delenv(name)
    os.kill(locks.holder(operator.place.runner_lock), signal.SIGCONT)
    assert operator.finish() is RunState.STOPPED, operator.log()
    finish_it(operator)


def test_inside_a_step_names_it_and_lets_it_end(operator):
    operator.get_inside()
    answer = operator.control.cancel()
    assert answer.running
    operator.cloud.release()
    assert operator.finish() is RunState.STOPPED
    states = operator.control.view().steps
    for step in answer.running:
        assert states[step["step"]].state in (
            StepState.DONE,
            StepState.SATISFIED,
            StepState.PENDING,  # a wait that was let go, and is due again
        )
    assert not any(record.state is StepState.RUNNING for record in states.values())
    finish_it(operator)


def test_while_it_drains_and_after_it_has_stopped(operator):
    operator.get_inside()
    first = operator.control.cancel()
    second = operator.control.cancel()
    assert operator.state() is RunState.DRAINING
    assert "force=true" in second.message
    assert first.message.startswith("Cancelled at")
    operator.cloud.release()
    operator.finish()
    third = operator.control.cancel()
    assert third.state is RunState.STOPPED
    assert "Nothing is running" in third.message


def test_with_a_dead_runner(operator):
    operator.get_inside()
    for pid in operator.pids():
        kill(pid)
    operator.wait(RunState.INTERRUPTED)
    assert operator.control.cancel().state is RunState.INTERRUPTED
    finish_it(operator)


def test_with_a_hung_runner_it_is_acknowledged_and_only_force_ends_it(operator):
    operator.get_inside()
    pids = operator.pids()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    with contextlib.suppress(CouError):  # it may have hung just inside a transaction
        answer = operator.control.cancel()
        assert answer.state is RunState.DRAINING
        time.sleep(0.5)
        assert "force=true" in operator.control.cancel().message
    operator.control.force(operator.cloud.access())
    assert not any(is_running(pid) for pid in pids)
    assert operator.state() is RunState.KILLED
    finish_it(operator)


def test_with_a_runner_hung_inside_a_transaction_it_is_not_acknowledged(operator):
    operator.get_inside()
    for pid in operator.pids():
        os.kill(pid, signal.SIGSTOP)
    held = sqlite3.connect(operator.place.home / FILE, isolation_level=None, timeout=1)
    with contextlib.suppress(sqlite3.OperationalError):  # the runner itself may hold it
        held.execute("begin immediate")
    with pytest.raises(CouError) as caught:
        operator.control.cancel()
    assert caught.value.code == "cancel-not-acknowledged"
    assert "force=true" in caught.value.remedy
    held.close()
    operator.control.force(operator.cloud.access())
    finish_it(operator)


def test_force_before_the_processes_are_up(operator):
    operator.plan()
    operator.cloud.hold(name="*")
    operator.upgrade()
    forced = operator.control.force(operator.cloud.access())
    assert operator.state() is RunState.KILLED
    assert forced.message
    assert locks.holder(operator.place.runner_lock) == 0
    # A supervisor that was still on its way finds that it is not wanted any more.
    operator.await_that(lambda: not operator.pids())
    assert not any(record.started for record in operator.control.view().steps.values())
    assert operator.control.account() is None
    finish_it(operator)


@pytest.fixture
def small_disk(tmp_path):
    """A disk of a few megabytes."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = shutil.which("mount")
    if os.geteuid() or mount is None:
        pytest.skip("a small disk needs root: not tested here")
    command = [mount, "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(folder)]
    if subprocess.run(command, check=False).returncode:
        pytest.skip("no tmpfs can be mounted here")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder):
    """Leave not a block free."""
    descriptor = os.open(folder / "filler", os.O_CREAT | os.O_WRONLY)
    size = 1 << 16
    while size:
        try:
            os.write(descriptor, b"x" * size)
        except OSError:
            size //= 2
    os.close(descriptor)


def test_on_a_full_disk_it_is_recorded_with_the_reserve(small_disk, cloud):
    operator = Operator(RunPaths(small_disk / "home", small_disk / "run"), cloud)
    operator.control = Control(operator.place)
    try:
        operator.get_inside()
        fill(small_disk)
        answer = operator.control.cancel()
        assert answer.state is RunState.DRAINING
        cloud.release()
        assert not (operator.place.home / "reserve").exists()
        operator.finish()
        operator.control.force(cloud.access())
        assert operator.pids() == []
        (small_disk / "filler").unlink()
        finish_it(operator)
        # There is room again: the next full disk finds a reserve, too.
        assert (operator.place.home / "reserve").stat().st_size == disk_reserve.BYTES
    finally:
        operator.control.force()
