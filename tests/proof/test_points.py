"""Killed, cancelled and forced at each named point, once for each kind of step."""

from __future__ import annotations

import functools

import pytest
from cou.journal.records import RunState
from cou.kinds import ROWS

from tests.simulation import world as worlds

from . import harness, small

pytestmark = [pytest.mark.slow, pytest.mark.deep]

# Where a cancel meets something new: the fence, a call, its end.
CANCELLED_AT = (
    "journal/begin-step/before",
    "journal/begin-step/after",
    "journal/intend/after",
    "juju/enqueue/after",
    "juju/set-config/after",
    "juju/refresh/after",
    "journal/end-step/before",
)
FORCED_AT = ("journal/intend/after", "juju/enqueue/after", "journal/write-mark/after")


@functools.cache
def each():
    return harness.one_of_each(harness.points(small.BUNDLE))


def assert_kept(points, how):
    assert points
    broken = [v for point in points for v in harness.story(small.BUNDLE, point, how)]
    assert not broken


def test_every_kind_of_step_is_in_the_plan():
    # No plan of today has a bare command.
    kinds = {point.kind for point in each()}
    assert kinds >= {kind.value for kind in ROWS}


@pytest.mark.parametrize("part", range(4))
def test_killed_at_any_point_nothing_is_lost_or_repeated(part):
    assert_kept(each()[part::4], harness.How.KILL)


@pytest.mark.parametrize("part", range(2))
def test_cancelled_at_any_point_nothing_starts_and_nothing_is_lost(part):
    points = [point for point in each() if point.name in CANCELLED_AT]
    assert_kept(points[part::2], harness.How.CANCEL)


def test_forced_at_any_point_nothing_is_lost_or_repeated():
    assert_kept([p for p in each() if p.name in FORCED_AT], harness.How.FORCE)


def test_only_a_lost_request_that_may_not_run_twice_is_asked_about(tmp_path):
    """Killed before each kind of request leaves: `upgrade` alone goes on, but for two kinds."""
    asked = {
        point.kind: worlds.run(asked_about(tmp_path / point.kind, point))
        for point in each()
        if point.name == "juju/enqueue/before"
    }
    assert len(asked) > 6
    assert {kind for kind, was in asked.items() if was} == {"backup-database", "run-action"}


async def asked_about(home, point):
    """Whether a run that was killed at a point asks when it is resumed."""
    world = await worlds.build(home, small.BUNDLE)
    attempt = world.create(await world.plan(**harness.OPTIONS))
    assert await world.work_until(attempt, worlds.countdown(point.number, point.name)) is None
    ending = await world.work(world.resume(attempt.run))
    asks = world.asks(attempt.run)
    assert asks or ending.state is RunState.COMPLETED, ending
    return asks
