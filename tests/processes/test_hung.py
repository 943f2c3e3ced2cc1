"""A runner that hangs is noticed and told; nothing is ended or started for it."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import time

import pytest
from cou.journal import FILE
from cou.journal.records import SIGNAL, RunState
from cou.process import heartbeat, locks

pytestmark = pytest.mark.slow
LATE_S = heartbeat.SILENT_AFTER_S + 30.0


def await_silence(operator, wanted, timeout_s):
    deadline = time.monotonic() + timeout_s
    while (operator.control.view().silent_since is not None) is not wanted:
        assert time.monotonic() < deadline, operator.log()
        time.sleep(0.1)


@pytest.mark.deep
@pytest.mark.parametrize("holding", [False, True], ids=["at rest", "inside a transaction"])
def test_a_hung_runner_is_told_within_a_bounded_time_and_left_alone(operator, holding):
    operator.get_inside()
    runner = locks.holder(operator.place.runner_lock)
    pids = operator.pids()
    os.kill(runner, signal.SIGSTOP)
    held = sqlite3.connect(operator.place.home / FILE, isolation_level=None, timeout=1)
    if holding:
        with contextlib.suppress(sqlite3.OperationalError):  # the runner itself may hold it
            held.execute("begin immediate")
    await_silence(operator, True, LATE_S)
    view = operator.control.view()
    assert view.state is RunState.RUNNING
    assert view.to_dict()["silent-since"]
    held.close()
    assert operator.pids() == pids, "somebody was ended, or begun"
    os.kill(runner, signal.SIGCONT)
    await_silence(operator, False, 120)
    operator.cloud.release()
    assert operator.finish() is RunState.COMPLETED, operator.log()
    what = [event.what for event in events(operator)]
    if not holding:
        assert what.index("runner-silent") < what.index("runner-heard")
    assert what.count("attempt-begun") == 1


def events(operator):
    from cou.journal import Journal

    journal = Journal(operator.place.home)
    try:
        return journal.events(journal.current().id)
    finally:
        journal.close()


def test_a_signal_drains_and_leaves_an_interrupted_run_which_a_cancel_makes_the_operators(
    operator,
):
    operator.get_inside()
    os.kill(locks.holder(operator.place.supervisor_lock), signal.SIGTERM)
    operator.await_that(lambda: operator.control.view().attempt.cancelled)
    operator.cloud.release()
    assert operator.finish() is RunState.INTERRUPTED, operator.log()
    view = operator.control.view()
    assert view.attempt.cancelled_by == SIGNAL
    assert not view.running
    answer = operator.control.cancel()
    assert answer.state is RunState.INTERRUPTED
    assert "not go on by itself" in answer.message
    assert operator.control.view().attempt.cancelled_by == "action"
    assert operator.upgrade().resumed
    assert operator.finish() is RunState.COMPLETED, operator.log()
