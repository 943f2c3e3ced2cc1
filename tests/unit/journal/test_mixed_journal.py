"""A journal and a log of writes of two times are never mixed, whichever of them is put back."""

from __future__ import annotations

import itertools
import os
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys

import pytest
from cou.control.control import Control
from cou.errors import CouError, JournalError
from cou.journal import FILE, Journal, JournalGone, wal_seal
from cou.journal.records import Limit
from cou.process.paths import RunPaths

PARTS = ("", "-wal", "-shm")
STEPS = [f"step-{number}" for number in range(40)]


def keep(home, to):
    """Copy the files of a journal as they lie there."""
    to.mkdir()
    for part in PARTS:
        if (home / f"{FILE}{part}").exists():
            shutil.copy(home / f"{FILE}{part}", to)


def put_back(home, copies, *, over=False):
    """Put files of copies back.

    Args:
        home: where.
        copies: the copy that each part comes from, by its suffix; None: the part is not there.
        over: write over what lies there, as `cp` does.
    """
    for part, copy in copies.items():
        path = home / f"{FILE}{part}"
        if not over:
            path.unlink(missing_ok=True)
        if copy is not None and (copy / path.name).exists():
            shutil.copy(copy / path.name, path)


def stop_short(work):
    """Do something in a process that ends without closing what it has opened."""
    pid = os.fork()
    if not pid:
        try:
            work()
        finally:
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(pid, 0)


@pytest.fixture(scope="module")
def copies(tmp_path_factory):
    """Copies of one journal at five times; each lies there as after a power cut.

    Between 1 and 2, and between 3 and 4, the log was moved into the journal and begun anew.
    """
    folder = tmp_path_factory.mktemp("copies")
    home = folder / "home"
    Journal(home).close()
    found = [folder / f"copy-{number}" for number in range(5)]

    def live():
        journal = Journal(home)
        attempt = journal.create_run("{}", {}, STEPS, Limit())
        steps = iter(STEPS)

        def work(count):
            for step in itertools.islice(steps, count):
                journal.begin_step(attempt.token, step)
                journal.record_intent(attempt.token, step, "op", {"of": step})

        for number, copy in enumerate(found):
            work(7)
            if number in (2, 4):
                journal.tidy()
                work(1)
            keep(home, copy)

    stop_short(live)
    for copy in found:
        assert (copy / f"{FILE}-wal").stat().st_size > 0
    shutil.rmtree(home)
    return found


def told(home):
    """Return what a journal knows: the steps in their states, and the operations, if it does."""
    journal = Journal(home, create=False)
    try:
        run = journal.current()
        if run is None:
            return None
        states = {one.id: one.state.value for one in journal.steps(run.id).values()}
        return states, [(one.id, one.step) for one in journal.operations(run.id)]
    finally:
        journal.close()


def alone(copy, folder):
    """Return what a copy tells, put back whole; and without its log."""
    found = []
    for name, parts in (("whole", PARTS), ("alone", ("",))):
        home = folder / f"{copy.name}-{name}"
        home.mkdir()
        put_back(home, dict.fromkeys(parts, copy))
        found.append(told(home))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("shm", ["none", "its", "newest"])
def test_of_any_two_times_it_is_refused_or_a_journal_that_there_was(copies, tmp_path, shm):
    """Refused, it lies there untouched; and what is printed leads to one that there was."""
    existed = [one for copy in copies for one in alone(copy, tmp_path)]
    for main, log in itertools.product(range(5), repeat=2):
        home = tmp_path / f"home-{main}-{log}"
        home.mkdir()
        index = {"none": None, "its": copies[main], "newest": copies[4]}[shm]
        put_back(home, {"": copies[main], "-wal": copies[log], "-shm": index})
        if not wal_seal.fits(home / FILE):
            assert main != log
            refused(home)
        assert told(home) in existed, (main, log)


def refused(home):
    """See it refused and untouched, then do what is printed."""
    before = {path.name: path.read_bytes() for path in home.iterdir()}
    with pytest.raises(JournalError) as caught:
        told(home)
    assert caught.value.code == "journal-mixed"
    assert {path.name: path.read_bytes() for path in home.iterdir()} == before
    move = caught.value.remedy.rpartition("move this one away: ")[2].removeprefix("sudo ")
    subprocess.run(shlex.split(move), check=True)


