"""A controller is kept as bytes at rest, and goes on as if nothing had been."""

from __future__ import annotations

import datetime

import pytest
from juju_testbed.model import frozen
from juju_testbed.model.controller import Controller

HOUR = datetime.timedelta(hours=1)


def controller_of(world):
    controller = Controller(clock=world.clock)
    controller.add_model(world.model)
    return controller


async def test_what_is_thawed_is_what_was_frozen_and_goes_on(world):
    controller = controller_of(world)
    world.model.start()
    await world.clock.sleep(10)
    entries = len(world.model.log.entries)
    thawed = frozen.thaw(frozen.freeze(controller))
    (model,) = thawed.models.values()
    assert model is not world.model
    assert model.units["keystone/0"] == world.model.units["keystone/0"]
    assert model.log.entries == world.model.log.entries
    model.start()
    world.refresh("keystone", 2)
    assert len(model.log.entries) == entries, "the two share something"
    await model.clock.sleep(10)
    assert frozen.at_rest(model)
    await model.stop()
    await world.model.stop()


async def test_nothing_is_frozen_while_something_runs(world):
    controller = controller_of(world)
    world.model.start()
    await world.clock.sleep(10)
    world.refresh("keystone", 2)
    await world.clock.sleep(2)
    assert not frozen.at_rest(world.model)
    with pytest.raises(ValueError, match="something runs"):
        frozen.freeze(controller)
    await world.clock.sleep(60)
    assert frozen.at_rest(world.model)
    await world.model.stop()


async def test_the_clock_goes_on_from_a_later_time_and_never_back(world):
    controller = controller_of(world)
    world.model.start()
    await world.clock.sleep(10)
    data = frozen.freeze(controller)
    await world.model.stop()
    now = world.clock.now()
    assert frozen.thaw(data, now + HOUR).clock.now() >= now + HOUR
    assert frozen.thaw(data, now - HOUR).clock.now() < now + HOUR
    assert frozen.thaw(data, now - HOUR).clock.now() > now - HOUR
