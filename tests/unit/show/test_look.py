"""Whether a run goes on, looked at while somebody begins it: two looks are no single one."""

from __future__ import annotations

import datetime
import subprocess
import sys

import pytest
from cou.clock import utc_now
from cou.errors import Cause
from cou.journal import Journal
from cou.journal.records import Mark, MarkState, RunState, StepState
from cou.plan.plan import canonical
from cou.process import liveness
from cou.show import history, view
from cou.wording import join

from .. import one_step


def test_a_run_begun_between_the_two_looks_is_starting(place, journal, monkeypatch):
    really = view.view_of_journal

    def look(*arguments, **more):
        if not place.coming.exists():
            place.coming.touch()
            one_step.begin(journal)
        return really(*arguments, **more)

    monkeypatch.setattr(view, "view_of_journal", look)
    seen = view.view_of_run(place, journal, estimated=False)
    assert seen is not None
    assert seen.state is RunState.STARTING


def test_a_run_without_a_process_is_interrupted(place, journal):
    one_step.begin(journal)
    seen = view.view_of_run(place, journal, estimated=False)
    assert seen is not None
    assert seen.state is RunState.INTERRUPTED


def test_a_supervisor_that_takes_its_lock_between_the_two_looks_is_seen(place, monkeypatch):
    def holder(_):
        """Nobody yet; then it comes, and takes the file away."""
        place.coming.unlink(missing_ok=True)
        return 0

    place.coming.touch()
    monkeypatch.setattr("cou.process.locks.holder", holder)
    assert liveness.is_going(place)


@pytest.mark.parametrize(
    ("alive", "cancelled", "ended", "hung"),
    [
        (True, False, None, True),
        (True, True, None, True),  # it drains
        (False, False, None, False),  # dead is not silent
        (True, False, RunState.STOPPED, False),
    ],
)
def test_only_a_run_at_work_can_be_silent(journal, alive, cancelled, ended, hung):
    attempt = one_step.begin(journal)
    journal.set_run_state(attempt.token, RunState.RUNNING)
    journal.begin_step(attempt.token, "a")
    if cancelled:
        journal.cancel(attempt.token, "operator")
    if ended is not None:
        journal.end_attempt(attempt.token, ended)
    since = datetime.datetime(2025, 6, 1, 12, tzinfo=datetime.timezone.utc)
    seen = view.view_of_journal(journal, alive=alive, silent=since)
    assert seen is not None
    assert seen.silent_since == (since if hung else None)


def test_nothing_was_ever_planned(journal):
    assert view.view_of_journal(journal, alive=False) is None


@pytest.mark.parametrize("estimated", [True, False])
def test_how_long_it_takes_is_told_to_those_who_ask(journal, estimated):
    """Of the plan shown, and of the run that it becomes."""
    journal.show(canonical(one_step.PLAN.to_dict()), {})
    planned = view.view_of_journal(journal, alive=False, estimated=estimated)
    one_step.begin(journal)
    begun = view.view_of_journal(journal, alive=True, estimated=estimated)
    assert planned is not None
    assert begun is not None
    assert planned.state is RunState.PLANNED
    assert begun.state is RunState.STARTING
    assert (planned.left_s > 0, begun.left_s > 0) == (estimated, estimated)
    unasked = view.view_of_journal(journal, alive=True)
    assert unasked is not None
    assert unasked.left_s > 0


@pytest.mark.parametrize(
    ("alive", "ended", "somewhere"),
    [(False, None, True), (True, None, False), (False, RunState.STOPPED, False)],
)
def test_whether_it_got_somewhere_is_asked_of_a_run_that_is_interrupted(
    journal, alive, ended, somewhere
):
    attempt = one_step.begin(journal)
    journal.set_run_state(attempt.token, RunState.RUNNING)
    assert not view.view_of_journal(journal, alive=False).made_progress
    journal.begin_step(attempt.token, "a")
    journal.end_step(attempt.token, "a", StepState.DONE)
    if ended is not None:
        journal.end_attempt(attempt.token, ended)
    assert view.view_of_journal(journal, alive=alive).made_progress is somewhere


