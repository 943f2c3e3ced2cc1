"""Somebody sets the controller's clock in the middle of an upgrade; in virtual time."""

from __future__ import annotations

import asyncio
import re

import pytest
from cou.plan.step import Kind
from cou.report import run_report
from cou.run import history, status_text, view
from cou.run.records import RunState, StepState

from ..proof import small
from . import world as worlds

pytestmark = pytest.mark.slow

QUIET_S = 10.0  # of Settings
# A duration that is negative; a date has its hyphens between digits.
_NEGATIVE = re.compile(r"(?<![\w-])-[0-9]")


class Watched:
    """Notes by the loop's clock when each unit has shown another thing."""

    def __init__(self, world, monkeypatch):
        self.stirred = {}
        write = world.model._set

        def told(unit, kind, current, message, data):
            before = getattr(unit, kind)
            write(unit, kind, current, message, data)
            if getattr(unit, kind) is not before:
                self.stirred.setdefault(unit.name, []).append(world.clock.now())

        monkeypatch.setattr(world.model, "_set", told)

    def quiet_before(self, applications, at):
        """Return for how many seconds units of applications had been quiet."""
        moments = [
            moment
            for name, every in self.stirred.items()
            if name.partition("/")[0] in applications
            for moment in every
            if moment <= at
        ]
        return min(((at - one).total_seconds() for one in moments), default=QUIET_S)


def texts(world):
    """Return whatever is shown of the run now."""
    journal = world.journal()
    try:
        seen = view.look(journal, alive=True)
        now = world.clock.now()
        account = history.tell(journal, alive=True, now=now)
        return [
            status_text.text(seen, now, str),
            seen.waits,
            run_report.text(account, "text"),
        ]
    finally:
        journal.close()


async def begun(world, hooks, attempt):
    """Wait until so many hooks have begun."""
    while len([e for e in world.model.log.entries if e["event"] == "hook-begun"]) < hooks:
        assert not attempt.done(), attempt.result()
        await asyncio.sleep(0.05)


@pytest.mark.parametrize("hooks", [3, 11, 30, 40])
@pytest.mark.parametrize("seconds", [-3600, 3600, -20], ids=["back", "forward", "a little"])
def test_an_upgrade_goes_on_as_ever_when_the_controllers_clock_is_set(
    tmp_path, monkeypatch, seconds, hooks
):
    async def story():
        took, shown = {}, []
        for name in ("left alone", "set"):
            (tmp_path / name).mkdir()
            world = await worlds.build(tmp_path / name, small.BUNDLE)
            watched = Watched(world, monkeypatch)
            plan = await world.plan()
            attempt = world.create(plan)
            begin = world.clock.monotonic()
            work = asyncio.ensure_future(world.work(attempt))
            await begun(world, hooks, work)
            if name == "set":
                world.model.clock.jump(seconds)
            while not work.done():
                shown += texts(world)
                await asyncio.sleep(7)
            assert (await work).state is RunState.COMPLETED, (await work).error
            took[name] = world.clock.monotonic() - begin
            records = world.steps(attempt.run)
            waits = [step for step in plan.root.leaves() if step.kind is Kind.WAIT_IDLE]
            assert {records[step.id].state for step in waits} == {StepState.DONE}
            for step in waits:
                ended = records[step.id].ended
                assert watched.quiet_before(step.params["applications"], ended) >= QUIET_S
        assert took["set"] == pytest.approx(took["left alone"], rel=0.1)
        negative = [line for text in shown for line in text.splitlines() if _NEGATIVE.search(line)]
        assert shown
        assert negative == []

    worlds.run(story())
