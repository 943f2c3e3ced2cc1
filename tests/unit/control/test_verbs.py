"""What each verb does to the journal and says, where processes are only asked for."""

from __future__ import annotations

import dataclasses
import datetime
import os
import pathlib
import signal
import subprocess
import sys

import cou
import pytest
from cou.checks.problem import Problem, Severity
from cou.control.control import Control
from cou.errors import CouError
from cou.journal.records import Job, Limit, RunState, StepState
from cou.kinds import Kind
from cou.options.options import Options
from cou.options.settings import Settings
from cou.plan.plan import Plan, canonical
from cou.plan.step import Step
from cou.process import heartbeat
from cou.process.access import Access
from cou.wording import text

from tests.planned_steps import planned_step

ACCESS = Access(("127.0.0.1:1",), "ca", "uuid", "openstack", "cou", "secret")
SETTINGS = Settings()
STEPS = ("a", "b", "c")
ROOT = Step(
    "upgrade",
    Kind.GROUP,
    "Upgrade",
    steps=tuple(planned_step(name, Kind.REFRESH, f"Do {name}") for name in STEPS),
)
PLAN = Plan("openstack", "uuid", "ussuri", "victoria", Options(), (), (), ROOT)


class Processes:
    """Stands for a supervisor: comes as it is told to, and is seen to be there or not."""

    def __init__(self):
        self.begun: list[int] = []
        self.ending = 0

    def start(self, run, token, access):
        assert access is ACCESS
        self.begun.append(token)

    def came_to_nothing(self):
        return False

    def is_alive(self):
        self.ending -= 1
        return self.ending >= 0


@pytest.fixture
def processes(monkeypatch):
    found = Processes()
    monkeypatch.setattr("cou.process.launcher.of", lambda place: found)
    monkeypatch.setattr("cou.process.spawn.await_start", lambda *_: True)
    return found


@pytest.fixture
def control(place, processes):
    return Control(place)


@pytest.fixture
def show(journal):
    def show(plan=PLAN, run=None):
        journal.show(canonical(plan.to_dict()), dataclasses.asdict(SETTINGS), run or "")

    return show


@pytest.fixture
def going(place, journal):
    """Return what begins a run, whose process is on its way, and its first step."""

    def begin(state=RunState.RUNNING):
        settings = dataclasses.asdict(SETTINGS)
        attempt = journal.create_run(canonical(PLAN.to_dict()), settings, STEPS, Limit())
        if state is not RunState.STARTING:
            journal.set_run_state(attempt.token, state)
            journal.begin_step(attempt.token, "a")
        place.coming.touch()
        return attempt

    return begin


@pytest.fixture
def stopped(going, journal, place):
    attempt = going()
    journal.end_step(attempt.token, "a", StepState.DONE)
    journal.end_attempt(attempt.token, RunState.STOPPED)
    place.coming.unlink()
    return attempt


def nothing_begun(journal, processes):
    assert journal.current() is None
    assert processes.begun == []


# The remainder: `plan` while a run is unfinished


def test_the_plan_of_an_unfinished_run_is_what_is_left_of_it(control, journal, stopped):
    read = []
    shown = control.plan(ACCESS, SETTINGS, Options(), lambda: read.append(1))
    assert read == [1]
    assert shown.remainder
    assert [step.id for step in shown.left.root.single_steps()] == ["b", "c"]
    assert shown.message == f"Run {stopped.run} is stopped: 2 of 3 steps are left."
    assert journal.shown(stopped.run) is None


def test_the_remainder_says_how_much_is_done_again(control, journal, going):
    first = going()
    journal.end_step(first.token, "a", StepState.DONE)
    journal.begin_step(first.token, "b")
    journal.end_attempt(first.token, RunState.STOPPED)
    again = journal.resume_run(first.run, Job.RESTORE, Limit())
    journal.make_due(again.token, "a", text("note/mark-put-back"))
    journal.end_attempt(again.token, RunState.STOPPED)
    message = control.plan(ACCESS, SETTINGS, Options()).message
    assert message.endswith("3 of 3 steps are left. 1 of them had been done and are due again.")


def test_other_options_for_what_is_left_are_kept_for_the_upgrade(control, journal, stopped):
    shown = control.plan(ACCESS, SETTINGS, Options(max_parallel=4))
    (kept, settings, *_) = journal.shown(stopped.run)
    assert kept == canonical(shown.plan.to_dict())
    assert Settings(**settings) == SETTINGS
    assert shown.plan.options.max_parallel == 4


