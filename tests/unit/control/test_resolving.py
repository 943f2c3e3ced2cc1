"""A step that a run does not have is refused at once, with those that can be resolved."""

from __future__ import annotations

import pytest
from cou.control.control import Control
from cou.errors import BadInput
from cou.journal import Journal
from cou.journal.records import RunState, StepState
from cou.process.paths import RunPaths
from cou.wording import COMMAND_LINE

from ..one_step import begin


@pytest.mark.parametrize(
    ("failed", "told"),
    [
        (True, "Those that failed or are in doubt: a."),
        (False, "None of its steps failed or is in doubt. To go on: cou upgrade"),
    ],
)
def test_an_unknown_step_is_refused_with_those_that_are_open(tmp_path, failed, told):
    place = RunPaths(tmp_path / "home", tmp_path / "run")
    place.make()
    journal = Journal(place.home)
    attempt = begin(journal)
    if failed:
        journal.begin_step(attempt.token, "a")
        journal.end_step(attempt.token, "a", StepState.FAILED, error="no")
    journal.end_attempt(attempt.token, RunState.FAILED if failed else RunState.STOPPED)
    journal.close()
    with pytest.raises(BadInput) as refusal:
        Control(place).resolve_step("keystone/other", "skip", "why")
    assert refusal.value.code == "step-unknown"
    assert refusal.value.remedy.text_for(COMMAND_LINE) == told
