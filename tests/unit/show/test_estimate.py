"""How long it will take, learnt from what steps took."""

from __future__ import annotations

import dataclasses
import datetime

import pytest
from cou.journal import Journal
from cou.journal.records import Limit, RunState, StepState
from cou.kinds import Kind
from cou.options.options import Options
from cou.plan.plan import Plan, canonical
from cou.plan.step import Step
from cou.show import estimate

from tests.planned_steps import planned_step

START = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)


class Clock:
    def __init__(self):
        self.now = START

    def __call__(self):
        return self.now

    def pass_(self, seconds):
        self.now += datetime.timedelta(seconds=seconds)


def leaf(name, kind=Kind.REFRESH, target="keystone", **params):
    return planned_step(name, kind, name, target=target, params=params, timeout_s=300)


def plan_of(*steps):
    root = Step("upgrade", Kind.GROUP, "Upgrade", params={"part": "section"}, steps=steps)
    return Plan("m", "u", "ussuri", "victoria", Options(), (), (), root)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def journal(tmp_path, clock):
    journal = Journal(tmp_path / "home", now=clock)
    yield journal
    journal.close()


def run(journal, clock, plan, *took):
    steps = [step.id for step in plan.root.single_steps()]
    attempt = journal.create_run(canonical(plan.to_dict()), {}, steps, Limit())
    for step, seconds in zip(steps, took, strict=True):
        journal.begin_step(attempt.token, step)
        clock.pass_(seconds)
        journal.end_step(attempt.token, step, StepState.DONE)
    journal.end_attempt(attempt.token, RunState.COMPLETED)
    return attempt


def test_nothing_is_known_before_anything_was_seen(journal):
    step = leaf("a")
    durations = estimate.learn(journal)
    assert durations.known(step) is None
    assert durations.longest(step) == 300
    assert durations.expected(step, {}) > 0


def test_the_same_application_tells_more_than_the_kind(journal, clock):
    run(journal, clock, plan_of(leaf("a"), leaf("b", target="glance")), 10, 50)
    durations = estimate.learn(journal)
    assert durations.known(leaf("c")) == 10
    assert durations.known(leaf("d", target="glance/0")) == 50
    assert durations.known(leaf("e", target="cinder")) == 30
    assert durations.known(leaf("f", kind=Kind.WAIT_IDLE)) is None


def test_what_is_over_takes_no_more_and_parallel_steps_count_once(journal, clock):
    attempt = run(journal, clock, plan_of(leaf("a"), leaf("b", target="glance")), 10, 50)
    durations = estimate.learn(journal)
    records = journal.steps(attempt.run)
    assert durations.expected(plan_of(leaf("a")).root, records) == 0
    both = plan_of(leaf("x"), leaf("y", target="glance")).root
    assert durations.expected(both, {}) == 60
    assert durations.expected(dataclasses.replace(both, parallel=True), {}) == 50


def test_one_application_that_is_odd_throughout_says_nothing_of_the_others(journal, clock):
    """Its restarts are put off: two steps at twenty times their guess, among ordinary ones."""
    ordinary = [leaf(f"p{n}", Kind.UPGRADE_PACKAGES, f"app{n}/0") for n in range(5)]
    odd = [leaf(f"o{n}", Kind.RUN_ACTION, "odd/0", action=f"hooks-{n}") for n in range(2)]
    run(journal, clock, plan_of(*ordinary, *odd), *[120] * 5, *[500] * 2)
    unseen = leaf("r", Kind.REFRESH, "another")
    assert estimate.learn(journal).typical(unseen) == estimate.guess_s(unseen)


def test_a_cloud_of_another_pace_scales_what_was_not_seen(journal, clock):
    seen = [leaf(f"p{n}", Kind.UPGRADE_PACKAGES, f"app{n}/0") for n in range(5)]
    run(journal, clock, plan_of(*seen), *[12] * 5)
    unseen = leaf("r", Kind.REFRESH, "another")
    assert estimate.learn(journal).typical(unseen) == pytest.approx(estimate.guess_s(unseen) / 10)


def test_an_origin_that_was_put_off_is_expected_where_its_restarts_are_done():
    before, after = (
        leaf(f"rabbit/0/run-deferred-hooks/{when}", Kind.RUN_ACTION, action="run-deferred-hooks")
        for when in ("before", "after")
    )
    origin = leaf("c", Kind.SET_CONFIG, key="source")
    assert estimate.guess_s(before) < estimate.guess_s(after) == estimate.guess_s(origin)
