"""The unit of a run is removed, with real processes: the runner notices and ends the run.

How long it waits between two looks is the simulation's to show (tests/simulation/test_removed.py).
"""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest
from cou.journal.records import LEFT, REMOVAL, SIGNAL, Job, RunState
from cou.process import spawn
from cou.process.paths import RunPaths
from cou.work import lease
from juju_testbed.model import simple
from juju_testbed.model.store import Revision

from .conftest import Cloud, Operator, is_running, kill
from .late import BUNDLE

pytestmark = pytest.mark.slow

UNIT, OTHER = "cou/0", "cou/1"
# Python runs this before the program.
SOON = """
import sys
if "cou.work.runner" in sys.orig_argv:
    import asyncio, os
    from cou.work import attempt, unit_removed
    unit_removed.LOOK_S = unit_removed.BETWEEN_S = 0.3
    if "COU_TEST_STUCK" in os.environ:
        async def stuck(self):
            await asyncio.sleep(3600)
        attempt.Runner._put_back = stuck
    if "COU_TEST_SLOW" in os.environ:
        put_back = attempt.Runner._put_back
        async def slowly(self):
            await asyncio.sleep(3)
            return await put_back(self)
        attempt.Runner._put_back = slowly
"""


class WithCou(Cloud):
    """A cloud of one application, with two units of this charm beside it."""

    def deploy(self):
        controller = super().deploy()
        (model,) = controller.models.values()
        of_the_cloud = model.store.behaviour
        quick = simple.SimpleCharm(controller.clock, hook_s=0.02)
        model.store.behaviour = lambda url: quick if "/cou-" in url else of_the_cloud(url)
        model.add_application(
            "cou", Revision("local:focal/cou-0", "cou", 0, "", simple.DEFINITION), "focal"
        )
        for machine in ("90", "91"):
            model.add_machine(machine, "focal")
            model.add_unit("cou", machine)
        return controller

    def lose(self, unit):
        """Take a unit out of the model; none of its hooks is run."""
        self.do(self._forget, unit)

    def _forget(self, *units):
        for unit in units:
            self.model.uniters[unit].kill()
            self.model.uniters[unit].gone()

    def lose_application(self):
        def forget():
            self._forget(UNIT, OTHER)
            self.model.leaving.add("cou")
            self.model._forget_empty("cou")

        self.do(forget)

    def note(self):
        return self.model.annotations.get(f"model-{self.model.uuid}", {}).get(lease.KEY, "")


@pytest.fixture
def served():
    return WithCou(BUNDLE, backup=False)


@pytest.fixture
def place(tmp_path, monkeypatch):
    (tmp_path / "sitecustomize.py").write_text(SOON)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    # As Juju's own does for a unit that it does not know.
    tool = tmp_path / "juju-exec"
    tool.write_text("#!/bin/sh\nexit 1\n")
    tool.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    return RunPaths(tmp_path / "home", tmp_path / "run", UNIT, tmp_path)


@pytest.fixture
def operator(operator, tmp_path):
    yield operator
    # A supervisor that still tries to tell the charm can end.
    (tmp_path / "juju-exec").write_text("#!/bin/sh\n")
    operator.cloud.release()


def await_removal(operator):
    operator.await_that(lambda: operator.control.view().attempt.cancelled_by == REMOVAL, 30)


def check_ended(operator, pids):
    operator.await_that(lambda: len(operator.attempts()) == 2, 30)
    # The supervisor too, though no juju-exec has told the charm of the end.
    operator.await_that(lambda: not any(map(is_running, pids)), 60)
    upgrade, abandon = operator.attempts()
    assert (upgrade.cancelled_by, abandon.job) == (REMOVAL, Job.ABANDON)
    assert operator.state() is RunState.ABANDONED, operator.log()
    word = (operator.place.home / LEFT).read_text()
    assert f"The unit {UNIT} was removed while run {upgrade.run} was going on." in word
    assert "- nothing" in word
    assert operator.cloud.note() == ""
    assert not list(operator.place.run_dir.glob("access*"))


HOW = {
    "application, no hooks": lambda cloud: cloud.lose_application(),
    "unit, no hooks": lambda cloud: cloud.lose(UNIT),
    "application, with hooks": lambda cloud: cloud.do(
        cloud.model.remove_application, "cou", "admin"
    ),
    "unit, with hooks": lambda cloud: cloud.do(cloud.model.remove_unit, UNIT, "admin"),
}


