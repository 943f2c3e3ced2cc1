"""Whatever is wrong around a run, a cancel stops it or says how to; a forced one kills it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import shlex
import shutil
import sqlite3
import subprocess
import sys

import pytest
from cou.errors import CouError
from cou.journal import FILE
from cou.journal.records import OPERATOR, RunState
from cou.journal.schema import FORMAT
from cou.process import locks

from .conftest import is_running
from .test_journal_gone import hanging

pytestmark = pytest.mark.slow
STRANGER = 4711  # nobody's id here


def chown(path):
    """Have it be somebody else's; return what puts it back."""
    os.chown(path, STRANGER, -1)

    def undo():
        # Who closes a journal last removes its log.
        if path.name != f"{FILE}-wal" or path.exists():
            os.chown(path, os.geteuid(), -1)

    return undo


def plant(path):
    path.touch()
    os.chown(path, STRANGER, -1)
    return path.unlink


def link(path):
    """Have a link lie in its place, to what it was."""
    other = path.with_name(f"{path.name}-of-others")
    path.rename(other)
    path.symlink_to(other)
    return lambda: other.replace(path)


def widen(path):
    mode = path.stat().st_mode
    path.chmod(0o777)
    return lambda: path.chmod(mode)


BESIDE = {
    "a file in the log's folder": lambda place: plant(place.home / "log" / "planted"),
    "a file beside the journal": lambda place: plant(place.home / "planted"),
    "a file beside the locks": lambda place: plant(place.run_dir / "planted"),
    "a link beside the locks": lambda place: link(place.run_dir / "coming-with-nobody"),
    "the runner's lock": lambda place: chown(place.runner_lock),
    "the supervisor's lock": lambda place: chown(place.supervisor_lock),
    "the folder of the locks": lambda place: chown(place.run_dir),
    "the log's folder": lambda place: widen(place.home / "log"),
}


def before(place):
    (place.run_dir / "coming-with-nobody").touch()


root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of somebody else's")


@pytest.mark.sampled(1)
@root
@pytest.mark.parametrize("what", BESIDE)
def test_what_lies_beside_the_journal_stops_no_cancel_and_is_said(operator, what):
    operator.get_inside()
    before(operator.place)
    undo = BESIDE[what](operator.place)
    with pytest.raises(CouError) as caught:
        operator.control.view()
    answer = operator.control.cancel()
    assert answer.state is RunState.DRAINING
    assert answer.running
    assert answer.message.endswith(f"Nothing further begins. Look at this too: {caught.value}")
    operator.cloud.release()
    operator.await_that(lambda: not operator.pids())
    undo()
    assert operator.state() is RunState.STOPPED


@pytest.mark.sampled(1)
@root
@pytest.mark.parametrize("what", BESIDE)
def test_what_lies_beside_the_journal_stops_no_force_and_is_said(operator, what):
    operator.get_inside()
    pids = operator.pids()
    before(operator.place)
    undo = BESIDE[what](operator.place)
    answer = operator.control.force(operator.cloud.access())
    assert set(answer.killed) >= set(pids)
    assert not any(map(is_running, pids))
    assert "Look at this too: " in answer.message
    undo()
    assert operator.state() is RunState.KILLED
    operator.cloud.release()


@pytest.mark.sampled(1)
@root
@pytest.mark.parametrize("name", ["supervisor.lock", "runner.lock"])
def test_the_remedy_for_a_lock_ends_the_run_before_the_lock_is_moved(operator, name):
    operator.get_inside()
    chown(operator.place.run_dir / name)
    with pytest.raises(CouError) as caught:
        operator.control.view()
    assert caught.value.code == "foreign-file"
    first, _, then = caught.value.remedy.partition(" first. ")
    assert first == "A run goes on that uses it: run `cancel force=true`"
    assert operator.control.force(operator.cloud.access()).killed
    away = then.rpartition("move it away: ")[2].removeprefix("sudo ")
    subprocess.run(shlex.split(away), check=True)
    operator.cloud.release()
    operator.upgrade()
    assert operator.finish() is RunState.COMPLETED, operator.log()


