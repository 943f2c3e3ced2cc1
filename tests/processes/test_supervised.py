"""The real supervisor and runner over TLS: outliving, draining, forced, killed, resumed."""

from __future__ import annotations

import collections
import os
import random
import signal
import subprocess
import sys
import time

import pytest
from cou.errors import CouError
from cou.journal.records import Limit, RunState, StepState
from cou.process import command_line, spawn

from .conftest import SETTINGS, is_running, kill

pytestmark = pytest.mark.slow
ONCE = ("openstack-upgrade", "mysqldump", "pause", "resume", "enable", "disable")


def assert_done_once(operator):
    view = operator.control.view()
    assert {r.state for r in view.steps.values()} <= {StepState.DONE, StepState.SATISFIED}
    assert view.marks == ()
    counted = collections.Counter()
    for entry in operator.cloud.model.log.entries:
        if entry["event"] == "task-begun" and entry["data"]["name"] in ONCE:
            counted[entry["data"]["name"], entry["unit"]] += 1
        elif entry["event"] in ("config-changed", "charm-changed"):
            counted[entry["application"], str(entry["data"])] += 1
    assert not {what: count for what, count in counted.items() if count > 1}
    assert not list(operator.place.run_dir.glob("access*"))


def test_an_upgrade_runs_to_its_end_in_the_background(operator):
    shown = operator.plan()
    assert not shown.plan.blocking
    operator.cloud.hold()
    started = operator.upgrade(plan_hash=shown.plan.hash)
    assert operator.state() in (RunState.STARTING, RunState.RUNNING)
    operator.cloud.release()
    assert started.log_path.parent == operator.place.home / "log"
    assert operator.finish() is RunState.COMPLETED, operator.log()
    assert_done_once(operator)
    assert "is done; nothing was sent" in operator.upgrade().message
    assert operator.state() is RunState.COMPLETED


def test_nothing_starts_without_a_plan_shown(operator):
    with pytest.raises(CouError, match="plan` first"):
        operator.upgrade()
    operator.plan()
    with pytest.raises(CouError) as caught:
        operator.upgrade(plan_hash="p0000")
    assert caught.value.code == "another-plan"
    assert operator.state() is RunState.PLANNED


def test_cancel_drains_and_upgrade_goes_on(operator):
    operator.get_inside()
    first = operator.control.cancel()
    again = operator.control.cancel()
    assert first.state is again.state is RunState.DRAINING
    assert "force=true" in again.message
    operator.cloud.release()
    assert operator.finish() is RunState.STOPPED
    assert operator.control.cancel().message.startswith("Nothing is running")
    assert operator.upgrade().resumed
    assert operator.finish() is RunState.COMPLETED
    assert_done_once(operator)


def test_a_second_upgrade_is_refused_while_one_goes_on(operator):
    operator.plan()
    operator.cloud.hold()
    operator.upgrade()
    with pytest.raises(CouError) as caught:
        operator.upgrade()
    assert caught.value.code == "run-going-on"
    operator.control.cancel()
    operator.cloud.release()
    operator.finish()


@pytest.mark.sampled(1)
@pytest.mark.parametrize("hung", [False, True])
def test_force_leaves_no_process_and_upgrade_finishes(operator, hung):
    operator.get_inside()
    pids = operator.pids()
    assert len(pids) == 2
    if hung:
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
    forced = operator.control.force(operator.cloud.access())
    assert not any(is_running(pid) for pid in pids)
    assert set(pids) <= set(forced.killed)
    assert operator.state() is RunState.KILLED
    assert operator.control.account() is None
    operator.cloud.release()
    operator.upgrade()
    assert operator.finish() is RunState.COMPLETED, operator.log()
    assert_done_once(operator)


def test_a_supervisor_that_comes_after_the_force_starts_no_runner(operator, tmp_path):
    """On a busy machine the force may find nobody yet."""
    operator.plan()
    operator.upgrade()
    operator.control.force(operator.cloud.access())
    token = operator.control.view().attempt.token
    points = tmp_path / "points"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "cou.control.supervisor"),
            *command_line.arguments(operator.place, token),
        ],
        env={**spawn.environment(), "COU_CRASH_LOG": str(points)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert done.returncode == 1
    assert "has ended, or another has begun" in done.stderr
    assert not points.exists()  # before it starts a runner it would have been written down
    assert operator.state() is RunState.KILLED


@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=pytest.mark.deep) for n in (1, 2))])
def test_killed_at_random_moments_it_finishes_and_repeats_nothing(operator, seed):
    dice = random.Random(seed)
    operator.plan()
    operator.upgrade()
    for _ in range(4):
        time.sleep(dice.uniform(0.1, 2.5))
        pids = operator.pids()
        victims = dice.choice([pids[:1], pids[1:], pids])
        for pid in victims:
            kill(pid)
        operator.finish()
        if operator.state() is RunState.COMPLETED:
            break
        operator.upgrade()
    while operator.finish() is not RunState.COMPLETED:
        operator.upgrade()
    assert_done_once(operator)


@pytest.mark.deep
def test_the_controller_may_go_and_come_back(operator):
    operator.get_inside()
    cloud = operator.cloud

    async def restart():
        import asyncio

        await cloud.server.refuse()
        cloud.server.drop_all()
        await asyncio.sleep(1.5)
        await cloud.server.accept()

    import asyncio

    asyncio.run_coroutine_threadsafe(restart(), cloud.loop).result(120)
    cloud.release()
    assert operator.finish() is RunState.COMPLETED, operator.log()
    assert_done_once(operator)


def test_a_wrong_password_and_a_controller_that_is_not_there_are_clear(operator):
    from cou.options.options import Options

    with pytest.raises(CouError) as caught:
        operator.control.plan(operator.cloud.access("wrong"), SETTINGS, Options())
    assert caught.value.code == "login-refused"
    assert caught.value.remedy
    assert operator.control.view() is None


def test_upgrade_step_stops_after_one_step(operator):
    operator.plan()
    operator.upgrade(limit=Limit("step", 1))
    assert operator.finish() is RunState.STOPPED
    done = [r for r in operator.control.view().steps.values() if r.started]
    assert len(done) == 1
