"""What an operator may say of a step, and what is refused with nothing changed."""

from __future__ import annotations

import pytest
from cou.control.control import Control
from cou.errors import CouError
from cou.journal.records import RunState, StepState, Verdict

from .. import one_step


@pytest.fixture
def attempt(journal):
    """A run whose only step was running when its runner died."""
    attempt = one_step.begin(journal)
    journal.set_run_state(attempt.token, RunState.RUNNING)
    journal.begin_step(attempt.token, "a")
    return attempt


@pytest.mark.parametrize(
    ("resolution", "state"),
    [
        ("done", StepState.DONE),
        ("retry", StepState.PENDING),
        ("skip", StepState.SKIPPED),
    ],
)
def test_what_the_operator_says_is_so_from_then_on(
    place, journal, attempt, resolution, state, caplog
):
    with caplog.at_level("INFO"):
        answer = Control(place).resolve_step("a", resolution, " by hand ")
    assert f"a was declared {resolution}:  by hand " in caplog.text
    record = journal.step(attempt.run, "a")
    assert record.state is state
    assert record.note == f"{resolution}:  by hand "
    assert "upgrade" in answer.message
    ended = journal.attempt(attempt.run)
    assert ended is not None
    assert ended.how == RunState.INTERRUPTED.value


@pytest.mark.parametrize(
    ("step", "resolution", "reason", "code"),
    [
        ("b", "done", "by hand", "step-unknown"),
        ("a", "finished", "by hand", "bad-parameter"),
        ("a", "done", " ", "bad-parameter"),
    ],
)
def test_a_mistake_is_refused_and_nothing_changes(
    place, journal, attempt, step, resolution, reason, code
):
    before = journal.step(attempt.run, "a")
    with pytest.raises(CouError) as refused:
        Control(place).resolve_step(step, resolution, reason)
    assert refused.value.code == code
    assert journal.step(attempt.run, "a") == before
    still = journal.attempt(attempt.run)
    assert still is not None
    assert still.ended is None


def test_a_step_of_a_run_that_goes_on_is_refused(place, journal, attempt):
    place.coming.touch()
    with pytest.raises(CouError) as refused:
        Control(place).resolve_step("a", "done", "by hand")
    assert refused.value.code == "step-not-open"
    assert journal.step(attempt.run, "a").state is StepState.RUNNING


def test_a_step_that_is_not_open_is_refused(place, journal, attempt):
    journal.end_step(attempt.token, "a", StepState.DONE)
    journal.end_attempt(attempt.token, RunState.STOPPED)
    with pytest.raises(CouError) as refused:
        Control(place).resolve_step("a", "retry", "by hand")
    assert refused.value.code == "step-not-open"


@pytest.mark.parametrize("state", [None, RunState.COMPLETED])
def test_without_an_unfinished_run_there_is_nothing_to_resolve(place, journal, state):
    if state is not None:
        journal.end_attempt(one_step.begin(journal).token, state)
    with pytest.raises(CouError) as refused:
        Control(place).resolve_step("a", "done", "by hand")
    assert refused.value.code == "nothing-to-resolve"


def test_the_reason_and_what_was_sent_before_stay_on_record(place, journal, attempt):
    sent = journal.record_intent(attempt.token, "a", "pause", {})
    Control(place).resolve_step("a", "retry", "by hand")
    told = [event for event in journal.events(attempt.run) if event.what == "step-resolved"]
    assert [event.data for event in told] == [{"step": "a", "as": "retry", "reason": "by hand"}]
    (operation,) = journal.operations(attempt.run, "a")
    assert operation.id == sent.id
    assert operation.verdict is Verdict.NOT_DONE  # so that it is never looked up again
