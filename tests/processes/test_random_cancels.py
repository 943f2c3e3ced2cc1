"""Cancelled at random times, inside waits and tasks, by word and by force."""

from __future__ import annotations

import dataclasses
import random
import time

import pytest
from cou.journal.records import RunState
from cou.options.settings import Settings
from juju_testbed.charms import profile

from tests.proof import harness, ledger

from . import conftest
from .test_supervised import assert_done_once

pytestmark = [pytest.mark.slow, pytest.mark.deep]

# Long enough to be hit while they run.
SLOW = dataclasses.replace(profile.INSTANT, upgrade=0.6, pause=0.3, hook=0.15)
SETTINGS = Settings(quiet_period_s=1)
CANCELS = 5


@pytest.fixture
def served(served):
    charm = served.model.store.charm
    charm._place = dataclasses.replace(charm.place, profile=SLOW)
    return served


@pytest.fixture(autouse=True)
def settings(monkeypatch):
    monkeypatch.setattr(conftest, "SETTINGS", SETTINGS)


def assert_named(operator, answer, entries):
    targets = {step["target"] for step in answer.running}
    names = targets | {target.split("/")[0] for target in targets}
    assert harness.after_cancel(entries, names) == []


@pytest.mark.parametrize("seed", range(4))
def test_cancelled_at_random_times_nothing_begins_and_nothing_is_lost(operator, seed):
    dice = random.Random(seed)
    log = operator.cloud.model.log
    operator.plan()
    operator.upgrade()
    inside = 0
    for _ in range(CANCELS):
        operator.await_that(lambda: is_at_work(operator.control.view()))
        time.sleep(dice.uniform(0.05, 4.0))
        answer = operator.control.cancel()
        before = len(log.entries)
        inside += bool(answer.running)
        if dice.random() < 0.4:
            time.sleep(dice.uniform(0.0, 0.5))
            pids = operator.pids()
            operator.control.force(operator.cloud.access())
            assert not any(conftest.is_running(pid) for pid in pids)
            assert operator.state() in (RunState.KILLED, RunState.STOPPED, RunState.COMPLETED)
        state = operator.finish()
        assert_named(operator, answer, [one for one in log.entries[before:] if ours(one)])
        assert ledger.missing(operator.cloud.model, operator.control.view().marks) == []
        if state is RunState.COMPLETED:
            break
        operator.upgrade()
    while operator.finish() is not RunState.COMPLETED:
        operator.upgrade()
    assert inside >= 2, "no cancel fell inside a step"
    assert_done_once(operator)


def is_at_work(view):
    return view.running or view.state is RunState.COMPLETED


def ours(entry):
    """Force takes back what has not begun: that is no operation."""
    return "Cancel" not in str(entry["data"].get("call", ""))
