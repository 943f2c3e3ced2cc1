"""How often waits look at the model, and that nothing is missed for it; in virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import datetime

import pytest
from cou.clock import LoopClock
from cou.concurrency import BackgroundTasks
from cou.errors import StepFailed
from cou.juju.port import Status, Task, TaskStatus
from cou.operations.observer import Observer
from cou.operations.outside import Outside
from cou.steps import wait_conditions
from juju_testbed.model.virtual import run

from ..fakes import NOW, World


class Model(World):
    """A model whose clock is the loop's, and that counts who looks."""

    def __init__(self):
        super().__init__()
        self.looked = []

        self.set_by = datetime.timedelta()  # by how much somebody has set its clock

    def now(self):
        passed = datetime.timedelta(seconds=asyncio.get_running_loop().time())
        return NOW + passed + self.set_by

    async def full_status(self, applications=()):
        self.looked.append(asyncio.get_running_loop().time())
        return dataclasses.replace(self.status(), controller_time=self.now())

    def stir(self, name, current):
        """Let the agent of an application's first unit change its status now."""
        app = self.apps[name]
        unit = f"{name}/0"
        agent = Status(current, "", self.now())
        units = {**app.units, unit: app.units[unit]._replace(agent=agent)}
        self.apps[name] = dataclasses.replace(app, units=units)


class Known(Outside):
    """A model in the same process: whether it has changed is known without a look."""

    def __init__(self, model):
        self.model = model

    def changes(self):
        return dict(self.model.apps)


def made(outside=lambda model: None):
    model = Model()
    for name in ("glance", "cinder"):
        model.add(name, "20.0.1")
    return model, Observer(model, LoopClock(NOW), BackgroundTasks(), outside=outside(model))


def idle(*names):
    return wait_conditions.idle(names, quiet_s=10.0, timeout_s=300.0, grace_s=300.0)


async def test_a_wait_after_no_change_costs_one_look():
    model, observer = made()
    assert await observer.wait(idle("glance"))
    assert len(model.looked) == 1


async def test_a_quiet_period_costs_two_looks_and_ends_when_it_is_over():
    model, observer = made()
    model.stir("glance", "idle")
    assert await observer.wait(idle("glance"))
    assert len(model.looked) <= 3
    assert asyncio.get_running_loop().time() == pytest.approx(10.0, abs=0.2)


async def test_what_is_told_of_a_quiet_period_is_true_for_as_long_as_it_is_told():
    """Nobody looks again before its end, so a count of seconds would stand still."""

    model, observer = made()
    model.stir("glance", "idle")
    waiting = asyncio.ensure_future(observer.wait(idle("glance")))
    told = set()
    while not waiting.done():
        told |= {one.what for one in observer.waited_for}
        await asyncio.sleep(0.5)
    since, until = (NOW + datetime.timedelta(seconds=s) for s in (0, 10))
    times = f"since {since:%H:%M:%S}, until {until:%H:%M:%S} UTC"
    assert told == {f"all is idle; quiet {times}"}


CLOCKS = {"back": -3600, "forward": 3600, "back a little": -4, "forward a little": 4}


def set_clock(model, seconds):
    model.set_by += datetime.timedelta(seconds=seconds)


@pytest.mark.parametrize("seconds", CLOCKS.values(), ids=CLOCKS)
@pytest.mark.parametrize("after", [0.0, 4.0, 9.9])
async def test_a_quiet_period_is_as_long_whoever_sets_the_controllers_clock(seconds, after):
    model, observer = made()
    model.stir("glance", "idle")
    waiting = asyncio.ensure_future(observer.wait(idle("glance")))
    await asyncio.sleep(0.01 + after)
    set_clock(model, seconds)
    told = set()
    while not waiting.done():
        told |= {one.what for one in observer.waited_for}
        await asyncio.sleep(0.1)
    assert asyncio.get_running_loop().time() == pytest.approx(10.0, abs=0.3)
    assert len(model.looked) <= 3
    assert not any("-" in one for one in told), told


@pytest.mark.parametrize("seconds", CLOCKS.values(), ids=CLOCKS)
async def test_activity_after_the_clock_was_set_is_given_its_quiet_period(seconds):
    """Also where it is seen a while later, as an earlier look has shown the unit at something."""

    model, observer = made()
    model.stir("glance", "executing")
    waiting = asyncio.ensure_future(observer.wait(idle("glance")))
    await asyncio.sleep(60)
    model.stir("glance", "idle")
    set_clock(model, seconds)
    await waiting
    assert asyncio.get_running_loop().time() == pytest.approx(70.0, abs=3.0)
    assert asyncio.get_running_loop().time() >= 70.0


async def test_a_clock_that_was_set_forward_ends_no_wait_that_begins_later():
    """The stamp of what moved just before is then an hour old."""

    model, observer = made()
    assert await observer.wait(idle("cinder"))
    await asyncio.sleep(30)
    model.stir("glance", "idle")
    set_clock(model, 3600)
    await observer.wait(idle("glance"))
    assert asyncio.get_running_loop().time() >= 39.99


async def test_after_a_clock_was_set_back_a_wait_after_no_change_still_costs_one_look():
    model, observer = made()
    model.stir("glance", "idle")
    await observer.wait(idle("glance"))
    set_clock(model, -3600)
    looks = len(model.looked)
    assert await observer.wait(idle("glance"))
    assert len(model.looked) == looks + 1


