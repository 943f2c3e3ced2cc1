"""An answer that is malformed ends a run with a code, and `upgrade` finishes the run after it."""

from __future__ import annotations

import pytest
from cou.errors import Cause, CouError
from cou.journal.records import RunState
from cou.work.executor import WorkEnd

from ..fuzz import frames
from . import world as worlds
from .test_whole_run import assert_upgraded

CODES = {"bad-reply", "connection-lost", "needs-operator", "model-held"}
# By their number in the run; the first are about its own name on the model.
PLACES = (1, 2, 3, 8, 21, 55, 89, 150, 300)


class Malformed(worlds.InProcess):
    """Gives one answer, or some in a row, in frames that are malformed."""

    def __init__(self, dispatcher, place, row, kind):
        super().__init__(dispatcher)
        self._places = range(place, place + row)
        self._kind = kind
        self.given = 0

    async def call(self, facade, method, params, *, changes, timeout_s=None):
        number = self.calls + 1
        answer = await super().call(facade, method, params, changes=changes, timeout_s=timeout_s)
        if number not in self._places:
            return answer
        self.given += 1
        frame = frames.malformed(self._kind, answer)
        return frames.read(f"{facade}.{method}", frame, changes=changes)


async def work(world, attempt):
    """Run an attempt; an error of ours ends it as the runner's process does, and no other may."""
    try:
        return await world.work(attempt)
    except CouError as error:
        ending = WorkEnd(RunState.FAILED, Cause.of(error))
        journal = world.journal()
        journal.end_attempt(attempt.token, ending.state, ending.error)
        journal.close()
        return ending


@pytest.mark.sampled(2)
@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(PLACES)))
async def test_a_run_with_malformed_answers_ends_with_a_code_and_is_finished(
    tmp_path, monkeypatch, number
):
    row = 6 if number % 2 else 1
    kind = frames.MALFORMED[number % len(frames.MALFORMED)]

    world = await worlds.build(tmp_path / "home")
    plan = await world.plan()
    odd = world.behind(monkeypatch, Malformed, PLACES[number], row, kind)
    attempt = world.create(plan)
    for _ in range(12):
        ending = await work(world, attempt)
        if ending.state is RunState.COMPLETED:
            break
        assert ending.error.code in CODES, ending
        assert ending.error.remedy, ending
        attempt = world.resume(attempt.run)
    assert odd.given >= 1
    assert ending.state is RunState.COMPLETED, ending
    assert_upgraded(world, plan, attempt.run)