def newer(place):
    """As a newer version of the charm leaves it, and an older one finds it."""
    journal = sqlite3.connect(place.home / FILE)
    journal.execute("pragma user_version = 99")
    journal.close()

    def undo():
        back = sqlite3.connect(place.home / FILE)
        back.execute(f"pragma user_version = {FORMAT}")
        back.close()

    return undo


OF_THE_JOURNAL = {
    "the journal is somebody else's": lambda place: chown(place.home / FILE),
    "its log is somebody else's": lambda place: chown(place.home / f"{FILE}-wal"),
    "its folder is somebody else's": lambda place: chown(place.home),
    "its folder is open to all": lambda place: widen(place.home),
    "the reserve is somebody else's": lambda place: chown(place.home / "reserve"),
    "it is of a newer version": newer,
}
journals = pytest.mark.parametrize(
    "what",
    [
        pytest.param(one, marks=() if spoil is newer or spoil is widen else root)
        for one, spoil in OF_THE_JOURNAL.items()
    ],
)


@pytest.mark.sampled(1)
@journals
def test_where_the_journal_may_not_be_written_the_supervisor_records_the_cancel(operator, what):
    operator.get_inside()
    undo = OF_THE_JOURNAL[what](operator.place)
    with pytest.raises(CouError) as caught:
        operator.control.cancel()
    assert caught.value.code == "cancel-not-acknowledged"
    assert "The run's own supervisor was asked to record it." in caught.value.seen
    assert "cancel force=true" in caught.value.remedy
    operator.cloud.release()
    operator.await_that(lambda: not operator.pids())
    undo()
    seen = operator.control.view()
    assert seen.state is RunState.STOPPED, operator.log()
    # Else it would go on by itself where `auto-resume` is set.
    assert seen.attempt.cancelled_by == OPERATOR
    operator.upgrade()
    assert operator.finish() is RunState.COMPLETED, operator.log()


@pytest.mark.sampled(1)
@journals
def test_where_the_journal_may_not_be_written_force_kills_and_says_so(operator, what):
    operator.get_inside()
    pids = operator.pids()
    undo = OF_THE_JOURNAL[what](operator.place)
    with pytest.raises(CouError) as caught:
        operator.control.force(operator.cloud.access())
    assert caught.value.seen.startswith("Killed ")
    assert not any(map(is_running, pids))
    undo()
    assert operator.state() is RunState.INTERRUPTED
    operator.cloud.release()
    operator.upgrade()
    assert operator.finish() is RunState.COMPLETED, operator.log()


# What is mounted so is read-only for who asks alone, as after an error of the disk for all.
READ_ONLY = """
mount --make-rprivate / && mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"
"""
STOP = """
import pathlib, sys
from cou.errors import CouError
from cou.control.control import Control
from cou.process.paths import RunPaths
control = Control(RunPaths(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])))
try:
    print(getattr(control, sys.argv[1])().message)
except CouError as error:
    print(error.code, error)
"""


def stop(operator, verb, folder):
    """Cancel with a folder that is read-only for who does so; return what is said."""
    place = operator.place
    words = [sys.executable, "-c", STOP, verb, str(place.home), str(place.run_dir)]
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", READ_ONLY, str(folder), *words],
        capture_output=True,
        text=True,
        timeout=120,
    )
    if "unshare" in done.stderr or "mount:" in done.stderr:
        pytest.skip(f"nothing can be mounted here: {done.stderr}")
    assert done.returncode == 0, done.stderr
    return done.stdout


