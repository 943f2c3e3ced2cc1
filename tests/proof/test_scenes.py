"""The points that no step passes: of the operator's commands, the supervisor, and the way back.

Each is reached by real processes and killed there; `upgrade` then finishes the job.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest
from cou import crash
from cou.journal import Journal
from cou.journal.records import Limit, RunState, StepState
from cou.process import locks
from juju_testbed.model.troubles import FOR_EVER, Mode, Trouble
from juju_testbed.wire.faults import Faults, Verdict

from . import chronicle, ledger, real

pytestmark = [pytest.mark.slow, pytest.mark.deep, pytest.mark.proof]

TOP = pathlib.Path(__file__).resolve().parents[2]
SIDES = pytest.mark.parametrize("side", ["before", "after"])
BACKUP = "backup-database"


@pytest.fixture(scope="module")
def book():
    return chronicle.make()


def at_kind(book, kind):
    """Return everything as it was before the first step of a kind."""
    return book.before[next(m.at for m in book.moments if m.point.kind == kind)]


def operate(one, verb, at=""):
    """Have a process do an operator's verb; it must be killed at the point, if one is given."""
    environment = {**os.environ, "COU_CRASH_AT": at, "COU_CRASH_LOG": str(one.log)}
    place = one.operator.place
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.proof.operating"),
            *(verb, str(place.home), str(place.run_dir)),
        ],
        input=json.dumps(dataclasses.asdict(one.cloud.access())),
        env=environment if at else None,
        cwd=TOP,
        text=True,
        capture_output=True,
        timeout=300,
    )
    if at:
        assert at in one.passed(), (at, one.passed(), done.stderr)
    if at.startswith("operator:"):
        assert done.returncode == -signal.SIGKILL, done.stderr
    else:
        assert done.returncode == 0, done.stderr


def finish_and_judge(book, one):
    one.check_ledger()
    one.let_requests_die()
    one.upgrade()
    assert one.finish() in (RunState.STOPPED, RunState.COMPLETED), one.operator.log()
    assert not one.broken


@SIDES
def test_a_plan_that_was_not_written_down_is_planned_again(book, side):
    with real.site(chronicle.Before(book.before[0].controller)) as one:
        operate(one, "plan", f"operator:journal/show/{side}#1")
        operate(one, "plan")
        finish_and_judge(book, one)
    assert real.judged(book, one) == []


@SIDES
@pytest.mark.parametrize("name", ["journal/create-run", "process/supervisor"])
def test_an_upgrade_killed_while_it_begins_is_begun_by_the_next(book, name, side):
    with real.site(chronicle.Before(book.before[0].controller)) as one:
        operate(one, "plan")
        operate(one, "upgrade", f"operator:{name}/{side}#1")
        finish_and_judge(book, one)
    assert real.judged(book, one) == []


@SIDES
@pytest.mark.parametrize(
    "at",
    [
        "supervisor:process/runner/{}#1",
        "runner:journal/hold/{}#1",
        "runner:journal/begin-step/after#1,supervisor:journal/end-attempt/{}#1",
    ],
    ids=["starting the runner", "holding the run", "recording the runner's end"],
)
def test_killed_around_the_runner_the_run_is_interrupted_and_goes_on(book, at, side):
    with real.site(at_kind(book, "set-config")) as one:
        with real.struck(one, at.format(side)):
            one.upgrade()
        assert one.finish() is RunState.INTERRUPTED
        assert at.format(side).split(",")[-1] in one.passed()
        finish_and_judge(book, one)
    assert real.judged(book, one) == []


@SIDES
def test_an_upgrade_killed_while_it_resumes_is_resumed_by_the_next(book, side):
    with real.site(at_kind(book, "set-config")) as one:
        operate(one, "upgrade", f"operator:journal/resume-run/{side}#1")
        finish_and_judge(book, one)
    assert real.judged(book, one) == []


@SIDES
def test_a_remainder_under_other_options_is_taken_over_whole_or_not_at_all(book, side):
    with real.site(at_kind(book, "set-config")) as one:
        operate(one, "replan")
        operate(one, "upgrade", f"operator:journal/replace-plan/{side}#1")
        finish_and_judge(book, one)
        assert one.operator.control.view().plan.options.max_parallel == 2
    assert real.judged(book, one) == []


