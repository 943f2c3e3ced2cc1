"""A cancel waits for the one transaction under way and comes next, whatever the others do."""

from __future__ import annotations

import fcntl
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import pytest
from cou.errors import JournalError
from cou.journal import FILE, Journal, database, write_turn

# One transaction that lasts until it is told to end, then as many as it can.
BUSY = """
import pathlib, sys
from cou.journal import Journal
journal = Journal(pathlib.Path(sys.argv[1]))
with journal._db.write("tell") as db:
    journal._tell(db, sys.argv[2], "first", {})
    print("inside", flush=True)
    sys.stdin.readline()
for number in range(300):
    journal.add_event(sys.argv[2], "further", {})
"""
ROUNDS = 8


def busy(journal, run):
    process = subprocess.Popen(
        [sys.executable, "-c", BUSY, str(journal.home), run],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "inside\n"
    return process


def await_that(seen):
    deadline = time.monotonic() + 60
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def is_taken(folder):
    """Whether somebody stands in the turnstile."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def cancel_beside(journal, attempt):
    """Cancel in another thread, as another process would; return the thread once it waits."""
    told = []

    def work():
        other = Journal(journal.home)
        told.append(other.cancel(attempt.token, "operator"))
        other.close()

    thread = threading.Thread(target=work)
    thread.start()
    await_that(lambda: is_taken(journal.home))
    return thread


@pytest.mark.slow
def test_a_cancel_is_next_after_the_transaction_under_way(journal, attempt):
    for number in range(ROUNDS):
        seen = len(journal.events(attempt.run))
        process = busy(journal, attempt.run)
        thread = cancel_beside(journal, attempt)
        process.communicate("go\n", timeout=120)
        thread.join()
        what = [event.what for event in journal.events(attempt.run)][seen:]
        assert what[:2] == ["first", "cancel"], number
        assert what[2:] == ["further"] * 300


def test_who_waited_for_a_cancel_goes_on_after_it(journal, attempt):
    held = sqlite3.connect(journal.home / FILE, isolation_level=None)
    held.execute("begin immediate")
    thread = cancel_beside(journal, attempt)
    held.execute("rollback")
    journal.add_event(attempt.run, "after", {})
    thread.join()
    held.close()
    what = [event.what for event in journal.events(attempt.run)]
    assert what[-2:] == ["cancel", "after"]


@pytest.mark.slow
def test_a_canceller_that_is_killed_in_the_line_leaves_it(journal, attempt):
    program = (
        "import pathlib, sys; from cou.journal import Journal\n"
        "Journal(pathlib.Path(sys.argv[1])).cancel(int(sys.argv[2]), 'operator')\n"
    )
    held = sqlite3.connect(journal.home / FILE, isolation_level=None)
    held.execute("begin immediate")
    waits = subprocess.Popen([sys.executable, "-c", program, journal.home, str(attempt.token)])
    await_that(lambda: is_taken(journal.home))
    waits.send_signal(signal.SIGKILL)
    waits.wait()
    held.execute("rollback")
    held.close()
    assert not is_taken(journal.home)
    journal.add_event(attempt.run, "after", {})
    assert journal.attempt(attempt.run).cancelled is None


def test_a_writer_is_as_patient_as_the_others_get_on(journal, attempt, monkeypatch):
    """Not the time counts, but whether anything moves: a slow disk has a long line before it."""
    monkeypatch.setattr(write_turn, "PATIENCE_S", 0.5)
    inside = threading.Event()

    def keep_busy():
        folder = os.open(journal.home, os.O_RDONLY)
        fcntl.flock(folder, fcntl.LOCK_EX)  # nobody else gets in before all of it is done
        other = sqlite3.connect(journal.home / FILE, isolation_level=None)
        for number in range(8):  # each far shorter than the patience, all of them far longer
            other.execute("begin immediate")
            other.execute("update run set waits = ?", (str(number),))
            inside.set()
            time.sleep(0.15)
            other.execute("commit")
        other.close()
        os.close(folder)

    thread = threading.Thread(target=keep_busy)
    thread.start()
    inside.wait()
    journal.add_event(attempt.run, "in the end", {})
    thread.join()
    assert [str(one.what) for one in journal.run(attempt.run).waits] == ["7"]


def test_the_log_of_writes_stays_short_however_long_a_run_is(journal, attempt):
    log = journal.home / f"{FILE}-wal"
    longest = []
    for number in range(4 * database._TIDY_EVERY):
        journal.add_event(attempt.run, f"line {number}", {})
        longest.append(log.stat().st_size)
    assert longest[-1] < 1.2 * longest[database._TIDY_EVERY]
    other = Journal(journal.home)
    assert len(other.events(attempt.run)) == len(longest) + 1
    other.close()


def test_where_there_is_no_turnstile_sqlite_alone_decides(journal, attempt, monkeypatch):
    def refuse(*_):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(write_turn.fcntl, "flock", refuse)
    journal.add_event(attempt.run, "written", {})
    journal.cancel(attempt.token, "operator")
    assert [e.what for e in journal.events(attempt.run)][-2:] == ["written", "cancel"]


def test_a_cancel_that_nobody_lets_by_gives_up_and_leaves_the_line(journal, attempt, monkeypatch):
    monkeypatch.setattr(write_turn, "PATIENCE_S", 0.1)
    held = sqlite3.connect(journal.home / FILE, isolation_level=None)
    held.execute("begin immediate")
    with pytest.raises(JournalError) as caught:
        journal.cancel(attempt.token, "operator")
    assert caught.value.code == "journal-busy"
    assert not is_taken(journal.home)
    held.execute("rollback")
    held.close()