async def test_to_a_new_runner_a_stamp_that_lies_ahead_says_nothing_and_it_waits_in_full():
    model, _ = made()
    model.stir("glance", "idle")
    set_clock(model, -3600)
    await Observer(model, LoopClock(NOW), BackgroundTasks()).wait(idle("glance"))
    assert asyncio.get_running_loop().time() == pytest.approx(10.0, abs=0.3)


@pytest.mark.parametrize("late", [0.5, 5.0, 9.0, 9.9])
async def test_a_ripple_that_comes_late_is_still_caught(late):
    model, observer = made()
    model.stir("glance", "idle")
    waiting = asyncio.ensure_future(observer.wait(idle("glance")))
    await asyncio.sleep(late)
    model.stir("glance", "executing")
    await asyncio.sleep(30)
    assert not waiting.done()
    model.stir("glance", "idle")
    ended = asyncio.get_running_loop().time()
    await waiting
    assert asyncio.get_running_loop().time() >= ended + 9.99


def test_many_waits_cost_no_more_looks_than_one():
    async def story(count):
        model, observer = made()
        model.stir("glance", "executing")
        model.stir("cinder", "executing")
        waits = [
            asyncio.ensure_future(observer.wait(idle(("glance", "cinder")[n % 2])))
            for n in range(count)
        ]
        await asyncio.sleep(200)
        looks = len(model.looked)
        model.stir("glance", "idle")
        model.stir("cinder", "idle")
        await asyncio.gather(*waits)
        return looks

    assert run(story(16)) == run(story(1))


async def test_long_waits_look_at_most_once_in_two_seconds():
    model, observer = made()
    model.stir("glance", "executing")
    waiting = asyncio.ensure_future(observer.wait(idle("glance")))
    await asyncio.sleep(100)
    assert len(model.looked) <= 50
    model.stir("glance", "idle")
    await waiting


def test_where_nothing_is_known_to_have_changed_nobody_looks_and_nothing_comes_later():
    async def story(outside, stirred):
        model, observer = made(outside)
        model.stir("glance", "executing")
        waiting = asyncio.ensure_future(observer.wait(idle("glance")))
        await asyncio.sleep(stirred)
        if stirred < 300:
            model.stir("glance", "idle")
        with contextlib.suppress(StepFailed):
            await waiting
        return asyncio.get_running_loop().time(), len(model.looked)

    for stirred in (0.05, 3, 100, 299, 1000):
        ended, looks = run(story(lambda model: None, stirred))
        ended_knowing, looks_knowing = run(story(Known, stirred))
        assert ended_knowing == ended
        assert looks_knowing <= min(looks, 3)


async def test_a_wait_that_begins_beside_a_quiet_one_is_looked_at_soon():
    model, observer = made()
    model.stir("glance", "idle")
    quiet = asyncio.ensure_future(observer.wait(idle("glance")))
    await asyncio.sleep(1)
    begun = asyncio.get_running_loop().time()
    await observer.wait(idle("cinder"))
    assert asyncio.get_running_loop().time() - begun < 0.5
    await quiet


async def test_a_wait_leaves_the_loop_to_others_between_two_looks():
    """Signals, a recorded cancel and keep-alive pings are heard by what else runs there."""

    class Watched(Model):
        turns = 0
        last = 0

        async def full_status(self, applications=()):
            assert not self.looked or self.turns > self.last
            self.last = self.turns
            if len(self.looked) == 9:
                self.stir("glance", "idle")
            return await super().full_status(applications)

    model = Watched()
    model.add("glance", "20.0.1")
    model.stir("glance", "executing")
    waiting = asyncio.ensure_future(
        Observer(model, LoopClock(NOW), BackgroundTasks()).wait(idle("glance"))
    )
    while not waiting.done():
        model.turns += 1
        await asyncio.sleep(0.05)
    assert await waiting


@pytest.mark.parametrize("outside", [lambda model: None, Known])
@pytest.mark.parametrize(("status", "message"), [("pending", ""), ("running", "")])
async def test_a_task_in_which_nothing_moves_is_given_up(status, message, outside):
    model = Model()
    task = Task(7, "glance/0", "mysqldump", {}, TaskStatus(status), message)
    model.tasks_made[7] = task
    model.silent.add("glance/0")
    begun = asyncio.get_running_loop().time()
    observer = Observer(model, LoopClock(NOW), BackgroundTasks(), outside=outside(model))
    with pytest.raises(StepFailed, match="mysqldump on glance/0") as caught:
        await asyncio.wait_for(observer.task(7, 600.0), 900)
    assert caught.value.code == "task-slow"
    assert asyncio.get_running_loop().time() - begun == pytest.approx(600, abs=5)


async def test_a_task_that_goes_on_telling_something_is_waited_for():
    model = Model()
    task = Task(7, "glance/0", "archive-data", {}, TaskStatus.RUNNING, "0 rows")
    model.tasks_made[7] = task
    waiting = asyncio.ensure_future(
        Observer(model, LoopClock(NOW), BackgroundTasks()).task(7, 600.0)
    )
    for rows in range(1, 10):
        await asyncio.sleep(500)
        model.tasks_made[7] = dataclasses.replace(task, message=f"{rows} rows")
    assert not waiting.done()
    model.tasks_made[7] = dataclasses.replace(task, status=TaskStatus.COMPLETED)
    assert (await waiting).status is TaskStatus.COMPLETED