@SIDES
def test_a_cancel_killed_in_the_middle_is_recorded_or_not(book, side):
    with real.site(at_kind(book, "set-config")) as one:
        held = "runner:journal/begin-step/after#1"
        with real.struck(one, held, hold=True):
            one.operator.upgrade()
        one.operator.await_point(one.log, held)
        operate(one, "cancel", f"operator:journal/cancel/{side}#1")
        cancelled = one.operator.control.view().attempt.cancelled
        assert (cancelled is not None) == (side == "after")
        one.operator.control.cancel()
        os.kill(locks.holder(one.operator.place.runner_lock), signal.SIGCONT)
        assert one.finish() is RunState.STOPPED
        finish_and_judge(book, one)
    assert real.judged(book, one) == []


@SIDES
def test_a_drain_by_signal_whose_supervisor_is_killed_leaves_an_interrupted_run(book, side):
    at = f"supervisor:journal/cancel/{side}#1"
    with real.site(at_kind(book, "set-config")) as one:
        # So that the run cannot be over before it is to drain.
        troubles = one.cloud.model.troubles
        on_cloud(one, lambda: troubles.add(Trouble("hook", "*", "*", Mode.HOLD, FOR_EVER)))
        with real.struck(one, at):
            one.operator.upgrade()
        one.operator.wait(RunState.RUNNING)
        os.kill(locks.holder(one.operator.place.supervisor_lock), signal.SIGTERM)
        assert one.finish() is RunState.INTERRUPTED
        on_cloud(one, troubles.clear)
        assert at in one.passed()
        finish_and_judge(book, one)
    assert real.judged(book, one) == []


def on_cloud(one, call):
    """Have the thread that serves the cloud do something."""
    import asyncio

    async def do():
        call()

    asyncio.run_coroutine_threadsafe(do(), one.cloud.loop).result(120)


@SIDES
@pytest.mark.parametrize("name", ["journal/cancel", "journal/end-attempt", "juju/cancel-tasks"])
def test_a_force_killed_in_the_middle_is_finished_by_the_next(book, name, side):
    with real.site(at_kind(book, "set-compute-service")) as one:
        agents = [one.cloud.model.uniters[f"nova-compute/{number}"] for number in (0, 1)]
        at = "runner:juju/enqueue/before#1"
        with real.struck(one, at, hold=True):
            one.operator.upgrade(limit=Limit("step", 1))
        one.operator.await_point(one.log, at)
        for agent in agents:  # so that the task stays pending in Juju
            on_cloud(one, agent.kill)
        os.kill(locks.holder(one.operator.place.runner_lock), signal.SIGCONT)
        _await_that(lambda: one.operator.control.view().tasks)
        operate(one, "force", f"operator:{name}/{side}#1")
        assert one.operator.pids() == []
        one.operator.control.force(one.cloud.access())
        for agent in agents:
            on_cloud(one, agent.start)
        finish_and_judge(book, one)
    assert real.judged(book, one) == []


def _await_that(seen):
    deadline = time.monotonic() + 180
    while not seen():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@SIDES
def test_a_resolution_killed_in_the_middle_is_made_or_not(book, side):
    with real.site(at_kind(book, BACKUP)) as one:
        one.cloud.model.troubles.add(Trouble("action", "mysql*", "mysqldump", Mode.FAIL))
        one.upgrade()
        assert one.finish() is RunState.FAILED
        view = one.operator.control.view()
        (step,) = [id_ for id_, one_ in view.steps.items() if one_.state is StepState.FAILED]
        operate(one, f"resolve:{step}", f"operator:journal/resolve-step/{side}#1")
        state = one.operator.control.view().steps[step].state
        assert state is (StepState.FAILED if side == "before" else StepState.PENDING)
        finish_and_judge(book, one)
        assert one.operator.control.view().steps[step].state is StepState.DONE


