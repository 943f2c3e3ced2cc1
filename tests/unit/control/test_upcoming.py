"""What can be known when an attempt is asked for is refused then, not when its runner stops."""

from __future__ import annotations

import dataclasses
import datetime
import json

import pytest
from cou import clock
from cou.control import start
from cou.control.unit_run import UnitRun
from cou.errors import BadInput
from cou.journal.records import Limit, RunState, StepRecord, StepState
from cou.kinds import Kind
from cou.options.options import Options
from cou.options.settings import Settings
from cou.plan.plan import Plan, canonical
from cou.plan.step import Part, Step
from cou.process.access import Access
from cou.process.paths import RunPaths
from cou.show import estimate
from cou.work import next_step

from tests.planned_steps import planned_step

NOW = datetime.datetime(2025, 6, 1, 12, tzinfo=datetime.timezone.utc)
HOUR = datetime.timedelta(hours=1)
DAY_S = 86_400.0
ACCESS = Access(("127.0.0.1:1",), "ca", "uuid", "openstack", "admin", "secret")


def application(name: str, **more) -> Step:
    steps = (
        planned_step(
            f"{name}/refresh", Kind.REFRESH, f"Refresh {name}", target=name, timeout_s=600
        ),
        planned_step(
            f"{name}/wait", Kind.WAIT_IDLE, f"Wait for {name}", target=name, timeout_s=600
        ),
    )
    part = {"part": Part.APPLICATION.value}
    return Step(name, Kind.GROUP, name, target=name, params=part, steps=steps, **more)


def plan_of(*steps: Step, at_once: int = 1) -> Plan:
    root = Step("upgrade", Kind.GROUP, "Upgrade", params={"part": "section"}, steps=steps)
    options = dataclasses.replace(Options(), max_parallel=at_once)
    return Plan("openstack", "uuid", "ussuri", "victoria", options, (), (), root)


BACKUP = planned_step("backup", Kind.BACKUP_DATABASE, "Dump", target="mysql/0", timeout_s=600)
PLAN = plan_of(BACKUP, application("keystone"), application("glance"))


def records(plan: Plan, **states: StepState) -> dict[str, StepRecord]:
    named = {name.replace("_", "/"): state for name, state in states.items()}
    return {
        step.id: StepRecord(
            step.id, n, named.get(step.id, StepState.PENDING), 1, NOW, NOW - HOUR, "", ""
        )
        for n, step in enumerate(plan.root.single_steps())
    }


def age_s(record: StepRecord) -> float:
    assert record.ended is not None
    return (NOW - record.ended).total_seconds()


def check(limit: Limit, plan: Plan = PLAN, max_age_s: float = DAY_S, **states: StepState) -> None:
    durations = estimate.Durations()
    next_step.check(plan, records(plan, **states), limit, durations, NOW, age_s, max_age_s)


DONE = StepState.DONE


@pytest.mark.parametrize(
    ("expect", "granularity", "states"),
    [
        ("backup", "step", {}),
        ("keystone/refresh", "step", {"backup": DONE}),
        ("keystone", "application", {"backup": DONE}),
        ("keystone/wait", "step", {"backup": DONE, "keystone_refresh": DONE}),
        # What an earlier runner left in the middle comes first, and what had failed again.
        ("keystone/refresh", "step", {"backup": DONE, "keystone_refresh": StepState.FAILED}),
        ("keystone/refresh", "step", {"backup": DONE, "keystone_refresh": StepState.IN_DOUBT}),
    ],
)
def test_what_is_next_is_taken(expect, granularity, states):
    check(Limit(granularity, 1, expect), **states)