@pytest.mark.parametrize("cancelled", [False, True])
def test_options_of_a_run_that_goes_on_cannot_change(control, journal, going, cancelled):
    attempt = going()
    if cancelled:
        journal.cancel(attempt.token, "operator")
    with pytest.raises(CouError) as refused:
        control.plan(ACCESS, SETTINGS, Options(max_parallel=4))
    assert refused.value.code == "run-going-on"
    assert journal.shown(attempt.run) is None
    # The same ones are no change.
    assert control.plan(ACCESS, SETTINGS, Options()).remainder


# `upgrade`


def test_an_upgrade_starts_the_plan_that_was_shown(control, journal, processes, show):
    show()
    started = control.start(ACCESS, SETTINGS, plan_hash=PLAN.hash)
    run = journal.current()
    assert (started.run, started.resumed) == (run.id, False)
    assert started.message == f"Run {run.id} has begun in the background."
    assert list(journal.steps(run.id)) == list(STEPS)
    assert processes.begun == [journal.attempt(run.id).token]
    assert control.view().state is RunState.STARTING


def test_an_upgrade_goes_on_with_a_run_that_rests(control, journal, processes, stopped, caplog):
    with caplog.at_level("INFO"):
        started = control.start(ACCESS, SETTINGS)
    assert f"Run {stopped.run} goes on." in caplog.text
    assert (started.run, started.resumed) == (stopped.run, True)
    assert started.message == f"Run {stopped.run} goes on in the background."
    attempt = journal.attempt(stopped.run)
    assert attempt.token > stopped.token
    assert attempt.job is Job.UPGRADE
    assert processes.begun == [attempt.token]
    assert control.view().state is RunState.STARTING


def test_an_upgrade_takes_over_the_options_shown_for_what_is_left(control, journal, stopped):
    shown = control.plan(ACCESS, SETTINGS, Options(max_parallel=4))
    control.start(ACCESS, SETTINGS, plan_hash=shown.plan.hash)
    assert control.view().plan.options.max_parallel == 4
    assert list(journal.steps(stopped.run)) == list(STEPS)


def test_to_put_back_takes_over_no_options(control, stopped):
    control.plan(ACCESS, SETTINGS, Options(max_parallel=4))
    control.restore(ACCESS)
    assert control.view().plan.options.max_parallel == 1


def test_what_died_without_a_word_has_ended_before_it_goes_on(control, journal, place, going):
    first = going()
    place.coming.unlink()
    control.start(ACCESS, SETTINGS)
    (ended, _) = journal.attempts(first.run)
    assert ended.how == RunState.INTERRUPTED.value
    assert journal.step(first.run, "a").state is StepState.IN_DOUBT


@pytest.mark.parametrize("cancelled", [False, True])
def test_an_upgrade_of_a_run_that_goes_on_is_refused(
    control, journal, processes, going, cancelled
):
    attempt = going()
    if cancelled:
        journal.cancel(attempt.token, "operator")
    with pytest.raises(CouError) as refused:
        control.start(ACCESS, SETTINGS)
    assert refused.value.code == "run-going-on"
    assert refused.value.seen.endswith("(step 1 of 3: Do a).")
    assert processes.begun == []
    assert [one.token for one in journal.attempts(attempt.run)] == [attempt.token]


def test_a_run_that_has_no_step_yet_is_said_to_be_starting(control, going):
    going(RunState.STARTING)
    with pytest.raises(CouError, match=r"\(step 0 of 3: starting\)"):
        control.start(ACCESS, SETTINGS)


def test_nothing_is_begun_without_a_plan(control, journal, processes):
    with pytest.raises(CouError) as refused:
        control.start(ACCESS, SETTINGS)
    assert refused.value.code == "no-plan"
    nothing_begun(journal, processes)


def test_a_plan_that_is_blocked_is_not_begun(control, journal, processes, show):
    problem = Problem("unit-error", Severity.ERROR, "nova/0", "It is in error.", "Mend it.")
    show(dataclasses.replace(PLAN, problems=(problem,)))
    with pytest.raises(CouError) as refused:
        control.start(ACCESS, SETTINGS)
    assert refused.value.code == "plan-blocked"
    assert "The plan has a blocking problem: unit-error (nova/0)" in refused.value.seen
    nothing_begun(journal, processes)


def test_a_plan_without_steps_is_not_begun(control, journal, processes, show):
    show(dataclasses.replace(PLAN, root=dataclasses.replace(ROOT, steps=())))
    with pytest.raises(CouError) as refused:
        control.start(ACCESS, SETTINGS)
    assert refused.value.code == "nothing-to-do"
    nothing_begun(journal, processes)


