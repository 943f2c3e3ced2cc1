"""What `status` says of a run in each of its states."""

from __future__ import annotations

import dataclasses
import datetime

import pytest
from cou.checks.problem import Problem, Severity
from cou.errors import Cause
from cou.journal.records import (
    Attempt,
    Job,
    Limit,
    Mark,
    MarkState,
    RunState,
    StepRecord,
    StepState,
)
from cou.journal.waits import CurrentWait
from cou.kinds import Kind
from cou.options.options import Options
from cou.plan.plan import Plan
from cou.plan.step import Step
from cou.show import status_text
from cou.show.view import View
from cou.wording import NOTHING, ActionStyle, join

from tests.planned_steps import planned_step

NOON = datetime.datetime(2025, 6, 1, 12, tzinfo=datetime.timezone.utc)
STEPS = (
    planned_step("keystone/refresh", Kind.REFRESH, "Refresh keystone", target="keystone"),
    planned_step("glance/refresh", Kind.REFRESH, "Refresh glance", target="glance"),
)
PLAN = Plan(
    "openstack",
    "uuid",
    "ussuri",
    "victoria",
    Options(),
    (),
    (),
    Step("upgrade", Kind.GROUP, "Upgrade", steps=STEPS),
)
GOES_ON = {RunState.STOPPED, RunState.KILLED, RunState.INTERRUPTED, RunState.FAILED}


def record(name: str, state: StepState, error: str = "") -> StepRecord:
    started = None if state is StepState.PENDING else NOON - datetime.timedelta(seconds=65)
    return StepRecord(name, 0, state, 1, started, None, "", error)


def mark(id: str, state: MarkState, note: str = "") -> Mark:
    kind, _, target = id.partition(":")
    return Mark(id, kind, target, {}, state, "keystone/refresh", NOON, note)


def view(state: RunState, first: StepState = StepState.PENDING, **more) -> View:
    records = {
        STEPS[0].id: record(STEPS[0].id, first),
        STEPS[1].id: record(STEPS[1].id, StepState.PENDING),
    }
    blank = View(
        "r1", state, PLAN, 1, 2, "", "", "", "", "", (), records, None, {}, {}, "", 0.0
    )  # fmt: skip
    return dataclasses.replace(blank, **more)


def limited(how: str = "") -> Attempt:
    until = datetime.datetime(2025, 6, 2, 0, 0, tzinfo=datetime.timezone.utc)
    limit = Limit(until=until)
    return Attempt(1, "r1", Job.UPGRADE, limit, NOON, None, "", None, None, how)


def text(seen: View) -> str:
    return status_text.text(seen, NOON, ActionStyle("cou/0"))


def test_a_run_tells_who_is_waited_for_and_what_comes_next():
    seen = view(
        RunState.RUNNING,
        StepState.RUNNING,
        waits=(
            CurrentWait(join("keystone/0 is executing")),
            CurrentWait(join("keystone/1 is executing")),
        ),
        next="glance/refresh",
        left_s=125.0,
        marks=(mark("noout:ceph-mon", MarkState.SET), mark("paused:n/0", MarkState.PUT_BACK)),
    )
    assert text(seen).splitlines() == [
        "Upgrade of openstack from ussuri to victoria: running, step 1 of 2.",
        f"Run r1, plan {PLAN.hash}.",
        "Now: Refresh keystone (keystone/refresh), for 1m 05s",
        "  waits for: keystone/0 is executing",
        "  waits for: keystone/1 is executing",
        "Next: Refresh glance (glance/refresh)",
        "Left: about 2m 05s, a guess, before anything has run here",
        "Switched by the run: noout:ceph-mon",
        "To stop it safely: juju run cou/0 cancel",
    ]


def test_steps_that_resolve_step_takes_are_named_with_their_ids():
    doubt = text(view(RunState.KILLED, StepState.IN_DOUBT))
    assert "In doubt: Refresh keystone (keystone/refresh)" in doubt.splitlines()
    failed = view(RunState.FAILED)
    records = {**failed.steps, "keystone/refresh": record("keystone/refresh", StepState.FAILED)}
    told = text(dataclasses.replace(failed, steps=records, error="It hangs.", remedy="Look."))
    assert "Failed: Refresh keystone (keystone/refresh)" in told
    assert "Error: It hangs. Look." in told