@pytest.mark.sampled(2)
@pytest.mark.parametrize("how", list(HOW))
def test_a_run_drains_and_ends_for_good_whose_unit_is_removed(operator, how):
    operator.get_inside()
    HOW[how](operator.cloud)
    await_removal(operator)
    asked = len(operator.cloud.model.log.entries)
    pids = operator.pids()
    assert len(pids) == 2, "what runs is to be finished"
    operator.cloud.release()
    check_ended(operator, pids)
    entries = operator.cloud.model.log.entries[asked:]
    changing = ("Action.EnqueueOperation", "Application.SetConfigs", "Application.SetCharm")
    assert [e for e in entries if e["event"] == "asked" and e["data"]["call"] in changing] == []


def test_a_run_that_is_being_abandoned_is_not_stopped_by_the_removal(operator, monkeypatch):
    operator.get_inside()
    operator.control.force(operator.cloud.access())
    operator.cloud.release()
    operator.cloud.lose(UNIT)
    monkeypatch.setenv("COU_TEST_SLOW", "1")
    operator.control.abandon(operator.cloud.access())
    operator.finish()
    _, abandon = operator.attempts()
    assert (abandon.job, abandon.cancelled) == (Job.ABANDON, None)
    assert operator.state() is RunState.ABANDONED
    assert (operator.place.home / LEFT).exists()


@pytest.mark.deep
def test_the_removal_of_another_unit_ends_nothing(operator):
    operator.get_inside()
    operator.cloud.lose(OTHER)
    time.sleep(2)
    operator.cloud.release()
    assert operator.finish() is RunState.COMPLETED
    assert not (operator.place.home / LEFT).exists()


@pytest.mark.deep
def test_a_runner_at_a_workstation_does_not_look_for_a_unit(operator, tmp_path):
    place = RunPaths(tmp_path / "elsewhere", tmp_path / "elsewhere-run")
    somebody = Operator(place, operator.cloud)
    somebody.get_inside()
    operator.cloud.lose_application()
    time.sleep(2)
    operator.cloud.release()
    assert somebody.finish() is RunState.COMPLETED


def test_an_outage_is_not_taken_for_a_removal(operator):
    operator.get_inside()
    serving = operator.cloud.server

    async def be_away():
        await serving.refuse()
        serving.drop_all()

    for _ in range(2):
        asyncio.run_coroutine_threadsafe(be_away(), operator.cloud.loop).result(10)
        time.sleep(1.5)
        asyncio.run_coroutine_threadsafe(serving.accept(), operator.cloud.loop).result(10)
        time.sleep(1)
    operator.cloud.release()
    assert operator.finish() is RunState.COMPLETED, operator.log()
    assert not (operator.place.home / LEFT).exists()


def test_an_account_that_lost_its_access_is_not_taken_for_a_removal(operator):
    operator.get_inside()
    cloud = operator.cloud
    cloud.do(cloud.controller.revoke, "cou", "read", "openstack")
    cloud.do(cloud.server.drop_all)
    time.sleep(2)
    cloud.lose(UNIT)  # nobody could tell the runner
    cloud.release()
    assert operator.finish() is not RunState.ABANDONED
    assert [one.cancelled for one in operator.attempts()] == [None]
    assert not (operator.place.home / LEFT).exists()


def test_a_signal_reaches_a_runner_that_ends_its_run_for_good_and_its_end_is_recorded(
    operator, monkeypatch
):
    """The attempt that it has begun by itself is the supervisor's too."""
    monkeypatch.setenv("COU_TEST_STUCK", "1")
    assert "COU_TEST_STUCK" in spawn.environment()
    operator.get_inside()
    operator.cloud.lose(UNIT)
    await_removal(operator)
    operator.cloud.release()
    operator.await_that(lambda: len(operator.attempts()) == 2)
    supervisor, runner = operator.pids()
    os.kill(supervisor, signal.SIGTERM)
    operator.await_that(lambda: operator.attempts()[-1].cancelled_by == SIGNAL)
    kill(runner)
    operator.await_that(lambda: not operator.pids())
    assert operator.attempts()[-1].ended is not None
    assert operator.state() is RunState.INTERRUPTED