def test_of_two_times_between_which_the_log_was_begun_anew_it_is_refused(copies, tmp_path):
    """Else the test above could take what is mixed for what there was."""
    found = set()
    for main, log in itertools.product(range(5), repeat=2):
        home = tmp_path / f"home-{main}-{log}"
        home.mkdir()
        put_back(home, {"": copies[main], "-wal": copies[log]})
        if not wal_seal.fits(home / FILE):
            found.add((main, log))
    first, second, third = (0, 1), (2, 3), (4,)
    groups = (first, second, third)
    assert found == {
        (main, log)
        for one, other in itertools.permutations(groups, 2)
        for main, log in itertools.product(one, other)
    }


def test_to_a_copy_whose_pages_are_in_another_order_no_log_fits(copies, tmp_path):
    """As `vacuum into` makes it: it is as new as what it was made of."""
    for number, log in itertools.product(range(5), repeat=2):
        source, home = tmp_path / f"of-{number}-{log}", tmp_path / f"home-{number}-{log}"
        for folder in (source, home):
            folder.mkdir()
        put_back(source, dict.fromkeys(PARTS, copies[number]))
        db = sqlite3.connect(source / FILE)
        db.execute("vacuum into ?", (str(home / FILE),))
        db.close()
        put_back(home, {"-wal": copies[log]})
        assert not wal_seal.fits(home / FILE)


def test_sqlite_alone_mixes_them(copies, tmp_path):
    """What is prevented here: an older journal with a newer log becomes one that never was."""
    home = tmp_path / "home"
    home.mkdir()
    put_back(home, {"": copies[0], "-wal": copies[4]})
    db = sqlite3.connect(home / FILE)
    try:
        whole = db.execute("pragma integrity_check").fetchone()[0] == "ok"
        steps = [row[0] for row in db.execute("select state from step order by position")]
        operations = [row[0] for row in db.execute("select step from operation order by id")]
    except sqlite3.DatabaseError:
        return  # the mix is one that SQLite notices
    finally:
        db.close()
    begun = [step for step, state in zip(STEPS, steps, strict=True) if state == "running"]
    assert not whole or begun != operations


