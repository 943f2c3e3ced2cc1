"""A little of it with every run of the tests, always the same; `make fuzz` goes on for longer."""

from __future__ import annotations

import contextlib
import random

import pytest
from cou.journal import FILE, Journal

from .targets import TARGETS, tell
from .whole import whole_journal


@pytest.mark.sampled(3)
@pytest.mark.slow
@pytest.mark.parametrize("name", TARGETS)
def test_odd_input_gives_an_answer_or_an_error_of_its_own(name):
    for number in range(150):
        seed = f"{name}/0/{number}"
        try:
            TARGETS[name](random.Random(seed))
        except Exception as error:
            raise AssertionError(f"with the seed {seed!r}") from error


def test_the_journal_that_is_damaged_is_a_good_one(tmp_path):
    (tmp_path / FILE).write_bytes(whole_journal())
    with contextlib.closing(Journal(tmp_path, create=False)) as opened:
        run = opened.current()
        assert run is not None
        assert len(opened.operations(run.id)) == 3
        tell(opened)