@pytest.mark.parametrize("resumed", [False, True])
def test_it_waits_for_the_processes_of_the_attempt_before(
    control, journal, processes, show, stopped, resumed
):
    if not resumed:
        journal.end_attempt(
            journal.resume_run(stopped.run, Job.ABANDON, Limit()).token, RunState.ABANDONED
        )
        show()
    processes.ending = 3
    control.start(ACCESS, SETTINGS)
    assert processes.ending < 0


def test_when_a_window_closes_is_said(control, show):
    show()
    until = datetime.datetime(2999, 1, 1, 12, tzinfo=datetime.timezone.utc)
    started = control.start(ACCESS, SETTINGS, until=until)
    assert started.until == until
    assert started.message.endswith("Nothing begins that may end after 2999-01-01 12:00:00 UTC.")


@pytest.fixture
def completed(going, journal):
    attempt = going()
    journal.end_attempt(attempt.token, RunState.COMPLETED)
    return attempt


def test_an_upgrade_that_is_done_says_so(control, processes, completed):
    done = control.start(ACCESS, SETTINGS)
    assert (done.run, done.resumed) == (completed.run, False)
    assert "is done; nothing was sent" in done.message
    assert processes.begun == []


def test_a_plan_shown_after_a_run_is_what_is_begun(control, journal, completed, show):
    show()
    started = control.start(ACCESS, SETTINGS)
    assert not started.resumed
    assert started.run != completed.run


# `cancel`


def test_a_cancel_says_what_is_still_finished(control, journal, going, caplog):
    attempt = going()
    with caplog.at_level("INFO"):
        answer = control.cancel()
    assert answer.state is RunState.DRAINING
    assert [one["step"] for one in answer.running] == ["a"]
    assert "still finishing: Do a (since " in answer.message
    assert answer.message.endswith("Nothing further begins.")
    assert journal.attempt(attempt.run).cancelled is not None
    assert f"Run {attempt.run} is stopped after 1 running steps." in caplog.text


def test_a_second_cancel_tells_the_time_of_the_first_and_how_not_to_wait(control, journal, going):
    going()
    first = control.cancel().message
    again = control.cancel().message
    assert "force=true" not in first
    assert again == f"{first} To stop without waiting: cancel force=true"


def test_a_cancel_of_a_run_that_hangs_says_so_and_how_not_to_wait(control, place, going):
    going()
    heartbeat.note(place.silent, datetime.datetime(2025, 6, 1, 12, tzinfo=datetime.timezone.utc))
    told = "The runner hangs since 12:00:00 UTC. To stop without waiting: cancel force=true"
    assert control.cancel().message.endswith(told)


def test_a_cancel_that_took_long_says_that_the_disk_is_slow(control, going, monkeypatch):
    going()
    monkeypatch.setattr("cou.control.stop._SLOW_S", -1.0)
    assert " The disk is slow: to record this took 0." in control.cancel().message


def test_a_cancel_wakes_the_runner(control, place, going):
    going()
    holds = "import pathlib,sys,time; from cou.process.locks import Lock; "
    holds += "lock=Lock(pathlib.Path(sys.argv[1])); print('held', flush=True); time.sleep(600)"
    with subprocess.Popen(
        [sys.executable, "-c", holds, str(place.runner_lock)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(pathlib.Path(cou.__file__).parents[1])},
    ) as runner:
        assert runner.stdout is not None
        runner.stdout.readline()
        control.cancel()
        try:
            assert runner.wait(60) == -signal.SIGTERM
        finally:
            runner.kill()


def test_a_cancel_before_the_first_step_has_nothing_to_finish(control, going):
    going(RunState.STARTING)
    assert "; no step was running. Nothing further begins." in control.cancel().message


def test_a_cancel_of_a_run_that_is_interrupted_keeps_it_from_going_on(
    control, journal, place, going
):
    attempt = going()
    place.coming.unlink()
    answer = control.cancel()
    assert answer.state is RunState.INTERRUPTED
    assert answer.message.startswith("Nothing is running: the run is interrupted.")
    assert journal.attempt(attempt.run).cancelled is not None


def test_a_cancel_of_a_run_that_rests_changes_nothing(control, journal, stopped):
    answer = control.cancel()
    assert (answer.state, answer.message) == (
        RunState.STOPPED,
        "Nothing is running: the run is stopped.",
    )
    assert journal.attempt(stopped.run).cancelled is None


def test_a_cancel_with_nothing_but_a_plan_changes_nothing(control, show):
    show()
    answer = control.cancel()
    assert (answer.state, answer.running) == (RunState.PLANNED, ())
    assert control.view().state is RunState.PLANNED


def test_a_cancel_where_nothing_has_ever_run(control):
    answer = control.cancel()
    assert (answer.state, answer.message) == (None, "Nothing is running.")
