"""When the supervisor has the charm look; its processes are in ``tests/processes``."""

from __future__ import annotations

import os
import stat
import time

import pytest
from cou.run import telling
from cou.run.journal import Journal
from cou.run.locks import Lock
from cou.run.place import Place
from cou.run.records import RunState
from cou.run.supervisor import Supervisor

from . import one_step


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
    place = Place(tmp_path / "home", tmp_path / "run", "cou/0", tmp_path)
    place.make()
    return place


def test_of_the_end_the_charm_is_told_once_the_runner_is_gone(place, tmp_path):
    journal = Journal(place.home)
    attempt = one_step.begin(journal)
    supervisor = Supervisor(place, attempt.token, Lock(place.supervisor_lock))
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
    supervisor = Supervisor(place, attempt.token, Lock(place.supervisor_lock))
    supervisor._teller = telling.Teller(place, clock)
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
        assert clock.at - since <= telling.LONGEST_PAUSE_S + 1
    for _ in range(200):
        supervisor._look(None)
        settle(supervisor)
        clock.at += 0.5
    assert (tmp_path / "told").read_text() == "told\n"  # and then no more
    journal.close()
    close(supervisor)


def tell(teller, summary):
    """Tell, and wait for the end of the call if there is one."""
    teller.tell(summary)
    while teller._is_busy():
        time.sleep(0.01)


@pytest.mark.parametrize("fails", ["exit 1", "kill -9 $PPID"], ids=["failed", "cut off"])
def test_calls_in_vain_come_seldom_and_news_comes_soon(place, tmp_path, fails):
    clock = Clock()
    teller = telling.Teller(place, clock)
    juju_exec(tmp_path, f"echo call >> {tmp_path}/calls; {fails}")
    for _ in range(600):  # ten minutes
        tell(teller, "step 3")
        clock.at += 1
    calls = len((tmp_path / "calls").read_text().splitlines())
    assert 600 / telling.LONGEST_PAUSE_S <= calls <= 600 / telling.LONGEST_PAUSE_S + 4
    juju_exec(tmp_path, f"echo told >> {tmp_path}/told")
    for _ in range(int(telling.EVERY_S) + 1):
        tell(teller, "step 9")
        clock.at += 1
    assert (tmp_path / "told").exists()


def test_a_machine_that_has_no_juju_exec_for_a_while_ends_no_supervisor(place, tmp_path):
    clock = Clock()
    teller = telling.Teller(place, clock)
    (tmp_path / "juju-exec").rename(tmp_path / "away")
    tell(teller, "step 3")
    (tmp_path / "away").rename(tmp_path / "juju-exec")
    clock.at += telling.LONGEST_PAUSE_S
    assert teller.due()
    tell(teller, "step 3")
    assert (tmp_path / "told").exists()
    assert not teller.due()


def test_what_changes_while_the_charm_looks_is_told_next(place, tmp_path):
    clock = Clock()
    teller = telling.Teller(place, clock)
    os.mkfifo(tmp_path / "gate")
    juju_exec(tmp_path, f"read line < {tmp_path}/gate; echo told >> {tmp_path}/told")
    teller.tell("step 3")
    teller.tell("step 4")
    assert not teller.due()
    (tmp_path / "gate").write_text("go\n")
    while teller._is_busy():
        time.sleep(0.01)
    assert not teller.due()
    clock.at += telling.EVERY_S
    assert teller.due()


def test_the_end_is_told_until_the_charm_has_looked_or_another_tells(place, tmp_path, monkeypatch):
    monkeypatch.setattr(telling, "EVERY_S", 0.02)
    juju_exec(tmp_path, f"echo x >> {tmp_path}/calls; [ $(wc -l < {tmp_path}/calls) -gt 2 ]")
    assert telling.Teller(place).finish(lambda: False)
    assert (tmp_path / "calls").read_text() == "x\nx\nx\n"
    (tmp_path / "calls").unlink()
    assert not telling.Teller(place).finish(lambda: True)
    assert (tmp_path / "calls").read_text() == "x\n"