@SIDES
def test_killed_while_it_notes_what_it_waits_for_the_run_goes_on(book, side):
    at = f"runner:journal/set-waits/{side}#1"
    with real.site(at_kind(book, "upgrade-unit")) as one:
        charm = one.cloud.model.store.charm
        slow = dataclasses.replace(chronicle.PROFILE, upgrade=3.0, pause=1.5)
        charm._place = dataclasses.replace(charm.place, profile=slow)
        with real.struck(one, at):
            one.upgrade()
        assert one.finish() is RunState.INTERRUPTED
        assert at in one.passed()
        finish_and_judge(book, one)
    assert real.judged(book, one) == []


@SIDES
@pytest.mark.parametrize("name", ["journal/add-step", "journal/make-due"])
def test_a_restore_killed_in_the_middle_is_made_whole_by_the_next(book, name, side):
    at = f"runner:{name}/{side}#1"
    before = next(one for one in book.before if _noout(one))
    with real.site(before) as one:
        with real.struck(one, at):
            one.operator.control.restore(one.cloud.access())
        assert one.finish() is RunState.INTERRUPTED
        assert at in one.passed()
        one.check_ledger()
        one.let_requests_die()
        one.operator.control.restore(one.cloud.access())
        assert one.finish() is RunState.STOPPED
        assert ledger.switched(one.cloud.model) == []
        finish_and_judge(book, one)
    assert real.judged(book, one) == []


class _LosesOne(Faults):
    """Cuts the first connection on which a package upgrade is asked for, before it is."""

    left = 1

    async def before(self, seen):
        if seen.facade == "Action" and "dist-upgrade" in str(seen.params) and self.left:
            self.left = 0
            return Verdict.DROP
        return Verdict.PASS


@SIDES
def test_killed_while_it_notes_that_a_request_may_still_arrive_the_run_goes_on(book, side):
    at = f"runner:journal/note/{side}#1"
    with real.site(at_kind(book, "upgrade-packages")) as one:
        one.cloud.server.faults = faults = _LosesOne()
        with real.struck(one, at):
            one.upgrade()
        assert one.finish() is RunState.INTERRUPTED
        assert at in one.passed()
        assert not faults.left
        finish_and_judge(book, one)
    assert real.judged(book, one) == []


@SIDES
@pytest.mark.parametrize("name", ["journal/note-afterwards", "journal/count-looks"])
def test_a_plan_killed_while_it_notes_what_arrived_late_is_made_again(book, name, side):
    with real.site(at_kind(book, "set-compute-service")) as one:
        with real.struck(one, "runner:juju/enqueue/before#1"):
            one.upgrade()
        assert one.finish() is RunState.INTERRUPTED
        one.let_requests_die()
        one.upgrade()
        assert one.finish() is RunState.STOPPED
        one.operator.control.abandon(one.cloud.access())
        assert one.finish() is RunState.ABANDONED
        with contextlib.closing(Journal(one.operator.place.home)) as journal:
            run = journal.current().id
            (early,) = journal.unanswered(run)
            asked = early.request["unit"], early.request["name"], early.request["params"]
            on_cloud(one, lambda: one.cloud.model.enqueue([asked], "cou"))
            operate(one, "plan", f"operator:{name}/{side}#1")
            operate(one, "plan")
            (told,) = journal.late(run)
            assert f"{early.request['name']} on {early.request['unit']}" in told
            assert len([one for one in journal.events(run) if one.what == "late-task"]) == 1


def _noout(before):
    from juju_testbed.model import frozen

    (model,) = frozen.thaw(before.controller).models.values()
    return ledger.switched(model) == ["noout:ceph-mon"]


def test_no_named_point_is_without_a_story(book):
    """Together the steps and the scenes above reach every name that the code knows."""
    text = pathlib.Path(__file__).read_text()
    here = {name for name in crash.NAMES if name.rpartition("/")[0] in text}
    steps = {moment.point.name for moment in book.moments}
    assert crash.NAMES - steps - here == set()


def test_the_journal_of_a_story_is_the_one_that_was_restored(book):
    with real.site(book.before[3]) as one:
        journal = Journal(one.operator.place.home)
        records = journal.steps(journal.current().id)
        journal.close()
    assert sum(record.state.over for record in records.values()) == 3
