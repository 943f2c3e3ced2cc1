"""Whether a run goes on, looked at while somebody begins it: two looks are no single one."""

from __future__ import annotations

import pytest
from cou.run import view
from cou.run.journal import Journal
from cou.run.place import Place
from cou.run.records import RunState

from . import one_step


@pytest.fixture
def place(tmp_path):
    place = Place(tmp_path / "home", tmp_path / "run")
    place.make()
    return place


@pytest.fixture
def journal(place):
    journal = Journal(place.home)
    yield journal
    journal.close()


def test_a_run_begun_between_the_two_looks_is_starting(place, journal, monkeypatch):
    really = view.look

    def look(*arguments, **more):
        if not place.coming.exists():
            place.coming.touch()
            one_step.begin(journal)
        return really(*arguments, **more)

    monkeypatch.setattr(view, "look", look)
    seen = view.look_at(place, journal, estimated=False)
    assert seen is not None
    assert seen.state is RunState.STARTING


def test_a_run_without_a_process_is_interrupted(place, journal):
    one_step.begin(journal)
    seen = view.look_at(place, journal, estimated=False)
    assert seen is not None
    assert seen.state is RunState.INTERRUPTED


def test_a_supervisor_that_takes_its_lock_between_the_two_looks_is_seen(place, monkeypatch):
    def holder(_):
        """Nobody yet; then it comes, and takes the file away."""
        place.coming.unlink(missing_ok=True)
        return 0

    place.coming.touch()
    monkeypatch.setattr("cou.run.locks.holder", holder)
    assert view.is_going(place)
