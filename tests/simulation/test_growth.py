"""What an upgrade asks of its journal grows as the cloud does, and not faster."""

from __future__ import annotations

import datetime

import pytest
from cou.journal.records import Limit, RunState

from . import bundles
from . import world as worlds

pytestmark = pytest.mark.slow

_APPLICATIONS = 6
_LINEAR = 1.1
_WINDOW = datetime.timedelta(days=30)


def cloud(applications):
    """Return so many applications of one charm, of one unit each."""
    made = bundles.Bundle("focal", "ussuri", 1, ())
    for name in "abcdefghijklmnopqrstuvwxyz"[:applications]:
        made.add(f"glance-{name}", charm="glance", units=1)
    return made.done()


async def asked(folder, applications):
    """Return how many instructions SQLite carries out for a runner, within a change window."""
    instructions = 0

    def step():
        nonlocal instructions
        instructions += 1

    world = await worlds.build(folder, cloud(applications), profile="instant")
    plan = await world.plan(backup=False)
    attempt = world.create(plan, Limit(until=world.clock.now() + _WINDOW))
    opened = world.journal

    def counted():
        journal = opened()
        journal._db._db.set_progress_handler(step, 1)
        return journal

    world.journal = counted
    ending = await world.work(attempt)
    assert ending.state is RunState.COMPLETED, ending.error
    return instructions


async def test_a_runner_asks_no_more_of_its_journal_than_in_proportion(tmp_path):
    once, twice, thrice = [
        await asked(tmp_path / f"{times}", _APPLICATIONS * times) for times in (1, 2, 3)
    ]
    assert thrice - twice <= (twice - once) * _LINEAR
