"""When the supervisor has the charm look; its processes are in ``tests/processes``."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import threading
import time

import pytest
from cou.control.supervisor import CALLBACKS
from cou.journal import Journal
from cou.journal.records import SIGNAL, RunState, StepState
from cou.process import juju_exec as process_juju_exec
from cou.process import supervisor as supervising
from cou.process.locks import Lock
from cou.process.paths import RunPaths
from cou.process.supervisor import Supervisor

from .. import one_step


class Clock:
    at = 0.0

    def __call__(self):
        return self.at


def juju_exec(folder, line):
    """Put a `juju-exec` there that does as a shell's line says."""
    tool = folder / "juju-exec.new"
    tool.write_text(f"#!/bin/sh\n{line}\n")
    tool.chmod(stat.S_IRWXU)
    tool.rename(folder / "juju-exec")


def settle(supervisor):
    """Wait for the end of a call."""
    while supervisor._teller._is_busy():
        time.sleep(0.01)


def close(supervisor):
    supervisor._lock.release()
    supervisor._journal.close()
    supervisor._ear.close()


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A unit's place, with a `juju-exec` that writes down that it was called."""
    juju_exec(tmp_path, f"echo told >> {tmp_path}/told")
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    place = RunPaths(tmp_path / "home", tmp_path / "run", "cou/0", tmp_path)
    place.make()
    return place


def supervised(place, token):
    return Supervisor(place, token, Lock(place.supervisor_lock), callbacks=CALLBACKS)


def test_of_the_end_the_charm_is_told_once_the_runner_is_gone(place, tmp_path):
    journal = Journal(place.home)
    attempt = one_step.begin(journal)
    supervisor = supervised(place, attempt.token)
    supervisor._look(None)
    settle(supervisor)
    journal.end_attempt(attempt.token, RunState.STOPPED)
    journal.close()
    supervisor._teller._next -= 3600.0
    supervisor._look(None)  # the runner has written its end down, and is still there
    settle(supervisor)
    assert (tmp_path / "told").read_text() == "told\n"
    assert supervisor._teller.finish(lambda: False)
    assert (tmp_path / "told").read_text() == "told\ntold\n"
    close(supervisor)


def test_the_charm_is_told_again_of_what_it_was_told_in_vain(place, tmp_path):
    """The controller was away when the last step began: nothing changes until it ends."""
    clock = Clock()
    journal = Journal(place.home)
    attempt = one_step.begin(journal)
    supervisor = supervised(place, attempt.token)
    supervisor._teller = process_juju_exec.CharmNotifier(place, clock)
    juju_exec(tmp_path, f"[ -e {tmp_path}/up ] && echo told >> {tmp_path}/told")
    for _ in range(40):
        supervisor._look(None)
        settle(supervisor)
        clock.at += 0.5
    assert not (tmp_path / "told").exists()
    (tmp_path / "up").touch()
    since = clock.at
    while not (tmp_path / "told").exists():
        supervisor._look(None)
        settle(supervisor)
        clock.at += 0.5
        assert clock.at - since <= process_juju_exec.LONGEST_PAUSE_S + 1
    for _ in range(200):
        supervisor._look(None)
        settle(supervisor)
        clock.at += 0.5
    assert (tmp_path / "told").read_text() == "told\n"  # and then no more
    journal.close()
    close(supervisor)


def tell(teller, summary):
    """Tell, and wait for the end of the call if there is one."""
    teller.notify(summary)
    while teller._is_busy():
        time.sleep(0.01)


@pytest.mark.parametrize("fails", ["exit 1", "kill -9 $PPID"], ids=["failed", "cut off"])
def test_calls_in_vain_come_seldom_and_news_comes_soon(place, tmp_path, fails):
    clock = Clock()
    teller = process_juju_exec.CharmNotifier(place, clock)
    juju_exec(tmp_path, f"echo call >> {tmp_path}/calls; {fails}")
    for _ in range(600):  # ten minutes
        tell(teller, "step 3")
        clock.at += 1
    calls = len((tmp_path / "calls").read_text().splitlines())
    assert (
        600 / process_juju_exec.LONGEST_PAUSE_S
        <= calls
        <= 600 / process_juju_exec.LONGEST_PAUSE_S + 4
    )
    juju_exec(tmp_path, f"echo told >> {tmp_path}/told")
    for _ in range(int(process_juju_exec.EVERY_S) + 1):
        tell(teller, "step 9")
        clock.at += 1
    assert (tmp_path / "told").exists()


