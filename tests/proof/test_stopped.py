"""Whatever stood still for longer than half a minute: the run gets on, or ends with a cause."""

from __future__ import annotations

import collections

import pytest

from . import stopped
from .stopped import Stop, Then, Who

STOPS = [
    Stop(Who.RUNNER, Then.MEANWHILE, 0.3, 32.0, 0.0),
    Stop(Who.PAIR, Then.LIMITED, 0.1, 33.0, 0.0),
    Stop(Who.ALL, Then.LEFT, 0.5, 34.0, 0.0),
]


@pytest.mark.slow
@pytest.mark.deep
def test_a_run_that_stood_still_gets_on_ends_when_it_is_to_and_is_finished_by_upgrade():
    (told,) = stopped.every(STOPS, at_once=1)
    assert told.broken == []
    assert told.ends == [
        "runner, cancelled meanwhile: stopped",
        "runner and supervisor, ends after its step: stopped",
        "everything, left alone: went on",
    ]


def test_each_way_to_stand_still_and_to_go_on_comes_about_equally_often():
    dealt = stopped.deal(30, 1, list(Who), list(Then))
    counts = collections.Counter((stop.who, stop.then) for stop in dealt)
    assert len(dealt) == 30
    assert set(counts.values()) == {2, 3}
    assert len(counts) == len(Who) * len(Then)
    assert all(stop.still_s > 30 for stop in dealt)
