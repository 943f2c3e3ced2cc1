"""A wall clock that somebody sets decides nothing that another clock, or an order, can tell."""

from __future__ import annotations

import os
import time

import pytest
from cou import clock
from cou.control import start
from cou.control.unit_run import UnitRun
from cou.journal import Journal
from cou.journal.records import Mark, MarkState, RunState, StepState
from cou.journal.waits import CurrentWait
from cou.process import liveness
from cou.show import estimate, view
from cou.wording import join

from .. import one_step
from ..show.test_estimate import Clock, leaf, plan_of, run

HOUR_S = 3600


@pytest.fixture
def wall():
    return Clock()


@pytest.fixture
def kept(tmp_path, wall):
    journal = Journal(tmp_path / "kept", now=wall)
    yield journal
    journal.close()


def ended(journal, attempt):
    journal.end_attempt(attempt.token, RunState.INTERRUPTED)
    return view.view_of_journal(journal, alive=False, estimated=False)


@pytest.mark.parametrize("jump_s", [-HOUR_S, 0, HOUR_S])
def test_a_runner_that_ended_a_step_got_somewhere(kept, wall, jump_s):
    attempt = one_step.begin(kept)
    kept.begin_step(attempt.token, "a")
    wall.pass_(jump_s)
    kept.end_step(attempt.token, "a", StepState.FAILED)
    assert ended(kept, attempt).made_progress


@pytest.mark.parametrize("jump_s", [-HOUR_S, 0])
@pytest.mark.parametrize(("lived_s", "somewhere"), [(3, False), (70, True)])
def test_a_runner_that_lived_for_a_minute_got_somewhere(kept, wall, jump_s, lived_s, somewhere):
    attempt = one_step.begin(kept)
    kept.begin_step(attempt.token, "a")
    wall.pass_(lived_s)
    kept.set_waits(attempt.token, [CurrentWait(join("a unit is busy"))])
    wall.pass_(jump_s)
    kept.set_waits(attempt.token, [CurrentWait(join("another unit is busy"))])
    assert ended(kept, attempt).made_progress is somewhere


def test_what_others_say_of_a_run_after_its_end_is_no_work_of_its_runner(kept, wall):
    attempt = one_step.begin(kept)
    kept.note_taken(attempt.run, attempt.token)
    wall.pass_(3)
    kept.end_attempt(attempt.token, RunState.INTERRUPTED)
    told = kept.last_event_time(attempt.run)
    wall.pass_(300)
    kept.note_let_go(attempt.run, attempt.token)
    assert not ended(kept, attempt).made_progress
    assert kept.last_event_time(attempt.run) == told


def test_what_an_earlier_attempt_has_done_is_not_of_this_one(kept, wall):
    attempt = one_step.begin(kept)
    kept.begin_step(attempt.token, "a")
    kept.end_step(attempt.token, "a", StepState.FAILED)
    assert ended(kept, attempt).made_progress
    again = kept.resume_run(attempt.run, attempt.job, attempt.limit)
    assert not ended(kept, again).made_progress


def test_marks_stand_in_the_order_in_which_they_were_written(kept, wall):
    attempt = one_step.begin(kept)
    for name in ("first", "second"):
        mark = Mark(name, "paused", "a/0", {}, MarkState.SET, "a", wall(), "")
        kept.write_mark(attempt.token, mark)
        wall.pass_(-HOUR_S)
    assert [mark.id for mark in kept.marks(attempt.run)] == ["first", "second"]
    assert [mark.id for mark in kept.switched(attempt.run)] == ["first", "second"]


def test_a_step_in_whose_time_the_clock_was_set_back_teaches_nothing(kept, wall):
    plan = plan_of(leaf("one"))
    run(kept, wall, plan, HOUR_S - 5 * 60)
    run(kept, wall, plan_of(leaf("two")), -5)
    assert estimate.learn(kept, for_window=True).known(leaf("x")) == HOUR_S - 5 * 60
    attempt = run(kept, wall, plan, 0)
    with kept._db.write(
        "test"
    ) as db:  # it took an hour and ten minutes, and the clock an hour back
        db.execute("delete from event where run = ?", (attempt.run,))
        for at in ("2026-01-01T05:00:00+00:00", "2026-01-01T04:05:00+00:00"):
            db.execute(
                "insert into event (run, at, what, data) values (?, ?, 'waits', '{}')",
                (attempt.run, at),
            )
        db.execute(
            "update step set started = '2026-01-01T04:00:00+00:00', "
            "ended = '2026-01-01T04:10:00+00:00' where run = ?",
            (attempt.run,),
        )
    assert estimate.learn(kept, for_window=True).known(leaf("x")) == HOUR_S - 5 * 60


@pytest.mark.parametrize("jump_s", [-HOUR_S, 0, HOUR_S])
def test_what_is_left_of_a_running_step_is_never_more_than_the_whole(kept, wall, jump_s):
    plan = plan_of(leaf("one"))
    run(kept, wall, plan, 100)
    attempt = kept.create_run(kept.current().plan, {}, ["one"], one_step.Limit())
    kept.begin_step(attempt.token, "one")
    wall.pass_(jump_s)
    left = estimate.learn(kept).expected(plan.root, kept.steps(attempt.run), now=wall())
    assert 0 <= left <= 100


@pytest.mark.parametrize("jump_s", [-HOUR_S, 0, HOUR_S])
def test_a_run_that_was_asked_for_a_moment_ago_comes_whatever_the_wall_clock_says(place, jump_s):
    desk = UnitRun(place, "a test")
    start._expect(desk)
    then = time.time() - jump_s
    os.utime(place.coming, (then, then))
    assert liveness.is_going(place)


def test_a_run_that_was_asked_for_long_ago_or_before_a_boot_does_not_come(place):
    for text in (f"{clock.boot()} {time.monotonic() - HOUR_S}", f"x {time.monotonic()}"):
        place.coming.write_text(text)
        assert not liveness.is_going(place)
