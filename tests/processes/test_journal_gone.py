"""A journal that is deleted or replaced under a run ends its runner; no other is made."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import sqlite3

import pytest
from cou.errors import JournalError
from cou.journal import FILE, Journal
from cou.journal.records import RunState
from cou.process import locks

from .conftest import is_running, state_of

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("how", ["deleted", "replaced"])
def test_the_runner_ends_and_says_what_runs_on(operator, how):
    operator.get_inside()
    asked = len(operator.cloud.model.log.entries)
    journal = operator.place.home / FILE
    if how == "replaced":
        shutil.copy(journal, journal.with_name("other"))
        journal.with_name("other").replace(journal)
    else:
        journal.unlink()
    operator.await_that(lambda: not operator.pids())
    assert "journal-gone: " in operator.log()
    assert "Nothing further is sent. Tasks that run on in Juju: " in operator.log()
    assert journal.exists() is (how == "replaced")
    entries = operator.cloud.model.log.entries[asked:]
    assert [e for e in entries if e["event"] == "asked"] == []
    operator.cloud.release()


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    "suffixes",
    [("", "-wal"), ("-wal",)],
    ids=["journal-and-log", "log"],
)
def test_the_runner_ends_where_an_earlier_copy_is_written_over_its_log(
    operator, tmp_path, suffixes
):
    """As `cp` does, or a backup that is put back: every file is the same, and holds a copy."""
    names = [f"{FILE}{suffix}" for suffix in suffixes]
    operator.get_inside()
    for name in names:
        shutil.copy(operator.place.home / name, tmp_path / name)
    over = steps_over(operator)
    operator.cloud.release()
    operator.await_that(lambda: steps_over(operator) >= over + 2)
    for name in names:
        shutil.copy(tmp_path / name, operator.place.home / name)
    operator.await_that(lambda: not operator.pids())
    assert "journal-gone: " in operator.log()
    assert "Nothing further is sent." in operator.log()


def steps_over(operator):
    return sum(one.state.over for one in operator.control.view().steps.values())


def delete(home):
    (home / FILE).unlink()


def copy(home):
    """As a backup does that puts the file in its place."""
    shutil.copy(home / FILE, home / "other")
    (home / "other").replace(home / FILE)


def another(home):
    """The journal of a machine on which nothing has run."""
    elsewhere = home.with_name("elsewhere")
    Journal(elsewhere).close()
    (elsewhere / FILE).replace(home / FILE)


def over(home):
    """As `cp` does: the file is the same, and holds a copy."""
    with contextlib.closing(sqlite3.connect(home / FILE)) as journal:
        journal.execute("vacuum into ?", (str(home / "other"),))
    shutil.copy(home / "other", home / FILE)
    (home / "other").unlink()


def damage(home):
    """As a disk does that lies: the log of writes too, else SQLite reads what that one has."""
    for name in (FILE, f"{FILE}-wal"):
        size = (home / name).stat().st_size
        with (home / name).open("r+b") as file:
            file.write(b"x" * size)


def move(home):
    home.rename(home.with_name("moved"))


HOW = [delete, copy, another, over, damage, move]
ways = pytest.mark.parametrize("lose", HOW, ids=[one.__name__ for one in HOW])


def named(text):
    return [int(id) for part in re.findall("Tasks ([0-9, ]+)", text) for id in part.split(", ")]


def asked(operator, since):
    entries = operator.cloud.model.log.entries[since:]
    return [one["data"]["call"] for one in entries if one["event"] == "asked"]


def get_inside(operator):
    """Have a command run on each unit of keystone; return their tasks."""
    operator.get_inside()
    return operator.await_that(lambda: len(found := operator.open_tasks()) == 3 and found)


@contextlib.contextmanager
def hanging(operator):
    """Have supervisor and runner not move, as on a starved host."""
    pids = operator.pids()
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        # A signal is taken once the process is run next, and not within a write to a slow disk.
        operator.await_that(lambda: all(state_of(pid) == "T" for pid in pids))
        yield pids
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@pytest.mark.sampled(1)
@ways
def test_a_cancel_sees_the_run_end_and_names_its_tasks(operator, lose):
    tasks = get_inside(operator)
    pids, since = operator.pids(), len(operator.cloud.model.log.entries)
    lose(operator.place.home)
    answer = operator.control.cancel()
    assert operator.pids() == []
    operator.await_that(lambda: not any(map(is_running, pids)))
    assert "othing is running" in answer.message
    assert named(answer.message) == tasks, answer.message
    assert answer.state in (None, RunState.INTERRUPTED)
    # Said again, and once the runner has ended by itself, it is the same.
    if lose in (another, over):  # beside the log of the one that it has replaced
        with pytest.raises(JournalError) as caught:
            operator.control.cancel()
        assert caught.value.code == "journal-mixed"
        assert named(caught.value.seen) == tasks
        (operator.place.home / f"{FILE}-wal").unlink()
    assert named(operator.control.cancel().message) == tasks
    assert asked(operator, since) == []
    operator.cloud.release()


@pytest.mark.sampled(1)
@ways
def test_a_run_that_hangs_without_its_journal_is_not_acknowledged_and_can_be_forced(
    operator, lose
):
    tasks = get_inside(operator)
    since = len(operator.cloud.model.log.entries)
    with hanging(operator) as pids:
        lose(operator.place.home)
        with pytest.raises(JournalError) as caught:
            operator.control.cancel()
        assert caught.value.code == "cancel-not-acknowledged"
        assert all(str(pid) in caught.value.seen for pid in pids)
        assert "cancel force=true" in caught.value.remedy
        answer = operator.control.force(operator.cloud.access())
        assert set(answer.killed) >= set(pids)
        assert not any(map(is_running, pids))
    assert list(answer.running) == tasks == named(answer.message), answer
    assert f"Killed {len(answer.killed)} processes; none is left." in answer.message
    assert "deleted, moved away or replaced" in answer.message
    changing = {"Action.EnqueueOperation", "Action.RunOnAllMachines", "Application.SetCharm"}
    assert not changing & set(asked(operator, since))
    operator.cloud.release()


@pytest.mark.sampled(1)
@ways
def test_a_forced_cancel_alone_kills_the_run_and_names_its_tasks(operator, lose):
    tasks = get_inside(operator)
    with hanging(operator) as pids:
        lose(operator.place.home)
        answer = operator.control.force(operator.cloud.access())
        assert set(answer.killed) >= set(pids)
    assert operator.pids() == []
    assert list(answer.running) == tasks, answer
    operator.cloud.release()


@pytest.mark.sampled(1)
@pytest.mark.parametrize("lose", [delete, copy, another, over, move])
def test_nothing_is_begun_beside_a_run_that_has_lost_its_journal(operator, lose):
    get_inside(operator)
    with hanging(operator) as pids:
        lose(operator.place.home)
        verbs = {
            "view": operator.control.view,
            "plan": operator.plan,
            "upgrade": operator.upgrade,
            "abandon": lambda: operator.control.abandon(operator.cloud.access()),
            "restore": lambda: operator.control.restore(operator.cloud.access()),
            "report": lambda: operator.control.report("markdown"),
        }
        for verb, ask in verbs.items():
            with pytest.raises(JournalError) as caught:
                ask()
            assert caught.value.code == "journal-gone", verb
            assert "Run `cancel`" in caught.value.remedy, verb
        assert operator.pids() == pids
        assert all(state_of(pid) == "T" for pid in pids)
        operator.control.force()
    operator.cloud.release()


@pytest.mark.deep
def test_what_is_said_of_it_ends_in_a_whole_cloud(operator):
    """Cancel, put the newest journal back, upgrade: it looks at the tasks and goes on."""
    get_inside(operator)
    operator.place.home.rename(operator.place.home.with_name("moved"))
    operator.control.cancel()
    shutil.rmtree(operator.place.home, ignore_errors=True)
    operator.place.home.with_name("moved").rename(operator.place.home)
    operator.cloud.release()
    assert operator.state() is RunState.INTERRUPTED
    operator.upgrade()
    assert operator.finish() is RunState.COMPLETED, operator.log()
    assert not operator.place.kept.exists()
    assert operator.control.cancel().message == "Nothing is running: the run is completed."


def test_another_runner_does_not_take_what_the_last_one_kept_for_its_own(operator):
    """What a killed runner has kept says nothing of the one that begins."""
    tasks = get_inside(operator)
    os.kill(locks.holder(operator.place.runner_lock), signal.SIGKILL)
    operator.await_that(lambda: not operator.pids())
    assert operator.place.kept.exists()
    assert named(operator.control.cancel().message) == tasks
    operator.cloud.release()
    operator.upgrade()
    assert operator.control.cancel().state in (RunState.DRAINING, RunState.STOPPED)
    operator.finish()
