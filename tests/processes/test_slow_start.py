"""A supervisor that takes long to come, as on a busy machine: nobody takes the run for ended."""

from __future__ import annotations

import sys

import pytest
from cou.errors import CouError
from cou.journal.records import RunState
from cou.process import liveness

pytestmark = pytest.mark.slow

# In place of the interpreter: detaches at once, as `--detach` does, and begins when all may, or
# those of its attempt.
LATER = """#!/bin/sh
token=${{*#*--token }}
own={go}.${{token%% *}}
( until [ -e $own ] || [ -e {go} ]; do [ -e "$0" ] || exit; sleep 0.05; done
exec {python} "$@" ) &
"""


@pytest.fixture
def go(tmp_path, monkeypatch):
    """Have the supervisor wait for this file."""
    go, later = tmp_path / "go", tmp_path / "later"
    later.write_text(LATER.format(go=go, python=sys.executable))
    later.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(later))
    monkeypatch.setattr(liveness, "_COMES_WITHIN_S", 600.0)
    yield go
    later.unlink()


def test_a_run_whose_supervisor_is_on_its_way_is_starting_and_is_not_begun_twice(operator, go):
    operator.plan()
    operator.upgrade()
    assert operator.pids() == []
    assert operator.state() is RunState.STARTING
    with pytest.raises(CouError) as refused:
        operator.upgrade()
    assert refused.value.code == "run-going-on"
    go.touch()
    operator.wait(RunState.RUNNING)
    assert not operator.place.coming.exists()


def test_a_run_whose_supervisor_does_not_come_is_interrupted(operator, go, monkeypatch):
    operator.plan()
    operator.upgrade()
    monkeypatch.setattr(liveness, "_COMES_WITHIN_S", 0.0)
    assert operator.state() is RunState.INTERRUPTED


def test_after_a_force_none_is_on_its_way(operator, go):
    operator.plan()
    operator.upgrade()
    operator.control.force()
    assert operator.state() is RunState.KILLED
    assert not operator.place.coming.exists()


@pytest.mark.deep
def test_one_that_comes_too_late_for_its_attempt_does_not_harm_the_next(operator, go):
    operator.plan()
    operator.upgrade()
    operator.control.force()
    operator.upgrade()
    first = go.with_name("go.1")
    first.touch()
    operator.await_that(lambda: "attempt 1 has ended, or another has begun" in operator.log())
    assert operator.state() is RunState.STARTING
    go.touch()
    assert operator.finish() is RunState.COMPLETED, operator.log()
