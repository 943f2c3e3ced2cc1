"""A runner that computes for ever: not stopped, deaf to signals, and using a whole processor."""

from __future__ import annotations

import pytest
from cou.journal.records import RunState
from cou.process import locks

from .conftest import is_running, state_of
from .test_supervised import assert_done_once

pytestmark = [pytest.mark.slow, pytest.mark.deep]

# Around the fence, around a call whose outcome is then unknown, and with a mark just written.
POINTS = (
    "journal/begin-step/before#3",
    "journal/begin-step/after#3",
    "juju/enqueue/after#1",
    "journal/write-mark/after#1",
)


@pytest.mark.parametrize("point", POINTS)
def test_a_spinning_runner_is_cancelled_in_the_journal_and_ended_by_force_alone(
    operator, tmp_path, monkeypatch, point
):
    operator.plan()
    log = tmp_path / "points"
    with monkeypatch.context() as patch:
        patch.setenv("COU_CRASH_AT", f"runner:{point}")
        patch.setenv("COU_CRASH_HOW", "spin")
        patch.setenv("COU_CRASH_LOG", str(log))
        operator.upgrade()
    operator.await_that(lambda: log.exists() and f"runner:{point}" in log.read_text())
    runner = locks.holder(operator.place.runner_lock)
    pids = operator.pids()
    answer = operator.control.cancel()
    assert answer.state is RunState.DRAINING
    assert "force=true" in operator.control.cancel().message
    assert state_of(runner) == "R"
    assert operator.pids() == pids, "a plain cancel has ended it"
    asked = len(operator.cloud.model.log.entries)
    forced = operator.control.force(operator.cloud.access())
    assert set(pids) <= set(forced.killed)
    assert not any(is_running(pid) for pid in pids)
    assert operator.state() is RunState.KILLED
    entries = operator.cloud.model.log.entries[asked:]
    calls = {e["data"]["call"] for e in entries if e["event"] == "asked" and e["by"] == "cou"}
    # It takes back what has not begun, and has the model say that nothing runs.
    assert calls <= {"Action.Cancel", "Annotations.Set"}
    operator.upgrade()
    assert operator.finish() is RunState.COMPLETED, operator.log()
    assert_done_once(operator)
