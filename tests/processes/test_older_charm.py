"""The charm refreshed to an older version while a run of a newer one goes on.

The newer engine is a copy of this one with one more patch of the journal; the older one is this.
"""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys

import cou
import pytest
from cou.errors import CouError
from cou.journal import FILE
from cou.journal.records import RunState
from cou.journal.schema import FORMAT
from cou.options.options import Options
from cou.process import locks

from .conftest import SETTINGS, is_running
from .test_supervised import assert_done_once

pytestmark = [pytest.mark.slow, pytest.mark.deep]

PATCH = """

PATCHES = (*PATCHES, "alter table run add column mood text not null default 'hopeful'")
FORMAT = len(PATCHES)
"""
# The newer engine's own verbs, in a process of its own.
NEWER = """
import json, pathlib, sys
from cou.process.access import Access
from cou.control.control import Control
from cou.process.paths import RunPaths
from cou.options.settings import Settings
data = json.load(sys.stdin)
access = Access(**{**data, "addresses": tuple(data["addresses"])})
control = Control(RunPaths(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])))
if sys.argv[1] == "upgrade":
    control.start(access, Settings(quiet_period_s=0))
else:
    print(control.view().state.value)
"""


@pytest.fixture
def newer(tmp_path, monkeypatch):
    """Have supervisor and runner be of a newer version than this process."""
    lib = tmp_path / "newer" / "lib"
    source = pathlib.Path(cou.__file__).parent
    shutil.copytree(source, lib / "cou", ignore=shutil.ignore_patterns("__pycache__"))
    with (lib / "cou" / "journal" / "schema.py").open("a") as file:
        file.write(PATCH)
    monkeypatch.setattr(cou, "__file__", str(lib / "cou" / "__init__.py"))
    return lib


def newer_says(operator, lib, verb):
    done = subprocess.run(
        [sys.executable, "-c", NEWER, verb, operator.place.home, operator.place.run_dir],
        input=json.dumps(dataclasses.asdict(operator.cloud.access())),
        env={**os.environ, "PYTHONPATH": str(lib)},
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def format_of(operator):
    db = sqlite3.connect(operator.place.home / FILE)
    try:
        return db.execute("pragma user_version").fetchone()[0]
    finally:
        db.close()


def verbs(operator):
    control, access = operator.control, operator.cloud.access()
    return {
        "status": control.view,
        "plan": lambda: control.plan(access, SETTINGS, Options()),
        "upgrade": lambda: control.start(access, SETTINGS),
        "restore": lambda: control.restore(access),
        "abandon": lambda: control.abandon(access),
        "resolve-step": lambda: control.resolve_step("vault/wait", "retry", "a test"),
        "report": lambda: control.report("markdown"),
    }


def test_older_code_refuses_a_newer_journal_clearly_and_nothing_of_the_run_is_lost(
    operator, newer
):
    begin(operator)
    pids = operator.pids()
    for verb, do in verbs(operator).items():
        with pytest.raises(CouError) as caught:
            do()
        assert caught.value.code == "journal-newer", verb
        assert f"format {FORMAT + 1}" in caught.value.seen
        assert "Refresh the charm" in caught.value.remedy
    assert operator.pids() == pids, "a refusal has ended somebody"
    # Force ends processes also where it can record nothing, and says both.
    with pytest.raises(CouError, match=r"Killed \d+ processes; none is left") as caught:
        operator.control.force(operator.cloud.access())
    assert caught.value.code == "journal-newer"
    assert not any(is_running(pid) for pid in pids)
    assert [path.name for path in operator.place.home.glob("*damaged*")] == []
    finish_with_newer(operator, newer, RunState.INTERRUPTED)


def test_a_cancel_by_older_code_is_recorded_by_the_supervisor_which_knows_its_journal(
    operator, newer
):
    begin(operator)
    answer = operator.control.cancel()
    assert answer.message.startswith("Nothing is running: the run has ended. The journal ")
    assert f"has format {FORMAT + 1}" in answer.message
    assert operator.pids() == []
    finish_with_newer(operator, newer, RunState.STOPPED)


def begin(operator):
    """Begin a run of the newer version that cannot end."""
    operator.plan()
    operator.cloud.hold()
    operator.upgrade()
    operator.await_that(lambda: locks.holder(operator.place.runner_lock))
    operator.await_that(lambda: format_of(operator) == FORMAT + 1)


def finish_with_newer(operator, newer, state):
    """See how the run has ended; refreshed to the newer version again, it goes on from there."""
    operator.await_that(lambda: newer_says(operator, newer, "status") == state.value)
    operator.cloud.release()
    newer_says(operator, newer, "upgrade")
    operator.await_that(lambda: newer_says(operator, newer, "status") == RunState.COMPLETED.value)
    operator.await_that(lambda: not operator.pids())
    back_to_this_version(operator)
    assert_done_once(operator)


def back_to_this_version(operator):
    """Take the newer patch back, so that this engine can read what has become of the run."""
    db = sqlite3.connect(operator.place.home / FILE)
    db.execute("alter table run drop column mood")
    db.execute(f"pragma user_version = {FORMAT}")
    db.commit()
    db.close()
