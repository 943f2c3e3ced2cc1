"""A change window: nothing begins that may not end before it, and the drain says so."""

from __future__ import annotations

import datetime

import pytest
from cou.journal.records import Limit, RunState, StepState

from tests.proof import small

from . import bundles, story
from . import world as worlds

pytestmark = pytest.mark.slow


async def test_nothing_begins_that_may_not_end_in_the_window_and_the_marks_are_named(tmp_path):
    world = await story.cloud(tmp_path / "home", bundles.two_services("focal", "ussuri"))
    plan = await world.plan()
    # Nothing is known of this cloud: each step counts as its timeout.
    prepare = sum(step.timeout_s for step in plan.root.steps[0].single_steps())
    until = world.clock.now() + datetime.timedelta(seconds=prepare)
    attempt = world.create(plan, Limit(until=until))
    ending = await world.work(attempt)
    assert ending.state is RunState.STOPPED
    assert ending.error.code == "window-closed"
    assert ending.error.told.startswith("Window closed:")
    assert ending.error.told.endswith("Nothing is switched.")
    assert ending.error.remedy == "Run `upgrade` in the next window."
    records = world.steps(attempt.run).values()
    assert not [one for one in records if one.state is StepState.RUNNING]
    assert any(one.state is StepState.PENDING for one in records)
    assert world.clock.now() <= until
    journal = world.journal()
    drained = journal.attempt(attempt.run)
    journal.close()
    assert drained.cancelled is not None
    assert drained.cancelled_by == "window closed"
    assert (await world.work(world.resume(attempt.run))).state is RunState.COMPLETED


async def test_a_window_that_closes_with_marks_set_names_them_and_how_they_are_put_back(tmp_path):
    world = await worlds.build(tmp_path / "home", small.BUNDLE)
    options = {"set-noout": True, "backup": False, "archive": False}
    plan = await world.plan(**options)
    prepare = sum(step.timeout_s for step in plan.root.steps[0].single_steps())
    until = world.clock.now() + datetime.timedelta(seconds=prepare)
    ending = await world.work(world.create(plan, Limit(until=until)))
    assert ending.error.code == "window-closed"
    assert ending.error.told.endswith("Still switched: noout:ceph-mon.")
    assert ending.error.remedy == (
        "Run `upgrade` in the next window, or `restore` to put the marks back until then."
    )
