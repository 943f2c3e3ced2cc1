"""`plan`, from the model to the journal; nothing is started."""

from __future__ import annotations

import contextlib

from cou.journal import Journal
from cou.journal.records import Limit, RunState
from cou.options.options import Options

from .conftest import SETTINGS


def test_a_plan_is_read_from_the_model_told_and_kept(cloud, operator):
    control = operator.control
    read = []
    shown = control.plan(cloud.access(), SETTINGS, Options(), lambda: read.append(1))
    assert (shown.remainder, shown.message, read) == (False, "", [1])
    assert not shown.plan.blocking
    seen = control.view()
    assert (seen.state, seen.plan) == (RunState.PLANNED, shown.plan)
    # Nor does one before it stand in the way, shown or carried out.
    again = control.plan(cloud.access(), SETTINGS, Options(backup=False))
    assert control.view().plan == again.plan != shown.plan


def test_a_run_that_has_ended_is_no_remainder(cloud, operator):
    control = operator.control
    shown = control.plan(cloud.access(), SETTINGS, Options())
    with contextlib.closing(Journal(operator.place.home)) as journal:
        plan, settings = journal.shown()
        attempt = journal.create_run(plan, settings, ["keystone/refresh"], Limit())
        journal.end_attempt(attempt.token, RunState.ABANDONED)
    again = control.plan(cloud.access(), SETTINGS, Options())
    assert not again.remainder
    assert again.plan == shown.plan
