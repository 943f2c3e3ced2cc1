"""A journal put back is refused, or nothing that was sent is sent again: at every instant."""

from __future__ import annotations

import functools

import pytest
from cou.work import lease

from . import harness, old_journals, small

pytestmark = pytest.mark.slow
PARTS = 40  # of the operations of a run, each of which takes a minute


@functools.cache
def windows():
    return old_journals.windows(harness.points(small.BUNDLE))


def told(number, kill):
    """Kill at a point of a window; put back what was before, from the window before it on."""
    here = windows()[number]
    earlier = windows()[number - 1].points if number else ()
    index = here.points.index(kill)
    return old_journals.story(small.BUNDLE, (*earlier, *here.points[:index]), kill)


def assert_kept(number):
    here, broken = windows()[number], []
    for kill in here.points:
        found = told(number, kill)
        broken += [f"{here.kind}, killed at {kill}: {what}" for what in found.broken]
    assert not broken


def test_every_way_to_send_is_looked_at():
    ways = {window.kind.split()[1] for window in windows()}
    assert ways == set(old_journals.SENDS)
    assert len(windows()) >= PARTS


@pytest.mark.sampled(1)
@pytest.mark.parametrize("way", old_journals.SENDS)
def test_of_each_way_to_send_nothing_is_sent_twice(way):
    assert_kept(next(n for n, one in enumerate(windows()) if n and one.kind.endswith(f" {way}")))


@pytest.mark.deep
@pytest.mark.parametrize("part", range(PARTS))
def test_around_every_operation_of_a_run_nothing_is_sent_twice(part):
    for number in range(len(windows()))[part::PARTS]:
        assert_kept(number)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("way", old_journals.SENDS)
def test_once_it_is_sent_no_copy_from_before_its_intent_is_taken(way):
    number = next(n for n, one in enumerate(windows()) if n and one.kind.endswith(f" {way}"))
    here = windows()[number]
    kill = next(p for p in here.points if p.name == f"juju/{way}/before")
    # The first of all copies, those of the window before, and the one before its intent.
    assert told(number, kill).refused == 2 + len(windows()[number - 1].points)


def test_a_position_that_is_not_written_is_noticed(monkeypatch):
    """Else the tests above would see nothing either."""

    async def silent(_):
        return None

    monkeypatch.setattr(lease.Lease, "_announce", silent)
    dump = next(n for n, one in enumerate(windows()) if one.kind == "backup-database enqueue")
    assert told(dump, windows()[dump].points[-1]).broken
