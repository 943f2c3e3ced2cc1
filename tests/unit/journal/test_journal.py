"""What the journal promises, whoever dies."""

from __future__ import annotations

import contextlib
import datetime
import os
import sqlite3
import stat
import subprocess
import sys

import pytest
from cou import errors, wording
from cou.errors import JournalError
from cou.journal import FILE, CancelRecorded, FencedOff, Journal, disk_reserve
from cou.journal.records import (
    Job,
    Limit,
    Mark,
    MarkState,
    Resolution,
    RunState,
    StepState,
    Verdict,
)
from cou.journal.schema import FORMAT

NOW = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


def begin(journal, steps=("a", "b", "c")):
    return journal.create_run("{}", {"quiet_period_s": 1}, list(steps), Limit())


def test_nothing_begins_after_a_cancel_is_recorded(journal):
    attempt = begin(journal)
    journal.begin_step(attempt.token, "a")
    _, running = journal.cancel(attempt.token, "operator")
    assert running == ["a"]
    with pytest.raises(CancelRecorded):
        journal.begin_step(attempt.token, "b")
    assert journal.step(attempt.run, "b").state is StepState.PENDING


def test_a_step_begun_before_the_cancel_may_still_act_and_end(journal):
    attempt = begin(journal)
    journal.begin_step(attempt.token, "a")
    journal.cancel(attempt.token, "operator")
    operation = journal.record_intent(attempt.token, "a", "pause", {})
    journal.record_verdict(attempt.token, operation.id, Verdict.DONE, {})
    journal.end_step(attempt.token, "a", StepState.DONE)
    assert journal.step(attempt.run, "a").state is StepState.DONE


def test_a_second_cancel_changes_nothing(journal):
    attempt = begin(journal)
    first, _ = journal.cancel(attempt.token, "operator")
    second, _ = journal.cancel(attempt.token, "somebody else")
    assert second.cancelled == first.cancelled
    assert second.cancelled_by == "operator"
    assert second.forced is None


# Begins and ends one step after the other, as fast as it can, until a cancel is recorded.
_RUNNER = """
import pathlib, sys
from cou.journal import CancelRecorded, Journal
from cou.journal.records import StepState

journal = Journal(pathlib.Path(sys.argv[1]))
for number in range(int(sys.argv[3])):
    try:
        journal.begin_step(int(sys.argv[2]), str(number))
    except CancelRecorded:
        sys.exit("cancelled")
    print(number, flush=True)
    if number % 2:
        journal.end_step(int(sys.argv[2]), str(number), StepState.DONE)
"""