def test_an_operator_who_is_needed_reads_it():
    seen = view(RunState.WAITING, StepState.RUNNING, waits_for="unseal vault/0")
    assert "You are needed: unseal vault/0" in text(seen).splitlines()


@pytest.mark.parametrize("state", list(RunState))
def test_every_state_ends_with_a_command(state: RunState):
    told = text(view(state))
    assert f": {state.value}, " in told
    assert told.splitlines()[-1].partition("juju run cou/0 ")[1]
    if state in GOES_ON:
        assert told.endswith("juju run cou/0 upgrade")


def test_a_plan_that_has_not_run_has_no_empty_name_of_a_run():
    told = text(view(RunState.PLANNED, number=0, run=""))
    assert told.splitlines()[:2] == [
        "Upgrade of openstack from ussuri to victoria: planned, 2 steps.",
        f"Plan {PLAN.hash}.",
    ]


def test_a_plan_that_cannot_be_started_does_not_say_how_to_start_it():
    problem = Problem("vault-sealed", Severity.ERROR, "vault", "It is sealed.", "Unseal it.")
    blocked = dataclasses.replace(PLAN, problems=(problem,))
    told = text(view(RunState.PLANNED, number=0, run="", plan=blocked))
    assert told.splitlines()[-2:] == [
        "It cannot be started: vault-sealed (vault): It is sealed. Unseal it.",
        "To plan again, once that is mended: juju run cou/0 plan",
    ]
    taken_on = dataclasses.replace(PLAN, problems=(dataclasses.replace(problem, accepted=True),))
    told = text(view(RunState.PLANNED, number=0, run="", plan=taken_on))
    assert told.endswith("To start it: juju run cou/0 upgrade")
    empty = dataclasses.replace(PLAN, root=dataclasses.replace(PLAN.root, steps=()))
    told = text(view(RunState.PLANNED, number=0, run="", plan=empty))
    assert told.endswith("It has no steps. To plan again: juju run cou/0 plan")


def test_what_steps_took_here_is_told_apart_from_a_guess():
    told = text(view(RunState.STOPPED, StepState.DONE, left_s=61.0))
    assert "Left: about 1m 01s, going by what steps took here" in told.splitlines()


def test_nothing_from_the_model_steers_a_terminal():
    told = text(
        view(
            RunState.RUNNING,
            StepState.RUNNING,
            waits=(CurrentWait(join("a\x1b[2J")),),
            error="b\x07",
        )
    )
    assert "\x1b" not in told
    assert "\x07" not in told


def test_a_line_with_little_room_is_given_the_cause_without_the_title_of_its_step():
    failed = view(RunState.FAILED)
    records = {
        **failed.steps,
        "keystone/refresh": record("keystone/refresh", StepState.FAILED, "It hangs."),
    }
    cause = Cause("stuck", join("It hangs."), NOTHING, "keystone/refresh", "Refresh keystone")
    error = "Refresh keystone (keystone/refresh): It hangs."
    assert cause.told == error
    assert dataclasses.replace(failed, failure=cause, error=error).cause == "It hangs."
    # Older versions kept the title as part of what was seen.
    cause = Cause("stuck", join(error), NOTHING, "keystone/refresh")
    older = dataclasses.replace(failed, steps=records, failure=cause, error=error)
    assert older.cause == "It hangs."
    assert (
        dataclasses.replace(failed, error="The controller is gone.").cause
        == "The controller is gone."
    )


def test_a_runner_that_hangs_is_told_with_the_command_that_ends_it():
    said = text(view(RunState.RUNNING, StepState.RUNNING, silent_since=NOON))
    assert "no sign of life since 12:00:00 UTC" in said
    assert "juju run cou/0 cancel force=true" in said
    assert "sign of life" not in text(view(RunState.RUNNING, StepState.RUNNING))


def test_a_limit_in_time_is_shown_with_its_date_and_zone_while_it_holds():
    told = "Nothing begins that may end after 2025-06-02 00:00:00 UTC."
    going = view(RunState.RUNNING, StepState.RUNNING, attempt=limited())
    assert told in text(going).splitlines()
    assert going.to_dict()["until"] == "2025-06-02T00:00:00+00:00"
    assert told not in text(view(RunState.STOPPED, attempt=limited("stopped")))
    assert view(RunState.RUNNING).to_dict()["until"] is None
