"""What somebody else has planted where a run keeps its things is refused, and the remedy helps."""

from __future__ import annotations

import dataclasses
import os
import shlex
import subprocess
import sys

import pytest
from cou.cli import command_process
from cou.cli.exit_codes import ExitCode
from cou.cli.screen import Screen
from cou.cli.signals import Signals
from cou.control.control import Control
from cou.errors import CouError
from cou.journal import Journal
from cou.process import ownership
from cou.process.access import Access
from cou.process.paths import RunPaths

STRANGER = 4711  # nobody's id here
root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of somebody else's")


@pytest.fixture
def place(tmp_path):
    """A place in which something was planned once."""
    place = RunPaths(tmp_path / "my cou" / "home", tmp_path / "my cou" / "run")
    place.make()
    Journal(place.home).close()
    (place.home / "log" / "r1.log").touch()
    (place.home / "reserve").touch()
    place.runner_lock.touch()
    ownership.check(place)
    return place


def verbs(place):
    """Return what an operator may do, each as a call."""
    control = Control(place)
    access = Access((), "", "uuid", "m", "cou", "secret")
    return {
        "view": control.view,
        "report": lambda: control.report("json"),
        "offer": lambda: control.offer(access),
        "resolve-step": lambda: control.resolve_step("a", "skip", "b"),
        "abandon": lambda: control.abandon(access),
    }


def refused(place):
    """Return the error that all verbs end with, and that a cancel tells beside what it has done.

    Only where its own journal is not ours, a cancel with nothing to stop ends with it as well.
    """
    errors = []
    for name, call in verbs(place).items():
        with pytest.raises(CouError) as caught:
            call()
        errors.append((name, caught.value))
    assert len({error.code for _, error in errors}) == 1, errors
    assert len({error.seen for _, error in errors}) == 1, errors
    error = errors[0][1]
    control = Control(place)
    assert control.account() is None
    for stop in (control.cancel, control.force):
        told = said(stop)
        assert told.startswith("Nothing is running")
        assert error.seen in told
        assert error.remedy in told
    return error


def do(command):
    """Do what a remedy says; here nobody needs sudo."""
    subprocess.run(shlex.split(command.removeprefix("sudo ")), check=True)


@root
@pytest.mark.parametrize(
    ("name", "stops"),
    [
        *((one, True) for one in ("home", "home/journal.sqlite", "home/reserve")),
        *((one, False) for one in ("run", "home/log", "home/log/r1.log", "run/runner.lock")),
    ],
)
def test_only_what_a_cancel_writes_to_stops_it_where_nothing_runs(place, name, stops):
    path = place.home.parent / name
    os.chown(path, STRANGER, -1)
    for stop in (Control(place).cancel, Control(place).force):
        if not stops:
            assert stop().message.startswith(f"Nothing is running. Look at this too: {path} ")
            continue
        with pytest.raises(CouError) as caught:
            stop()
        assert caught.value.seen.startswith("Nothing is running")
        assert str(path) in caught.value.seen


@root
def test_nobody_is_told_to_run_it_as_somebody_else_on_a_unit(place):
    unit = dataclasses.replace(place, unit="cou/0")
    os.chown(place.home / "log" / "r1.log", STRANGER, -1)
    with pytest.raises(CouError) as caught:
        Control(unit).view()
    assert caught.value.seen.endswith("belongs to the user 4711, not to root.")
    assert "Run it as" not in caught.value.remedy
    do(caught.value.remedy.rpartition("move it away: ")[2])
    assert Control(unit).view() is None


def said(stop):
    """Return what a cancel says, however it ends."""
    try:
        return stop().message
    except CouError as error:
        return str(error)


PARTS = ("home", "run", "home/log", "home/journal.sqlite", "home/log/r1.log", "run/runner.lock")


@root
@pytest.mark.parametrize("name", PARTS)
def test_what_is_of_another_user_is_not_used_and_moving_it_away_helps(place, name):
    path = place.home.parent / name
    os.chown(path, STRANGER, -1)
    error = refused(place)
    assert error.code == "foreign-file"
    assert str(path) in error.seen
    assert str(STRANGER) in error.seen
    do(error.remedy.rpartition("move it away: ")[2])
    assert Control(place).view() is None


@pytest.mark.parametrize("name", PARTS)
def test_a_link_is_not_followed_and_removing_it_helps(place, name, tmp_path):
    path = place.home.parent / name
    real = tmp_path / "elsewhere"
    path.rename(real)
    path.symlink_to(real)
    before = real.stat().st_mtime_ns
    error = refused(place)
    assert error.code == "foreign-file"
    assert real.stat().st_mtime_ns == before
    do(error.remedy.rpartition("remove the link: ")[2])
    assert Control(place).view() is None
    assert real.exists()