@pytest.mark.parametrize(
    ("expect", "granularity", "states"),
    [
        ("other", "application", {}),
        ("keystone", "step", {"backup": DONE}),
        ("keystone/wait", "step", {"backup": DONE}),
        ("glance", "application", {"backup": DONE}),
    ],
)
def test_anything_else_is_refused_with_what_is_next(expect, granularity, states):
    with pytest.raises(BadInput) as refusal:
        check(Limit(granularity, 1, expect), **states)
    assert refusal.value.code == "not-expected"
    next_one = "keystone/refresh" if states else "backup"
    assert f"Next is {next_one} (" in refusal.value.seen
    assert f"not {expect}; nothing was begun" in refusal.value.seen


def test_a_dump_that_has_become_too_old_is_what_comes_next():
    check(Limit("application", 1, "keystone"), backup=DONE)
    with pytest.raises(BadInput, match="Next is backup"):
        check(Limit("application", 1, "keystone"), max_age_s=60.0, backup=DONE)


def test_a_window_too_short_for_what_is_next_is_refused():
    check(Limit(until=NOW + 10 * HOUR), backup=DONE)
    with pytest.raises(BadInput) as refusal:
        check(Limit(until=NOW + HOUR / 60), backup=DONE)
    assert refusal.value.code == "window-closed"
    assert "Next is keystone, which may take until 2025-06-01 12:" in refusal.value.seen
    assert "until=2025-06-01 12:01 UTC" in refusal.value.seen


def test_where_several_work_at_once_the_first_is_the_one_that_the_runner_takes():
    plan = plan_of(
        application("keystone"),
        application("glance"),
        application("nova", after=("glance",)),
        at_once=2,
    )
    check(Limit("application", 1, "glance"), plan)  # the longest way lies before it
    with pytest.raises(BadInput, match=r"Next is glance/refresh"):
        check(Limit("application", 1, "keystone"), plan)


@pytest.fixture
def desk(tmp_path):
    place = RunPaths(tmp_path / "home", tmp_path / "run")
    found = UnitRun(place, "test")
    journal = found.journal()
    journal.show(canonical(PLAN.to_dict()), dataclasses.asdict(Settings()))
    journal.close()
    return found


def everything(desk: UnitRun) -> str:
    journal = desk.journal()
    try:
        run = journal.current()
        return json.dumps(
            [str(run), str(journal.shown()), str(journal.attempts(run.id) if run else ())]
        )
    finally:
        journal.close()


@pytest.mark.parametrize(
    ("limit", "plan_hash", "code"),
    [
        (Limit("application", 1, "other"), None, "not-expected"),
        (Limit(until=clock.utc_now() + HOUR / 60), None, "window-closed"),
        (Limit(), "p0123456789abcde", "another-plan"),
    ],
)
@pytest.mark.parametrize("begun", [False, True])
def test_a_refused_order_leaves_everything_as_it_was(desk, limit, plan_hash, code, begun):
    if begun:
        journal = desk.journal()
        steps = [step.id for step in PLAN.root.single_steps()]
        attempt = journal.create_run(*journal.shown(), steps, Limit())
        journal.end_attempt(attempt.token, RunState.STOPPED)
        journal.close()
    before = everything(desk)
    with pytest.raises(BadInput) as refusal:
        start.start(desk, ACCESS, limit, plan_hash)
    assert refusal.value.code == code
    assert everything(desk) == before
    assert not desk.paths.coming.exists()


@pytest.mark.parametrize(
    ("limit", "plan_hash", "code"),
    [
        (Limit("application", 1, "keystone"), None, "not-expected"),
        (Limit(), "p0123456789abcde", "another-plan"),
    ],
)
def test_an_upgrade_that_is_done_refuses_what_was_meant_for_another(desk, limit, plan_hash, code):
    journal = desk.journal()
    attempt = journal.create_run(*journal.shown(), [], Limit())
    journal.end_attempt(attempt.token, RunState.COMPLETED)
    journal.close()
    with pytest.raises(BadInput) as refusal:
        start.start(desk, ACCESS, limit, plan_hash)
    assert refusal.value.code == code
    assert "nothing was sent" in start.start(desk, ACCESS, Limit(), PLAN.hash).message
