"""Real processes, killed, cancelled and forced at each named point; the testbed is restored."""

from __future__ import annotations

import os

import pytest
from cou.kinds import ROWS

from . import chronicle, crew
from .harness import How

pytestmark = [pytest.mark.slow, pytest.mark.deep, pytest.mark.proof]

JOBS = int(os.environ.get("JOBS", "2"))
PARTS = 8  # each a test of its own, so that shares take about as long as each other


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    path = tmp_path_factory.mktemp("chronicle") / "book"
    return path, chronicle.keep(path)


def assert_kept(path, work, count):
    struck, broken = 0, []
    for _, times, violations in crew.every(path, work, JOBS):
        struck += times
        broken += violations
    assert not broken, broken
    assert struck == count


def test_every_kind_of_step_is_in_the_plan(book):
    kinds = {moment.point.kind for moment in book[1].one_of_each()}
    assert kinds >= {kind.value for kind in ROWS}


@pytest.mark.parametrize("part", range(PARTS))
def test_killed_at_each_point_of_each_kind_of_step_nothing_is_lost_or_repeated(book, part):
    path, kept = book
    chains = crew.by_step(kept.one_of_each())[part::PARTS]
    assert_kept(path, chains, sum(len(moments) for _, moments in chains))


@pytest.mark.parametrize("how", [How.CANCEL, How.FORCE], ids=["plain", "forced"])
def test_cancelled_at_each_named_point_nothing_starts_and_nothing_is_lost(book, how):
    path, kept = book
    moments = kept.one_of_each_name()
    assert_kept(path, [(how.value, moment) for moment in moments], len(moments))