@pytest.mark.parametrize("name", ["", "home", "run", "home/log"])
@pytest.mark.parametrize("mode", [0o777, 0o772, 0o1777])
def test_a_folder_that_others_may_write_to_is_not_used_until_it_is_closed(place, name, mode):
    path = place.home.parent / name
    path.chmod(mode)
    if not name and mode & 0o1000:  # as in /tmp: others cannot take its entries away
        assert Control(place).view() is None
        return
    error = refused(place)
    assert error.code == "open-folder"
    do(error.remedy.rpartition("then: ")[2])
    assert Control(place).view() is None


def test_a_folder_may_lie_behind_a_link(place, tmp_path):
    (tmp_path / "linked").symlink_to(place.home.parent)
    there = RunPaths(tmp_path / "linked" / "home", tmp_path / "linked" / "run")
    assert Control(there).view() is None


@root
def test_no_supervisor_starts_and_no_log_is_kept_in_a_strange_folder(place):
    os.chown(place.home, STRANGER, -1)
    arguments = ["--home", str(place.home), "--run-dir", str(place.run_dir), "--token", "1"]
    done = subprocess.run(
        [sys.executable, "-m", "cou.control.supervisor", *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ownership.__file__).partition("/cou/process")[0]},
    )
    assert done.returncode == 1
    assert "belongs to the user 4711" in done.stderr
    assert not place.supervisor_lock.exists()
    os.chown(place.home / "log", STRANGER, -1)
    before = sorted((place.home / "log").iterdir())
    with pytest.raises(CouError) as caught:
        Screen(Signals()).open_log(place.home / "log")
    assert caught.value.code == "foreign-file"
    assert sorted((place.home / "log").iterdir()) == before


@root
def test_the_command_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "cou").mkdir()
    os.chown(tmp_path / "cou", STRANGER, -1)
    assert command_process.run(["plan"], Signals()) is ExitCode.ERROR
    assert "belongs to the user 4711" in capsys.readouterr().err


def used(home):
    """Return what each way into the folders of a model is refused with, and what was made."""
    place = RunPaths(home, home / "run")
    refusals = []
    for way in (
        lambda: Control(place).view(),
        lambda: Control(place).offer(Access((), "", "uuid", "m", "cou", "secret")),
        lambda: ownership.check_journal(place),
        lambda: Screen(Signals()).open_log(home.parent / "log"),
    ):
        with pytest.raises(CouError) as caught:
            way()
        refusals.append((caught.value.code, caught.value.seen, caught.value.remedy))
    assert len(set(refusals)) == 1, refusals
    return refusals[0]


@root
def test_a_link_that_a_stranger_has_planted_above_is_not_followed(tmp_path):
    state, target = tmp_path / "state", tmp_path / "target"
    state.mkdir()
    target.mkdir()
    (state / "cou").symlink_to(target)
    os.chown(state / "cou", STRANGER, -1, follow_symlinks=False)
    code, seen, remedy = used(state / "cou" / "uuid")
    assert code == "foreign-file"
    assert str(state / "cou") in seen
    assert not list(target.iterdir())
    do(remedy.rpartition("remove the link: ")[2])
    assert Control(RunPaths(state / "cou" / "uuid", state / "cou" / "uuid" / "run")).view() is None


@root
@pytest.mark.parametrize("how", ["theirs", "open"])
def test_a_state_folder_in_which_a_stranger_may_swap_ours_is_not_used(tmp_path, how):
    state, target = tmp_path / "state", tmp_path / "target"
    state.mkdir()
    target.mkdir()
    (state / "cou").symlink_to(target)  # of our own, as one may have it
    if how == "theirs":
        os.chown(state, STRANGER, -1)
    else:
        state.chmod(0o777)
    code, seen, remedy = used(state / "cou" / "uuid")
    assert code == {"theirs": "foreign-file", "open": "open-folder"}[how]
    assert str(state) in seen
    assert not list(target.iterdir())
    do(remedy.rpartition(": ")[2])
    place = RunPaths(state / "cou" / "uuid", state / "cou" / "uuid" / "run")
    assert Control(place).view() is None


def test_a_link_of_ones_own_above_is_followed(tmp_path):
    target = tmp_path / "target"
    target.mkdir()
    (tmp_path / "cou").symlink_to(target)
    home = tmp_path / "cou" / "uuid"
    Screen(Signals()).open_log(home.parent / "log")
    assert Control(RunPaths(home, home / "run")).view() is None
    assert list((target / "log").iterdir())
