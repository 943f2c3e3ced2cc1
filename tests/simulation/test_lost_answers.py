"""Answers that are lost on their way fail nothing: what became of each change is found out."""

from __future__ import annotations

import random

import pytest
from cou.errors import JujuError
from cou.juju import resending

from . import world as worlds
from .test_whole_run import assert_upgraded, finish


class Losing(worlds.InProcess):
    """Loses the answers to a share of the changes, and to the first of each kind.

    Some are lost before, and some after the change was made.

    It begins when the run has begun, which writes its name on the model: a look at the model that
    has no answer before that refuses the run, and nothing was sent.
    """

    def __init__(self, dispatcher, dice, share):
        super().__init__(dispatcher)
        self._dice = dice
        self._share = share
        self._row = 0
        self._begun = False
        self.lost = {}

    async def call(self, facade, method, params, *, changes, timeout_s=None):
        self._begun = self._begun or (facade, method) == ("Annotations", "Set")
        kind = f"{facade}.{method}"
        lose = (
            changes
            and self._begun
            and self._row < resending.TRIES - 1
            and (kind not in self.lost or self._dice.random() < self._share)
        )
        made = not lose or self._dice.random() < 0.5
        reply = None
        if made:
            reply = await super().call(
                facade, method, params, changes=changes, timeout_s=timeout_s
            )
        if not lose:
            self._row = 0 if changes else self._row
            return reply
        self._row += 1
        self.lost[kind] = self.lost.get(kind, 0) + 1
        raise JujuError("connection-lost", "The connection broke.", sent=None)


@pytest.mark.sampled(1)
@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
async def test_a_run_that_loses_answers_to_its_changes_does_everything_once(
    tmp_path, seed, monkeypatch
):
    world = await worlds.build(tmp_path / "home")
    plan = await world.plan()
    losing = world.behind(monkeypatch, Losing, random.Random(seed), 0.2)
    attempt = world.create(plan)
    await finish(world, attempt)
    assert_upgraded(world, plan, attempt.run)
    kinds = {"Annotations.Set", "Application.SetConfigs", "Application.SetCharm"}
    assert kinds | {"Action.EnqueueOperation", "Action.Run"} <= set(losing.lost)


async def test_a_change_that_is_never_answered_is_given_up(tmp_path):
    """So that a controller that is gone for good ends a step, and not never."""

    world = await worlds.build(tmp_path / "home")
    asked = []

    async def send():
        asked.append(world.clock.monotonic())
        raise JujuError("connection-lost", "The connection broke.", sent=None)

    with pytest.raises(JujuError, match="broke"):
        await resending.until_answered(send, world.clock.sleep)
    assert len(asked) == resending.TRIES
    assert sorted(asked) == asked


async def test_a_change_that_was_refused_is_not_sent_again(tmp_path):
    world = await worlds.build(tmp_path / "home")
    asked = []

    async def send():
        asked.append(1)
        raise JujuError("permission-denied", "No.", sent=False)

    with pytest.raises(JujuError, match="No"):
        await resending.until_answered(send, world.clock.sleep)
    assert asked == [1]