def test_a_plan_shown_after_a_finished_run_is_what_there_is(journal):
    attempt = one_step.begin(journal)
    journal.end_attempt(attempt.token, RunState.COMPLETED)
    finished = view.view_of_journal(journal, alive=False)
    journal.show(canonical(one_step.PLAN.to_dict()), {})
    planned = view.view_of_journal(journal, alive=False)
    assert finished is not None
    assert planned is not None
    assert (finished.state, planned.state) == (RunState.COMPLETED, RunState.PLANNED)


def test_the_remainder_of_an_unfinished_run_is_no_new_plan(journal):
    """Shown under other options, it is still that run."""
    attempt = one_step.begin(journal)
    journal.end_attempt(attempt.token, RunState.STOPPED)
    journal.show(canonical(one_step.PLAN.to_dict()), {}, attempt.run)
    seen = view.view_of_journal(journal, alive=False)
    assert seen is not None
    assert seen.state is RunState.STOPPED


def test_it_shows_the_tasks_that_are_known_the_marks_that_are_set_and_why_it_ended(journal):
    attempt = one_step.begin(journal)
    journal.begin_step(attempt.token, "a")
    journal.record_intent(attempt.token, "a", "pause", {})
    known = journal.record_intent(attempt.token, "a", "upgrade", {})
    journal.record_task(attempt.token, known.id, 12)
    now = datetime.datetime(2025, 6, 1, 12, tzinfo=datetime.timezone.utc)
    for unit, state in (("nova/0", MarkState.SET), ("nova/1", MarkState.PUT_BACK)):
        mark = Mark(f"paused:{unit}", "paused", unit, {}, state, "a", now, "")
        journal.write_mark(attempt.token, mark)
    journal.end_attempt(
        attempt.token, RunState.FAILED, Cause("broke", join("It broke."), join("Mend it."))
    )
    seen = view.view_of_journal(journal, alive=False)
    assert seen is not None
    assert seen.tasks == {"a": 12}
    assert [mark.id for mark in seen.marks] == ["paused:nova/0"]
    assert (seen.error, seen.remedy) == ("It broke.", "Mend it.")


@pytest.mark.parametrize("who", ["supervisor_lock", "runner_lock"])
def test_one_of_its_two_processes_is_enough_to_be_alive(place, who):
    path = getattr(place, who)
    code = (
        "import pathlib, sys; from cou.process.locks import Lock\n"
        "kept = Lock(pathlib.Path(sys.argv[1])); print(flush=True); sys.stdin.read()"
    )
    assert not liveness.is_alive(place)
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        process.stdout.readline()
        assert liveness.is_alive(place)
        process.communicate()
    assert not liveness.is_alive(place)


READERS = {
    "status": lambda journal: view.view_of_journal(journal, alive=True),
    "report": lambda journal: history.make_report(journal, alive=True, now=utc_now()),
}


@pytest.mark.parametrize("reader", READERS)
def test_what_is_read_is_of_one_moment_whatever_ends_meanwhile(tmp_path, reader):
    """Read in turns, a run that has ended was shown to be running."""
    tell = READERS[reader]
    at = 0
    while True:
        at += 1
        home = tmp_path / f"{at}"
        journal, other = Journal(home), Journal(home)
        try:
            attempt = one_step.begin(other)
            read, made = journal._db.read, 0

            def ends_before(*query, read=read, other=other, attempt=attempt, at=at):
                nonlocal made
                made += 1
                if made == at:
                    other.begin_step(attempt.token, "a")
                    other.end_step(attempt.token, "a", StepState.DONE)
                    other.end_attempt(attempt.token, RunState.COMPLETED)
                return read(*query)

            journal._db.read = ends_before
            told = tell(journal)
            if made < at:
                break
            over = all(one.state in ("done", StepState.DONE) for one in steps_of(told))
            ended = told.state in ("completed", RunState.COMPLETED)
            attempts = told.sittings if reader == "report" else [told.attempt]
            assert [over, ended] == [bool(one.ended) for one in attempts] * 2, at
        finally:
            journal.close()
            other.close()
    assert at > 5


def steps_of(told):
    return told.steps.values() if isinstance(told.steps, dict) else told.steps