@root
def test_on_a_read_only_disk_the_supervisor_is_asked_and_force_kills(operator):
    operator.get_inside()
    folder = operator.place.home.parent  # as at a workstation, where both lie on one disk
    pids = operator.pids()
    told = stop(operator, "cancel", folder)
    assert told.startswith("cancel-not-acknowledged "), told
    assert "cancel force=true" in told
    told = stop(operator, "force", folder)
    assert f"Killed {len(pids)} processes; none is left." in told, told
    assert not any(map(is_running, pids))
    operator.cloud.release()
    assert operator.control.view().attempt.cancelled_by == OPERATOR


@pytest.mark.sampled(1)
@pytest.mark.parametrize("awake", [True, False], ids=["awake", "hung"])
@pytest.mark.parametrize("gone", ["locks", "both"])
def test_a_run_whose_folders_were_deleted_is_ended(operator, gone, awake):
    operator.get_inside()
    pids = operator.pids()
    with contextlib.ExitStack() as stack:
        if not awake:
            stack.enter_context(hanging(operator))
        shutil.rmtree(operator.place.run_dir)
        if gone == "both":
            shutil.rmtree(operator.place.home)
        if awake:
            operator.await_that(lambda: not any(map(is_running, pids)))
            told = operator.control.cancel().message
        else:
            see_hanging(operator, gone, pids)
            answer = operator.control.force()
            assert set(answer.killed) == set(pids)
            told = answer.message
        assert not any(map(is_running, pids))
    assert "othing is running" in told or "none is left" in told
    operator.cloud.release()
    if gone == "locks":
        operator.upgrade()
        assert operator.finish() is RunState.COMPLETED, operator.log()


def see_hanging(operator, gone, pids):
    """See that a cancel does not take a run that hangs for one that has ended."""
    if gone == "locks":
        assert operator.control.cancel().state is RunState.DRAINING
        return
    with pytest.raises(CouError) as caught:
        operator.control.cancel()
    assert caught.value.code == "cancel-not-acknowledged"
    assert all(str(pid) in caught.value.seen for pid in pids)


def test_nothing_begins_beside_a_run_whose_locks_were_deleted(operator):
    operator.get_inside()
    with hanging(operator) as pids:
        shutil.rmtree(operator.place.run_dir)
        with pytest.raises(CouError) as caught:
            operator.upgrade()
        assert caught.value.code == "run-ending"
        assert "cancel force=true" in caught.value.remedy
        assert set(operator.control.force().killed) == set(pids)
    operator.cloud.release()
    operator.upgrade()
    assert operator.finish() is RunState.COMPLETED, operator.log()


def test_a_lock_that_somebody_else_holds_is_no_run_of_ours(operator, tmp_path):
    """A file planted as the runner's lock has nobody killed."""
    operator.place.make()
    text = "import pathlib, sys; from cou.process.locks import Lock; "
    text += "kept = Lock(pathlib.Path(sys.argv[1])); print(flush=True); sys.stdin.read()"
    other = tmp_path / "lock-of-others"
    with subprocess.Popen(
        [sys.executable, "-c", text, str(other)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(pathlib.Path(locks.__file__).parents[2])},
    ) as stranger:
        assert stranger.stdout.readline()
        operator.place.runner_lock.symlink_to(other)
        assert locks.holder(operator.place.runner_lock) == stranger.pid
        assert operator.control.force().killed == ()
        assert stranger.poll() is None
        stranger.stdin.close()


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    "change",
    [
        {"addresses": ("127.0.0.1:1",)},
        {"cacert": "no certificate"},
        {"username": "nobody"},
        {"addresses": ()},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_account_that_is_no_good_stops_no_force(operator, change):
    operator.get_inside()
    pids = operator.pids()
    tasks = operator.await_that(operator.open_tasks)
    answer = operator.control.force(dataclasses.replace(operator.cloud.access(), **change))
    assert set(answer.killed) >= set(pids)
    assert set(tasks) <= set(answer.running)
    assert "could not be read" in answer.message
    assert operator.state() is RunState.KILLED
    operator.cloud.release()