def test_a_machine_that_has_no_juju_exec_for_a_while_ends_no_supervisor(place, tmp_path):
    clock = Clock()
    teller = process_juju_exec.CharmNotifier(place, clock)
    (tmp_path / "juju-exec").rename(tmp_path / "away")
    tell(teller, "step 3")
    (tmp_path / "away").rename(tmp_path / "juju-exec")
    clock.at += process_juju_exec.LONGEST_PAUSE_S
    assert teller.due()
    tell(teller, "step 3")
    assert (tmp_path / "told").exists()
    assert not teller.due()


def test_what_changes_while_the_charm_looks_is_told_next(place, tmp_path):
    clock = Clock()
    teller = process_juju_exec.CharmNotifier(place, clock)
    os.mkfifo(tmp_path / "gate")
    juju_exec(tmp_path, f"read line < {tmp_path}/gate; echo told >> {tmp_path}/told")
    teller.notify("step 3")
    teller.notify("step 4")
    assert not teller.due()
    (tmp_path / "gate").write_text("go\n")
    while teller._is_busy():
        time.sleep(0.01)
    assert not teller.due()
    clock.at += process_juju_exec.EVERY_S
    assert teller.due()


def test_the_end_is_told_until_the_charm_has_looked_or_another_tells(place, tmp_path, monkeypatch):
    monkeypatch.setattr(process_juju_exec, "EVERY_S", 0.02)
    juju_exec(tmp_path, f"echo x >> {tmp_path}/calls; [ $(wc -l < {tmp_path}/calls) -gt 2 ]")
    assert process_juju_exec.CharmNotifier(place).finish(lambda: False)
    assert (tmp_path / "calls").read_text() == "x\nx\nx\n"
    (tmp_path / "calls").unlink()
    assert not process_juju_exec.CharmNotifier(place).finish(lambda: True)
    assert (tmp_path / "calls").read_text() == "x\n"


@pytest.fixture
def signals():
    """Leave the signals of this process as they were."""
    before = {n: signal.getsignal(n) for n in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)}
    yield
    signal.set_wakeup_fd(-1)
    for number, handler in before.items():
        signal.signal(number, handler)


def gone():
    """Return the id of a process that has ended and was reaped."""
    process = subprocess.Popen(["/bin/true"])
    process.wait()
    return process.pid


def of_somebody_else(pid, number):
    raise PermissionError(1, "Operation not permitted")


@pytest.mark.parametrize("kill", [os.kill, of_somebody_else], ids=["gone", "not ours"])
def test_an_end_is_recorded_whatever_became_of_what_the_runner_left_behind(
    place, monkeypatch, signals, kill
):
    journal = Journal(place.home)
    attempt = one_step.begin(journal)
    journal.begin_step(attempt.token, "a")
    left = gone()

    def below(pids):
        return {left} if os.getpid() in pids else set()

    monkeypatch.setattr(supervising.processes, "descendants", below)
    monkeypatch.setattr(supervising.os, "kill", kill)
    monkeypatch.setattr(supervising.sys, "executable", "/bin/false")  # the runner's end
    supervisor = supervised(place, attempt.token)
    supervisor.run()
    assert journal.run(attempt.run).error.code == "runner-ended"
    assert journal.attempt(attempt.run).how == RunState.INTERRUPTED.value
    assert journal.step(attempt.run, "a").state is StepState.IN_DOUBT
    journal.close()
    supervisor._journal.close()


def test_a_signal_ends_the_wait_for_the_next_look(place, monkeypatch, signals):
    journal = Journal(place.home)
    attempt = one_step.begin(journal)
    monkeypatch.setattr(supervising, "_LOOK_S", 60.0)
    supervisor = supervised(place, attempt.token)
    supervisor._hear()
    runner = subprocess.Popen(["/bin/sleep", "600"])
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM))
    timer.start()
    begun = time.monotonic()
    assert supervisor._wait(runner) is None
    supervisor._look(runner)
    assert journal.attempt(attempt.run).cancelled_by == SIGNAL
    assert supervisor._wait(runner) == -signal.SIGTERM  # it was passed on, and its end is seen
    assert time.monotonic() - begun < 30.0
    timer.join()
    settle(supervisor)
    journal.close()
    close(supervisor)
