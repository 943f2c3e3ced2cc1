"""Whatever an older charm has left on a disk is opened, shown, and gone on with."""

from __future__ import annotations

import contextlib
import datetime
import pathlib
import shutil
import sqlite3

import pytest
from cou.control.control import Control
from cou.errors import JournalError
from cou.journal import FILE, Journal, rows
from cou.journal.records import Job, Limit, MarkState, RunState, StepState
from cou.journal.schema import FORMAT, PATCHES
from cou.process.paths import RunPaths
from cou.show import history, view

from . import stories

FOLDER = pathlib.Path(__file__).parent
EVERY = sorted(FOLDER.glob("format-*.sqlite"))
IN_DOUBT = "az1/nova-compute-0/upgrade-unit"


def number(path):
    return int(path.stem.removeprefix("format-"))


@pytest.fixture(params=EVERY, ids=[path.stem for path in EVERY])
def kept(request, tmp_path):
    """Return the format's number, and a place whose journal was written in it."""
    place = RunPaths(tmp_path / "home", tmp_path / "run")
    place.make()
    shutil.copyfile(request.param, place.home / FILE)
    return number(request.param), place


def format_of(place):
    db = sqlite3.connect(place.home / FILE)
    try:
        return db.execute("pragma user_version").fetchone()[0]
    finally:
        db.close()


def schema(path):
    db = sqlite3.connect(path)
    try:
        return db.execute(
            "select type, name, sql from sqlite_master where sql is not null order by 1, 2"
        ).fetchall()
    finally:
        db.close()


def test_every_format_that_there_was_has_its_file():
    assert [number(path) for path in EVERY] == list(range(1, FORMAT + 1))


def test_no_patch_was_edited_after_it_was_released(kept, tmp_path):
    format_, place = kept
    db = sqlite3.connect(tmp_path / "anew")
    for patch in PATCHES[:format_]:
        db.executescript(patch)
    db.close()
    assert schema(tmp_path / "anew") == schema(place.home / FILE)


def test_it_is_opened_and_all_that_stands_in_it_is_read(kept):
    format_, place = kept
    journal = Journal(place.home)
    run = journal.current()
    assert run.state is RunState.INTERRUPTED
    steps = journal.steps(run.id)
    rows.check_steps(rows.plan(run.plan), steps)
    assert len(steps) > 80
    states = {record.state for record in steps.values()}
    assert {StepState.DONE, StepState.IN_DOUBT, StepState.PENDING} <= states
    marks = {mark.id: mark.state for mark in journal.marks(run.id)}
    assert marks["paused:nova-compute/0"] is MarkState.SET
    assert MarkState.PUT_BACK in marks.values()
    (doubtful,) = [one for one in journal.operations(run.id) if one.verdict is None]
    assert (doubtful.step, doubtful.key, doubtful.task) == (IN_DOUBT, "pause", None)
    assert len(journal.attempts(run.id)) == 2
    assert len(journal.events(run.id)) > 100
    journal.close()
    assert format_of(place) == format_  # nothing is ordered yet


def test_it_is_shown_and_reported(kept):
    _, place = kept
    view = Control(place).view()
    assert view.state is RunState.INTERRUPTED
    assert "paused:nova-compute/0" in {mark.id for mark in view.marks}
    journal = Journal(place.home)
    account = history.make_report(
        journal, alive=False, now=datetime.datetime.now(datetime.timezone.utc)
    )
    assert account is not None
    journal.close()


def test_its_run_goes_on_where_it_was_and_a_cancel_still_stops_it(kept):
    _, place = kept
    journal = Journal(place.home)
    run = journal.current().id
    attempt = journal.resume_run(run, Job.UPGRADE, Limit())
    assert format_of(place) == FORMAT
    journal.begin_step(attempt.token, IN_DOUBT)
    assert journal.step(attempt.run, IN_DOUBT).state is StepState.RUNNING
    _, running = journal.cancel(attempt.token, "a test")
    assert running == [IN_DOUBT]
    journal.end_step(attempt.token, IN_DOUBT, StepState.DONE)
    journal.end_attempt(attempt.token, RunState.STOPPED)
    assert journal.run(run).state is RunState.STOPPED
    journal.close()


@pytest.mark.parametrize("forced", [False, True])
def test_while_a_runner_of_an_older_version_may_live_its_format_stays(tmp_path, forced):
    """A charm that was refreshed under it shows, cancels and forces in the format as it is."""
    place = RunPaths(tmp_path / "home", tmp_path / "run")
    place.make()
    (place.home / FILE).write_bytes(stories.read(stories.FOLDER / "running.zip")[0])
    older = format_of(place)
    assert older < FORMAT
    with contextlib.closing(Journal(place.home)) as journal:
        run = journal.current()
        attempt = journal.attempt(run.id)
        assert attempt.ended is None
        assert view.view_of_journal(journal, alive=True).state is RunState.RUNNING
        with pytest.raises(JournalError, match="cannot be resumed"):
            journal.resume_run(run.id, Job.UPGRADE, Limit())
        journal.cancel(attempt.token, "operator", forced=forced)
        assert view.view_of_journal(journal, alive=True).state is RunState.DRAINING
        if forced:
            journal.end_attempt(attempt.token, RunState.KILLED)
        assert format_of(place) == older
        if not forced:  # what the older runner writes itself
            db = sqlite3.connect(place.home / FILE)
            for statement in (
                "update step set state = 'done', note = 'so' where state = 'running'",
                "update run set state = 'stopped', waits = '', error = "
                """'{"code": "x", "seen": "It is so.", "remedy": ""}'""",
                "update attempt set ended = started, how = 'stopped' where ended is null",
            ):
                db.execute(statement)
            db.commit()
            db.close()
        seen = view.view_of_journal(journal, alive=False)
        assert seen.state is (RunState.KILLED if forced else RunState.STOPPED)
        assert seen.error == ("" if forced else "It is so.")
        assert format_of(place) == older
        journal.resume_run(run.id, Job.UPGRADE, Limit())
        assert format_of(place) == FORMAT
