"""Somebody sets a clock in the middle of an upgrade, the controller's or ours; in virtual time."""

from __future__ import annotations

import asyncio
import datetime
import re

import pytest
from cou.clock import LoopClock
from cou.journal import Journal
from cou.journal.records import RunState, StepState
from cou.kinds import Kind
from cou.show import history, run_report, status_text, view
from cou.wording import IN_DOCUMENTS

from ..proof import small
from . import world as worlds

pytestmark = pytest.mark.slow

QUIET_S = 10.0  # of Settings
# A duration that is negative; a date has its hyphens between digits.
_NEGATIVE = re.compile(r"(?<![\w-])-[0-9]")


class Settable(LoopClock):
    """Our clock, whose wall time can be set."""

    def __init__(self, start):
        super().__init__(start)
        self.ahead = datetime.timedelta()

    def now(self):
        return super().now() + self.ahead

    def jump(self, seconds):
        self.ahead += datetime.timedelta(seconds=seconds)


class Watched:
    """Notes by the loop's clock when each unit has shown another thing, and steps have ended."""

    def __init__(self, world, monkeypatch):
        self.stirred, self.ends = {}, {}
        self._loop = asyncio.get_running_loop()
        write = world.model._set

        def told(unit, kind, current, message, data):
            before = getattr(unit, kind)
            write(unit, kind, current, message, data)
            if getattr(unit, kind) is not before:
                self.stirred.setdefault(unit.name, []).append(self._loop.time())

        monkeypatch.setattr(world.model, "_set", told)
        end_step = Journal.end_step

        def ended(journal, token, step, *given, **named):
            self.ends[step] = self._loop.time()
            end_step(journal, token, step, *given, **named)

        monkeypatch.setattr(Journal, "end_step", ended)

    def assert_quiet(self, waits):
        """Make sure that no wait ended before all that it waited for had been quiet."""
        for step in waits:
            at = self.ends[step.id]
            moments = [
                moment
                for name, every in self.stirred.items()
                if name.partition("/")[0] in step.params["applications"]
                for moment in every
                if moment <= at
            ]
            assert min((at - one for one in moments), default=QUIET_S) >= QUIET_S, step.id


def texts(world):
    """Return whatever is shown of the run now."""
    journal = world.journal()
    try:
        seen = view.view_of_journal(journal, alive=True)
        now = world.clock.now()
        account = history.make_report(journal, alive=True, now=now)
        return [
            status_text.text(seen, now, IN_DOCUMENTS),
            *(str(one.what) for one in seen.waits),
            run_report.text(account, "text"),
        ]
    finally:
        journal.close()


async def begun(world, hooks, attempt):
    """Wait until so many hooks have begun."""
    while len([e for e in world.model.log.entries if e["event"] == "hook-begun"]) < hooks:
        assert not attempt.done(), attempt.result()
        await asyncio.sleep(0.05)


async def upgraded(folder, monkeypatch, hooks, set_it=None, ours_ahead_s=0):
    """Upgrade a cloud, and set a clock once so many hooks have begun; return how long it took.

    Args:
        folder: for its journal.
        monkeypatch: of the test.
        hooks: how many.
        set_it: sets a clock of the world; None: none is set.
        ours_ahead_s: by how much our clock is ahead of the controller's from the beginning.
    """
    folder.mkdir()
    world = await worlds.build(folder, small.BUNDLE)
    world.clock = Settable(world.clock.now() + datetime.timedelta(seconds=ours_ahead_s))
    watched, shown = Watched(world, monkeypatch), []
    plan = await world.plan()
    attempt = world.create(plan)
    begin = world.clock.monotonic()
    work = asyncio.ensure_future(world.work(attempt))
    await begun(world, hooks, work)
    if set_it is not None:
        set_it(world)
    while not work.done():
        shown += texts(world)
        await asyncio.sleep(7)
    assert (await work).state is RunState.COMPLETED, (await work).error
    took = world.clock.monotonic() - begin
    records = world.steps(attempt.run)
    waits = [step for step in plan.root.single_steps() if step.kind is Kind.WAIT_IDLE]
    assert {records[step.id].state for step in waits} == {StepState.DONE}
    watched.assert_quiet(waits)
    negative = [line for text in shown for line in text.splitlines() if _NEGATIVE.search(line)]
    assert shown
    assert negative == []
    return took


@pytest.mark.sampled(1)
@pytest.mark.parametrize(
    ("whose", "hooks"),
    [*(("the controller's", hooks) for hooks in (3, 11, 30, 40)), ("ours", 11), ("ours", 30)],
)
@pytest.mark.parametrize("seconds", [-3600, 3600, -20], ids=["back", "forward", "a little"])
async def test_an_upgrade_goes_on_as_ever_when_a_clock_is_set(
    tmp_path, monkeypatch, seconds, hooks, whose
):
    def set_it(world):
        (world.clock if whose == "ours" else world.model.clock).jump(seconds)

    alone = await upgraded(tmp_path / "alone", monkeypatch, hooks)
    took = await upgraded(tmp_path / "set", monkeypatch, hooks, set_it)
    assert took == pytest.approx(alone, rel=0.1)


@pytest.mark.sampled(1)
@pytest.mark.parametrize("hours", [-7, 7])
async def test_an_upgrade_takes_as_long_beside_a_controller_whose_clock_differs_by_hours(
    tmp_path, monkeypatch, hours
):
    alone = await upgraded(tmp_path / "alone", monkeypatch, 11)
    took = await upgraded(tmp_path / "far", monkeypatch, 11, ours_ahead_s=hours * 3600)
    assert took == pytest.approx(alone, rel=0.1)