def test_a_log_without_its_journal_is_set_aside_and_not_deleted(copies, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    put_back(home, {"-wal": copies[4], "-shm": copies[4]})
    Journal(home).close()
    kept = home / f"{FILE}.damaged-1-wal"
    assert kept.read_bytes() == (copies[4] / f"{FILE}-wal").read_bytes()


def test_every_verb_says_so_and_a_cancel_that_nothing_runs(copies, tmp_path):
    place = RunPaths(tmp_path / "home", tmp_path / "run")
    place.make()
    put_back(place.home, {"": copies[0], "-wal": copies[4]})
    control = Control(place)
    for verb in (control.view, lambda: control.report("json"), control.cancel, control.force):
        with pytest.raises(CouError) as caught:
            verb()
        assert caught.value.code == "journal-mixed"
    assert caught.value.seen.startswith("Nothing is running. The journal ")


@pytest.mark.parametrize("number", [0, 1])
def test_a_copy_written_over_an_open_journal_is_noticed_and_nothing_is_mixed(
    copies, tmp_path, number
):
    """As `cp` does: the file stays the same, so its number tells nothing."""
    home = tmp_path / "home"
    home.mkdir()
    put_back(home, dict.fromkeys(PARTS, copies[4]))
    program = (
        "import pathlib, sys\n"
        "from cou.journal import Journal, JournalGone\n"
        "journal = Journal(pathlib.Path(sys.argv[1]))\n"
        "run = journal.current().id\n"
        "print(flush=True); sys.stdin.readline()\n"
        "try: journal.add_event(run, 'x', {})\n"
        "except JournalGone as gone: print(gone.code)\n"
        "journal.close()\n"
    )
    path = os.pathsep.join(one for one in sys.path if one)
    with subprocess.Popen(
        [sys.executable, "-c", program, str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    ) as process:
        process.stdout.readline()
        put_back(home, {"": copies[number]}, over=True)
        before = (home / FILE).read_bytes()
        said, _ = process.communicate("\n", timeout=60)
    assert said.strip() == "journal-gone"
    assert (home / FILE).read_bytes() == before
    with pytest.raises(JournalError) as caught:
        Journal(home, create=False)
    assert caught.value.code == "journal-mixed"


@pytest.mark.slow
def test_a_log_that_another_process_moves_meanwhile_is_never_taken_for_a_strange_one(tmp_path):
    home = tmp_path / "home"
    Journal(home).close()
    ready = tmp_path / "ready"

    def busy():
        journal = Journal(home)
        attempt = journal.create_run("{}", {}, STEPS, Limit())
        for number in itertools.count():
            journal.add_event(attempt.run, "x", {})
            if number % 3 == 0:
                journal.tidy()
            if number == 10:
                ready.touch()

    pid = os.fork()
    if not pid:
        busy()
    try:
        while not ready.exists():
            pass
        for _ in range(300):
            assert wal_seal.fits(home / FILE)
            Journal(home, create=False).close()
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def test_the_number_goes_round_and_another_history_is_told_from_it():
    highest = (1 << 31) - 1
    assert wal_seal.following(0, 5) == 1 << 12 | 5
    assert wal_seal.following(highest, 5) == 5
    assert wal_seal.following(wal_seal.following(0, 1), 2) != wal_seal.following(
        wal_seal.following(0, 1), 3
    )


def test_a_connection_that_knows_of_the_replaced_journal_writes_nothing(copies, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    put_back(home, dict.fromkeys(PARTS, copies[4]))
    journal = Journal(home)
    put_back(home, {"": copies[0]}, over=True)
    with pytest.raises(JournalGone):
        journal.version()
    assert wal_seal.of_journal(home / FILE) == wal_seal.of_journal(copies[0] / FILE)


def test_what_was_read_of_a_long_log_is_not_read_again(tmp_path, monkeypatch):
    journal = Journal(tmp_path)
    reader = sqlite3.connect(tmp_path / FILE)
    reader.execute("begin")
    reader.execute("select * from event").fetchall()  # as long as it reads, the log only grows
    for number in range(200):
        journal.show(str(number), {})
    assert wal_seal.fits(tmp_path / FILE)
    read, pread = [], os.pread

    def counted(*arguments):
        read.append(arguments)
        return pread(*arguments)

    monkeypatch.setattr(os, "pread", counted)
    assert wal_seal.fits(tmp_path / FILE)
    assert len(read) < 20
    reader.close()
    journal.close()


def shown(journal, count):
    for number in range(count):
        journal.show(f"{number}", {})


# Of the log when the copy is made and when it is put back: how many were written since it began.
GROWN = [(3, 4), (3, 260), (260, 262)]


@pytest.mark.parametrize("parts", [("", "-wal"), ("-wal",), ("-wal", "-shm"), PARTS])
@pytest.mark.parametrize(("before", "after"), GROWN)
def test_whoever_has_a_journal_open_sees_that_an_earlier_log_was_written_over_its_own(
    tmp_path, before, after, parts
):
    home = tmp_path / "home"
    journal = Journal(home)
    shown(journal, before)
    keep(home, tmp_path / "copy")
    shown(journal, after - before)
    journal.version()
    put_back(home, dict.fromkeys(parts, tmp_path / "copy"), over=True)
    with pytest.raises(JournalGone):
        journal.version()
    with pytest.raises(JournalGone):
        journal.show("more", {})
    journal.close()


def test_a_log_that_grows_and_is_begun_anew_by_several_is_their_own(tmp_path):
    home = tmp_path / "home"
    one, other = Journal(home), Journal(home)
    for number in range(1200):
        writer, reader = (one, other) if number % 7 else (other, one)
        writer.show(f"{number}", {})
        if not number % 3:
            reader.version()
    one.close()
    other.version()
    other.close()


def test_what_a_killed_writer_has_left_undone_in_the_log_is_written_over_by_the_next(tmp_path):
    """It was killed while it forced the disk: SQLite has not told anybody of its transaction."""
    home, copy = tmp_path / "home", tmp_path / "copy"
    journal = Journal(home)
    shown(journal, 5)
    keep(home, copy)
    kept = []  # else it would be closed, and its log moved into it, before the process is killed

    def undone():
        kept.append(Journal(copy))
        kept[0].show("undone", {})

    stop_short(undone)
    log = home / f"{FILE}-wal"
    left = (copy / log.name).read_bytes()[log.stat().st_size :]
    assert left
    with log.open("ab") as file:
        file.write(left)
    before = journal.version()
    shown(journal, 3)
    assert journal.version() == before
    other = Journal(home)
    assert other.shown()[0] == "2"
    other.show("another", {})
    other.close()
    assert journal.version() != before
    journal.close()


def test_a_log_that_never_stands_still_is_no_strange_one(tmp_path, monkeypatch):
    home = tmp_path / "home"
    journal = Journal(home)
    shown(journal, 2)
    monkeypatch.setattr(wal_seal, "PATIENCE_S", 0.05)
    heads = itertools.count()
    monkeypatch.setattr(wal_seal, "_head", lambda _: b"%032d" % next(heads))
    monkeypatch.setattr(wal_seal, "_of_log", lambda *_: {wal_seal.Page(7, 7): None})
    with pytest.raises(CouError) as caught:
        Journal(home)
    assert caught.value.code == "journal-busy"
    (home / FILE).touch()  # as when the log is moved into it
    journal.version()
    journal.close()
