"""The number of a dead runner now belongs to somebody else, who is left alone."""

from __future__ import annotations

import os
import pathlib
import subprocess

import pytest
from cou.journal.records import RunState
from cou.process import processes

from .conftest import kill
from .test_supervised import assert_done_once

pytestmark = [pytest.mark.slow, pytest.mark.deep]

_LAST = pathlib.Path("/proc/sys/kernel/ns_last_pid")
_TRIES = 300


def process_with(pid):
    """Start a process that has this number."""
    for _ in range(_TRIES):  # others start processes too
        try:
            _LAST.write_text(str(pid - 1))
        except OSError as error:
            pytest.skip(f"a process id cannot be chosen here: {error}")
        process = subprocess.Popen(["sleep", "600"])
        if process.pid == pid:
            return process
        process.kill()
        process.wait()
    return pytest.skip(f"process id {pid} could not be had")


@pytest.fixture
def strangers():
    found = []
    yield found
    for process in found:
        process.kill()
        process.wait()


def test_whoever_has_a_dead_runners_number_is_never_taken_for_it_nor_killed(operator, strangers):
    operator.get_inside()
    pids = operator.pids()
    assert len(pids) == 2
    for pid in pids:
        kill(pid)
    operator.await_that(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in pids))
    strangers += [process_with(pid) for pid in pids]
    assert operator.state() is RunState.INTERRUPTED
    assert operator.control.cancel().state is RunState.INTERRUPTED
    assert operator.control.force(operator.cloud.access()).killed == ()
    operator.cloud.release()
    assert operator.upgrade().resumed
    assert operator.finish() is RunState.COMPLETED, operator.log()
    assert [process.poll() for process in strangers] == [None, None]
    assert_done_once(operator)


def test_a_number_that_changed_hands_after_it_was_opened_hits_nobody(strangers):
    """What a pidfd was opened for is over: its number alone is no reason to kill."""
    victim = subprocess.Popen(["sleep", "600"])
    pidfd = os.pidfd_open(victim.pid)
    victim.kill()
    victim.wait()
    strangers.append(process_with(victim.pid))
    try:
        processes.kill_tree({victim.pid: pidfd}, 5.0)
    finally:
        os.close(pidfd)
    assert strangers[0].poll() is None
