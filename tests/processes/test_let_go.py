"""What the model says of a run that was killed, or whose end Juju did not take; real processes."""

from __future__ import annotations

import asyncio
import json
import os
import time

import pytest
from cou.control import stop
from cou.journal import Journal
from cou.journal.records import RunState
from cou.work import lease, release_lease

from .conftest import Cloud, is_running
from .late import BUNDLE

pytestmark = pytest.mark.slow

NOT_SAID = "The model's annotation could not be changed."
# Python runs this before the program: Juju does not take what the runner says at its end.
REFUSED = """
import sys
if "cou.work.runner" in sys.orig_argv:
    from cou.errors import JujuError
    from cou.work import lease
    async def refuse(self, state):
        raise JujuError("unreachable", "No answer.", "Wait.", sent=False)
    lease.Lease.release = refuse
"""


@pytest.fixture
def served():
    return Cloud(BUNDLE, backup=False)


def notes(operator):
    model = operator.cloud.model
    return model.annotations.get(f"model-{model.uuid}", {})


def state_on_model(operator):
    return json.loads(notes(operator).get(lease.KEY, "{}")).get("state")


def reach(operator, *, serving):
    """Have the controller be there, or take no connection."""
    server = operator.cloud.server

    async def change():
        if serving:
            await server.accept()
        else:
            await server.refuse()
            server.drop_all()

    asyncio.run_coroutine_threadsafe(change(), operator.cloud.loop).result(10)


def test_the_model_says_that_a_run_was_killed_once_force_has_returned(operator):
    operator.get_inside()
    assert state_on_model(operator) == "running"
    answer = operator.control.force(operator.cloud.access())
    assert state_on_model(operator) == "killed"
    assert NOT_SAID not in answer.message
    assert answer.running, "its task is looked after at the same time"
    operator.cloud.release()
    operator.upgrade()
    assert operator.finish() is RunState.COMPLETED, operator.log()
    assert notes(operator) == {}


def test_force_without_an_account_says_what_the_model_goes_on_to_say(operator):
    operator.get_inside()
    assert NOT_SAID in operator.control.force().message
    assert operator.state() is RunState.KILLED
    assert state_on_model(operator) == "running"
    # Whoever forces again has an account, and nothing is left to kill.
    assert NOT_SAID not in operator.control.force(operator.cloud.access()).message
    assert state_on_model(operator) == "killed"


def test_force_is_as_quick_where_juju_is_away_and_the_model_is_told_later(operator):
    operator.get_inside()
    pids = operator.pids()
    reach(operator, serving=False)
    begun = time.monotonic()
    answer = operator.control.force(operator.cloud.access())
    took_s = time.monotonic() - begun
    assert not any(map(is_running, pids))
    assert operator.state() is RunState.KILLED
    assert NOT_SAID in answer.message
    # It asks after its tasks at the same time, and waits as long for them as it ever did.
    assert took_s < stop._TASKS_S + 3, took_s
    journal = Journal(operator.place.home, create=False)
    begun = time.monotonic()
    note, _, _ = stop._tell_juju(operator.control._unit_run, journal, operator.cloud.access(), [])
    took_s = time.monotonic() - begun
    journal.close()
    assert NOT_SAID in note
    assert took_s < release_lease.WITHIN_S + 1, took_s
    reach(operator, serving=True)
    assert state_on_model(operator) == "running"
    operator.control.release_lease(operator.cloud.access)  # as the charm's hooks do
    assert state_on_model(operator) == "killed"


def test_what_another_run_has_put_there_meanwhile_stays(operator):
    operator.get_inside()
    operator.control.force()
    other = json.dumps({"run": "another", "holder": "cou/1 of openstack", "state": "running"})
    model = operator.cloud.model
    model.annotations[f"model-{model.uuid}"][lease.KEY] = other
    assert NOT_SAID not in operator.control.force(operator.cloud.access()).message
    assert notes(operator)[lease.KEY] == other


def test_the_supervisor_says_at_a_workstation_what_juju_did_not_take_from_the_runner(
    operator, tmp_path, monkeypatch
):
    """There no hook comes after it."""
    (tmp_path / "sitecustomize.py").write_text(REFUSED)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    operator.get_inside()
    supervisor, _ = operator.pids()
    operator.control.cancel()
    operator.cloud.release()
    assert operator.finish() is RunState.STOPPED
    operator.await_that(lambda: not is_running(supervisor), 30)
    assert "the model's annotation stays as it is" in operator.log()
    assert state_on_model(operator) == "stopped"
