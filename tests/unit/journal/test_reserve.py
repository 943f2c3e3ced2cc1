"""The reserve beside the journal is there whenever there is room for it, not only at first."""

from __future__ import annotations

import os

import pytest
from cou.journal import Journal
from cou.journal import disk_reserve as reserves
from cou.journal.records import RunState, StepState


@pytest.fixture
def room(monkeypatch):
    """Set what the disk has left."""
    left = {"bytes": 1 << 30}
    monkeypatch.setattr(reserves, "_room", lambda _: left["bytes"])
    return left


def size(journal):
    path = journal.home / "reserve"
    return path.stat().st_size if path.exists() else None


# What a full disk must not keep from being recorded.
URGENT = {
    "cancel": lambda journal, token: journal.cancel(token, "operator"),
    "end-step": lambda journal, token: journal.end_step(token, "a", StepState.DONE),
    "end-attempt": lambda journal, token: journal.end_attempt(token, RunState.STOPPED),
}


@pytest.mark.parametrize("record", URGENT.values(), ids=URGENT)
def test_once_given_up_it_is_made_again_when_there_is_room(journal, attempt, room, record):
    assert size(journal) == reserves.BYTES
    room["bytes"] = 0
    journal.add_event(attempt.run, "nothing that needs it", {})
    assert size(journal) == reserves.BYTES
    record(journal, attempt.token)
    assert size(journal) is None
    journal.add_event(attempt.run, "still full", {})
    assert size(journal) is None
    room["bytes"] = 4 * reserves.BYTES
    journal.add_event(attempt.run, "there is room", {})
    assert size(journal) == reserves.BYTES


def test_it_is_not_made_where_it_would_have_to_be_given_up_at_once(journal, attempt, room):
    (journal.home / "reserve").unlink()
    room["bytes"] = reserves.BYTES + 1
    journal.add_event(attempt.run, "little room", {})
    assert size(journal) is None


@pytest.mark.parametrize("left", [0, 1, reserves.BYTES - 1])
def test_a_part_of_one_is_made_whole(journal, attempt, left):
    """As code before this has left it on a full disk: empty, and never made again."""
    (journal.home / "reserve").write_bytes(b"x" * left)
    journal.add_event(attempt.run, "next", {})
    assert size(journal) == reserves.BYTES


def test_what_the_disk_refuses_leaves_nothing_and_is_not_tried_at_each_write(
    journal, attempt, monkeypatch
):
    (journal.home / "reserve").unlink()
    tried = []

    def refuse(descriptor):
        tried.append(descriptor)
        raise OSError(122, "Disk quota exceeded")

    monkeypatch.setattr(reserves.os, "fsync", refuse)
    journal.add_event(attempt.run, "first", {})
    assert size(journal) is None
    journal.add_event(attempt.run, "second", {})
    assert len(tried) == 1
    monkeypatch.undo()
    monkeypatch.setattr(reserves, "_TRY_AGAIN_S", 0.0)
    journal.add_event(attempt.run, "third", {})
    assert size(journal) == reserves.BYTES


def test_a_cancel_does_not_wait_for_it(journal, attempt):
    (journal.home / "reserve").unlink()
    other = Journal(journal.home)
    other.cancel(attempt.token, "operator")
    assert size(journal) is None
    other.close()


def test_it_takes_room_also_where_zeros_take_none(journal, attempt):
    content = (journal.home / "reserve").read_bytes()
    assert len(set(content)) == 256
    assert os.stat(journal.home / "reserve").st_blocks * 512 >= reserves.BYTES