def story_of_a_race(tmp_path, begun_before):
    """Cancel a runner of another process when so many steps have begun; return all that is so."""
    count = 5000
    journal = Journal(tmp_path)
    attempt = begin(journal, [str(number) for number in range(count)])
    with subprocess.Popen(
        [sys.executable, "-c", _RUNNER, str(tmp_path), str(attempt.token), str(count)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as runner:
        assert runner.stdout is not None
        for _ in range(begun_before):
            runner.stdout.readline()
        _, acknowledged = journal.cancel(attempt.token, "operator")
        _, why = runner.communicate(timeout=600)
    events = journal.events(attempt.run)
    steps = journal.steps(attempt.run)
    journal.close()
    return acknowledged, why.strip(), events, steps


NO = errors.Cause("no", wording.join("no"), wording.join("Run `", wording.UPGRADE, "`."))


def told(journal, run):
    return [
        (one.what, *(_shown(value) for value in one.data.values())) for one in journal.events(run)
    ]


def _shown(value):
    return str(wording.from_json(value)) if isinstance(value, dict) else value


def test_a_run_s_story_has_a_line_for_all_that_becomes_of_it(journal):
    attempt = begin(journal)
    run, token = attempt.run, attempt.token
    journal.begin_step(token, "a")
    journal.cancel(token, "operator")
    journal.end_step(token, "a", StepState.FAILED, error="It broke.")
    journal.cancel(token, "operator", forced=True)
    journal.end_attempt(token, RunState.FAILED)
    journal.resolve_step(run, "a", Resolution.SKIP, "by hand")
    again = journal.resume_run(run, Job.RESTORE, Limit())
    assert told(journal, run) == [
        ("attempt-begun", token, "upgrade"),
        ("step-begun", "a"),
        ("cancel", "operator"),
        ("step-ended", "a", "failed", "It broke."),
        ("force", "operator"),
        ("attempt-ended", token, "failed"),
        ("step-resolved", "a", "skip", "by hand"),
        ("attempt-begun", again.token, "restore"),
    ]


def test_an_attempt_that_has_ended_writes_no_more(journal):
    attempt = begin(journal)
    journal.end_attempt(attempt.token, RunState.STOPPED)
    for token in (attempt.token, attempt.token + 1):  # nobody has begun the other
        with pytest.raises(FencedOff):
            journal.begin_step(token, "a")
    assert journal.step(attempt.run, "a").state is StepState.PENDING


def test_a_step_of_a_run_that_goes_on_is_not_resolved(journal):
    attempt = begin(journal)
    journal.begin_step(attempt.token, "a")
    journal.end_step(attempt.token, "a", StepState.FAILED)
    with pytest.raises(JournalError) as refused:
        journal.resolve_step(attempt.run, "a", Resolution.SKIP, "by hand")
    assert refused.value.code == "step-not-open"
    assert journal.step(attempt.run, "a").state is StepState.FAILED


@pytest.mark.slow
@pytest.mark.parametrize("begun_before", [0, 1, 2, 20, 21, 150])
def test_begin_and_cancel_are_ordered_whoever_comes_first(tmp_path, begun_before):
    """Whatever began did so before the cancel, and the acknowledgement names what was running."""
    acknowledged, why, events, steps = story_of_a_race(tmp_path, begun_before)
    assert why == "cancelled"
    (cancelled,) = (event.seq for event in events if event.what == "cancel")
    begun = {event.data["step"]: event.seq for event in events if event.what == "step-begun"}
    ended = {event.data["step"]: event.seq for event in events if event.what == "step-ended"}
    assert begun_before <= len(begun) < len(steps)
    assert all(seq < cancelled for seq in begun.values())
    running = [step for step in begun if ended.get(step, cancelled) >= cancelled]
    assert sorted(acknowledged, key=int) == running
    for step, record in steps.items():
        assert (record.state is StepState.PENDING) is (step not in begun)


def test_an_old_runner_is_fenced_off_by_a_new_attempt(journal):
    old = begin(journal)
    journal.begin_step(old.token, "a")
    journal.end_attempt(old.token, RunState.INTERRUPTED)
    new = journal.resume_run(old.run, Job.UPGRADE, Limit())
    assert new.token > old.token
    for write in (
        lambda: journal.begin_step(old.token, "b"),
        lambda: journal.end_step(old.token, "a", StepState.DONE),
        lambda: journal.record_intent(old.token, "a", "pause", {}),
        lambda: journal.set_run_state(old.token, RunState.RUNNING),
    ):
        with pytest.raises(FencedOff):
            write()
    assert journal.step(old.run, "a").state is StepState.IN_DOUBT


def test_no_operation_is_begun_after_a_forced_cancel(journal):
    attempt = begin(journal)
    journal.begin_step(attempt.token, "a")
    journal.cancel(attempt.token, "operator", forced=True)
    with pytest.raises(FencedOff):
        journal.record_intent(attempt.token, "a", "pause", {})


def test_steps_of_a_dead_runner_are_in_doubt_and_keep_what_they_sent(journal):
    attempt = begin(journal)
    journal.begin_step(attempt.token, "a")
    operation = journal.record_intent(attempt.token, "a", "pause", {"x": 1}, watermark=7)
    journal.record_task(attempt.token, operation.id, 12)
    journal.end_attempt(attempt.token, RunState.KILLED)
    again = journal.resume_run(attempt.run, Job.UPGRADE, Limit())
    journal.begin_step(again.token, "a")
    found = journal.operation(attempt.run, "a", "pause")
    assert found is not None
    assert (found.task, found.watermark, found.request) == (12, 7, {"x": 1})


def test_a_failed_step_is_tried_again_in_a_new_round(journal):
    attempt = begin(journal)
    journal.begin_step(attempt.token, "a")
    operation = journal.record_intent(attempt.token, "a", "pause", {})
    journal.record_verdict(attempt.token, operation.id, Verdict.FAILED, {})
    journal.end_step(attempt.token, "a", StepState.FAILED, error="no")
    journal.end_attempt(attempt.token, RunState.FAILED, NO)
    assert journal.run(attempt.run).error == NO
    journal.resume_run(attempt.run, Job.UPGRADE, Limit())
    record = journal.step(attempt.run, "a")
    assert (record.state, record.round) == (StepState.PENDING, 2)
    assert journal.operation(attempt.run, "a", "pause") is None


def test_what_a_failed_step_has_done_is_not_asked_for_again(journal):
    first = begin(journal)
    journal.begin_step(first.token, "a")
    for name, verdict in (("pause", Verdict.DONE), ("upgrade", Verdict.FAILED)):
        operation = journal.record_intent(first.token, "a", name, {})
        well = verdict is Verdict.DONE
        journal.record_verdict(first.token, operation.id, verdict, {"ended-well": well})
    journal.end_step(first.token, "a", StepState.FAILED, error="upgrade failed")
    journal.end_attempt(first.token, RunState.FAILED)
    journal.resume_run(first.run, Job.UPGRADE, Limit())
    now = journal.step(first.run, "a").round
    rounds = {one.name: one.round for one in journal.operations(first.run, "a")}
    assert rounds == {"pause": now, "upgrade": now - 1}


@pytest.mark.parametrize("job", [Job.RESTORE, Job.ABANDON])
def test_only_an_upgrade_tries_a_failed_step_again_and_takes_a_plan_off_the_desk(journal, job):
    first = begin(journal)
    journal.begin_step(first.token, "a")
    journal.end_step(first.token, "a", StepState.FAILED, error="It broke.")
    journal.end_attempt(first.token, RunState.FAILED)
    journal.show("{}", {})  # by somebody who had looked at the model before the run began
    second = journal.resume_run(first.run, job, Limit())
    left = journal.step(first.run, "a")
    assert (left.state, left.error) == (StepState.FAILED, "It broke.")
    assert journal.shown() is not None
    journal.end_attempt(second.token, RunState.STOPPED)
    journal.resume_run(first.run, Job.UPGRADE, Limit())
    again = journal.step(first.run, "a")
    assert (again.state, again.error) == (StepState.PENDING, "")
    assert journal.shown() is None


@pytest.mark.parametrize("state", [one for one in RunState if not one.active])
def test_only_what_cannot_go_on_has_an_end(journal, state):
    attempt = begin(journal)
    journal.end_attempt(attempt.token, state)
    run = journal.run(attempt.run)
    assert run.state is state
    assert (run.ended is not None) is state.finished


def test_only_one_run_is_unfinished(journal):
    begin(journal)
    with pytest.raises(JournalError, match="not finished"):
        begin(journal)


def test_only_one_attempt_at_a_time(journal):
    attempt = begin(journal)
    with pytest.raises(JournalError, match="cannot be resumed"):
        journal.resume_run(attempt.run, Job.UPGRADE, Limit())


def test_a_finished_run_is_not_resumed(journal):
    attempt = begin(journal)
    journal.end_attempt(attempt.token, RunState.COMPLETED)
    with pytest.raises(JournalError, match="cannot be resumed"):
        journal.resume_run(attempt.run, Job.UPGRADE, Limit())
    assert begin(journal).token > attempt.token


def test_a_plan_shown_is_started_once(journal):
    journal.show("{}", {"a": 1})
    assert journal.shown() == ("{}", {"a": 1})
    begin(journal)
    assert journal.shown() is None


def test_an_ending_recorded_first_stays(journal):
    attempt = begin(journal)
    journal.end_attempt(attempt.token, RunState.KILLED)
    journal.end_attempt(attempt.token, RunState.INTERRUPTED)
    assert journal.run(attempt.run).state is RunState.KILLED


def test_marks_and_limits_come_back_as_they_were(journal):
    limit = Limit("step", 3, "a/b", NOW)
    attempt = journal.create_run("{}", {}, ["a"], limit)
    assert journal.attempt(attempt.run).limit == limit
    mark = Mark("noout:ceph-mon", "noout", "ceph-mon", {"u": 1}, MarkState.SET, "a", NOW, "")
    journal.write_mark(attempt.token, mark)
    assert journal.marks(attempt.run) == (mark,)


def test_another_process_sees_that_something_was_written(tmp_path, journal):
    other = Journal(journal.home)
    seen = other.version()
    begin(journal)
    assert other.version() != seen
    other.close()


def test_steps_are_as_whoever_wrote_last_has_left_them(journal):
    attempt = begin(journal)
    run, step = attempt.run, next(iter(journal.steps(attempt.run)))
    assert journal.steps(run) is journal.steps(run)
    other = Journal(journal.home)
    other.begin_step(attempt.token, step)
    assert journal.steps(run)[step].state is StepState.RUNNING
    journal.end_step(attempt.token, step, StepState.FAILED)
    assert journal.steps(run)[step].state is StepState.FAILED
    with contextlib.suppress(InterruptedError), journal._db.write("taken-back") as db:
        db.execute("update step set state = 'done'")
        assert journal.steps(run)[step].state is StepState.DONE
        raise InterruptedError
    assert journal.steps(run)[step].state is StepState.FAILED
    other.close()


def test_files_are_for_their_owner_only(journal):
    assert stat.S_IMODE(os.stat(journal.home).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(journal.home / FILE).st_mode) == 0o600
    begin(journal)
    kept = (journal.home / "reserve").stat()
    assert (stat.S_IMODE(kept.st_mode), kept.st_size) == (0o600, disk_reserve.BYTES)


def test_a_newer_format_is_refused_and_left_alone(journal):
    db = sqlite3.connect(journal.home / FILE)
    db.execute(f"pragma user_version = {FORMAT + 1}")
    db.close()
    with pytest.raises(JournalError, match=f"format {FORMAT + 1}") as caught:
        Journal(journal.home)
    assert caught.value.code == "journal-newer"
    assert (journal.home / FILE).exists()


def test_a_damaged_journal_is_set_aside_and_said_so(tmp_path):
    (tmp_path / FILE).write_bytes(b"this is no database, and long enough to tell" * 50)
    with pytest.raises(JournalError) as caught:
        Journal(tmp_path)
    assert caught.value.code == "journal-damaged"
    aside = tmp_path / f"{FILE}.damaged-1"
    assert aside.read_bytes().startswith(b"this is no database")
    assert str(aside) in caught.value.seen
    Journal(tmp_path).close()


def test_a_journal_held_by_a_hung_process_says_how_to_force(journal, monkeypatch):
    attempt = begin(journal)
    monkeypatch.setattr("cou.journal.write_turn.PATIENCE_S", 0.1)
    other = Journal(journal.home)
    held = sqlite3.connect(journal.home / FILE, isolation_level=None)
    held.execute("begin immediate")
    with pytest.raises(JournalError, match="force=true") as caught:
        other.cancel(attempt.token, "operator")
    assert caught.value.code == "journal-busy"
    held.execute("rollback")
    held.close()
    other.close()


def test_a_journal_that_another_keeps_for_itself_is_not_set_aside(tmp_path, monkeypatch):
    monkeypatch.setattr("cou.journal.write_turn.PATIENCE_S", 0.05)
    Journal(tmp_path).close()
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("pragma locking_mode = exclusive")
    other.execute("begin immediate")
    try:
        with pytest.raises(JournalError) as refused:
            Journal(tmp_path)
    finally:
        other.close()
    assert refused.value.code == "journal-busy"
    assert not list(tmp_path.glob("*.damaged-*"))
    Journal(tmp_path, create=False).close()


def test_each_connection_forces_what_it_writes_and_moves_the_log_only_when_it_is_told(journal):
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,  # full
        "foreign_keys": 1,
        "wal_autocheckpoint": 0,
    }
    assert {name: journal._db.read(f"pragma {name}")[0][0] for name in wanted} == wanted


def test_a_missing_journal_is_not_made_by_looking(tmp_path):
    with pytest.raises(JournalError, match="no journal"):
        Journal(tmp_path, create=False)
    assert list(tmp_path.iterdir()) == []
