"""When the supervisor has the charm look; its processes are in ``tests/processes``."""

from __future__ import annotations

import os
import stat

import pytest
from cou.run.journal import Journal
from cou.run.locks import Lock
from cou.run.place import Place
from cou.run.records import RunState
from cou.run.supervisor import Supervisor

from . import one_step


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A unit's place, with a `juju-exec` that writes down that it was called."""
    tool = tmp_path / "juju-exec"
    tool.write_text(f"#!/bin/sh\necho told >> {tmp_path}/told\n")
    tool.chmod(stat.S_IRWXU)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    place = Place(tmp_path / "home", tmp_path / "run", "cou/0", tmp_path)
    place.make()
    return place


def test_of_the_end_the_charm_is_told_once_the_runner_is_gone(place, tmp_path):
    journal = Journal(place.home)
    attempt = one_step.begin(journal)
    supervisor = Supervisor(place, attempt.token, Lock(place.supervisor_lock))
    supervisor._look(None)
    assert supervisor._teller.wait() == 0
    journal.end_attempt(attempt.token, RunState.STOPPED)
    journal.close()
    supervisor._told_at -= 3600.0
    supervisor._look(None)  # the runner has written its end down, and is still there
    assert supervisor._teller.wait() == 0
    assert (tmp_path / "told").read_text() == "told\n"
    supervisor._tell(final=True)
    assert (tmp_path / "told").read_text() == "told\ntold\n"
    supervisor._lock.release()
    supervisor._journal.close()
    supervisor._ear.close()
