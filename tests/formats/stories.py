"""Runs that an older charm has left half-done, each with the cloud that it has left.

A story is a journal and the calls that its runner had sent, each with its instant. The calls are
replayed on a fresh testbed in virtual time: that is the cloud to which the journal belongs. They
are Juju's own calls, so a change of the engine or of the testbed does not make a story stale.

``python -m tests.formats.stories`` writes the stories that are not there yet. One that is there is
never made again: it is what an older charm has left on a disk.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import json
import pathlib
import sqlite3
import sys
import tempfile
import zipfile

from cou.journal import FILE
from cou.journal.records import Job, Limit, MarkState, RunState, StepState
from cou.juju.client import Client
from juju_testbed.model.troubles import FOR_EVER, Mode, Trouble
from juju_testbed.wire.facades.dispatcher import Dispatcher

from tests.proof import small
from tests.proof.harness import OPTIONS
from tests.simulation import story as stories
from tests.simulation import world as worlds

FOLDER = pathlib.Path(__file__).parent / "stories"
EPOCH = datetime.datetime(2026, 11, 2, 20, 0, tzinfo=datetime.timezone.utc)
UUID = "6a2f1c1e-5b0d-4a57-9a35-3f1f9d7f4c10"
_JOURNAL, _CALLS = "journal.sqlite", "calls.json"


def _trouble(world, kind, unit, name, mode):
    world.model.troubles.add(Trouble(kind, unit, name, Mode(mode), FOR_EVER))


def _clear(world):
    world.model.troubles.clear()


def _instances(world, unit, count):
    stories.place(world).site(unit).world.instances = count


def _config(world, application, key, value):
    world.model.set_config(application, {key: value}, "admin")


# What others than the runner do in a story.
ACTS = {"trouble": _trouble, "clear": _clear, "instances": _instances, "config": _config}


class _Recorded(worlds.InProcess):
    """Keeps each call that may change the model."""

    def __init__(self, dispatcher, kept):
        super().__init__(dispatcher)
        self._kept = kept

    async def call(self, facade, method, params, *, changes, timeout_s=None):
        if changes:
            at = asyncio.get_running_loop().time() + self._latency_s
            self._kept.append([at, "call", facade, method, params])
        return await super().call(facade, method, params, changes=changes, timeout_s=timeout_s)


class Told:
    """A world whose story is kept."""

    def __init__(self, world):
        self.world = world
        self.entries = []
        dispatcher = Dispatcher(world.controller, world.model.uuid, worlds.USER)
        world.client = lambda: Client(_Recorded(dispatcher, self.entries))
        self.run = ""

    def act(self, name, *given):
        """Have somebody else do something to the cloud."""
        self.entries.append([asyncio.get_running_loop().time(), name, *given])
        ACTS[name](self.world, *given)

    async def begun(self, limit=None):
        """Plan, and begin a run; return its attempt."""
        attempt = self.world.create(await self.world.plan(**OPTIONS), limit)
        self.run = attempt.run
        return attempt

    async def killed_at(self, attempt, strikes, *, as_=RunState.INTERRUPTED):
        """Work until the runner is killed; without a state, nobody has noticed it yet."""
        if as_ is None:
            self.world.bury = lambda *given: None
        assert await self.world.work_until(attempt, strikes, as_=as_) is None
        vars(self.world).pop("bury", None)

    def running(self, part):
        """Return the running steps whose id has a part."""
        return [
            step
            for step, record in self.world.steps(self.run).items()
            if record.state is StepState.RUNNING and part in step
        ]

    def marks(self, state):
        """Return the marks in a state."""
        return {mark.id for mark in self.world.marks(self.run) if mark.state is state}

    def states(self):
        """Return the states that steps have."""
        return {record.state for record in self.world.steps(self.run).values()}

    def cancel(self, attempt, **how):
        """Record an operator's cancel."""
        journal = self.world.journal()
        journal.cancel(attempt.token, "operator", **how)
        journal.close()

    async def cancelled_in(self, attempt, part):
        """Work, cancel while a step runs, and wait until that one has ended."""
        work = asyncio.ensure_future(self.world.work(attempt))
        while not self.running(part):
            assert not work.done(), work.result()
            await asyncio.sleep(1)
        self.cancel(attempt)
        ending = await work
        assert ending.state is RunState.STOPPED, ending


async def planned(told):
    """A plan was shown."""
    plan = await told.world.plan(**OPTIONS)
    journal = told.world.journal()
    settings = dataclasses.asdict(told.world.settings)
    journal.show(worlds.canonical(plan.to_dict()), settings)
    journal.close()


async def starting(told):
    """The machine went down before the runner had taken its run."""
    await told.begun()


async def running(told):
    """The machine went down in the middle of a step, and nobody has noticed it."""
    attempt = await told.begun()
    await told.killed_at(
        attempt, lambda _: bool(told.running("keystone-0/upgrade-packages")), as_=None
    )


async def waiting(told):
    """The machine went down while a vault waited for its operator."""
    attempt = await told.begun()

    def waits(_):
        journal = told.world.journal()
        state = journal.run(told.run).state
        journal.close()
        return state is RunState.WAITING

    await told.killed_at(attempt, waits, as_=None)


async def draining(told):
    """The machine went down after a cancel, while the step of that time still ran."""
    attempt = await told.begun()
    cancelled = []

    def strikes(name):
        if told.running("nova-compute-0/upgrade-unit") and not cancelled:
            cancelled.append(name)
            told.cancel(attempt)
        return bool(cancelled) and name == "journal/record-verdict/before"

    await told.killed_at(attempt, strikes, as_=None)


async def stopped(told):
    """A cancel in the data plane, with marks set."""
    await told.cancelled_in(await told.begun(), "nova-compute-0/upgrade-unit")
    assert told.marks(MarkState.SET)
    assert told.marks(MarkState.PUT_BACK)


async def stopped_by_count(told):
    """One application was approved, and done."""
    attempt = await told.begun(Limit("application", 1))
    ending = await told.world.work(attempt)
    assert ending.state is RunState.STOPPED, ending


async def killed(told):
    """A forced cancel between the request of a task and its record."""
    attempt = await told.begun()

    def strikes(name):
        return name == "juju/enqueue/after" and bool(told.running("nova-compute-0/upgrade-unit"))

    await told.killed_at(attempt, strikes, as_=RunState.KILLED)


async def interrupted(told):
    """The runner was killed between what a step intends and its request."""
    attempt = await told.begun()

    def strikes(name):
        return name == "juju/set-config/before" and bool(told.running("keystone"))

    await told.killed_at(attempt, strikes)
    assert StepState.RUNNING in told.states() or StepState.IN_DOUBT in told.states()


async def failed_action(told):
    """An action on a hypervisor failed; its marks stay."""
    told.act("trouble", "action", "nova-compute/0", "openstack-upgrade", "fail")
    ending = await told.world.work(await told.begun())
    assert ending.state is RunState.FAILED, ending
    assert StepState.FAILED in told.states()
    assert told.marks(MarkState.SET)
    told.act("clear")


async def failed_wait(told):
    """A unit's hook failed for longer than it is given, so that waiting for it failed."""
    told.act("trouble", "hook", "keystone/1", "config-changed", "fail")
    ending = await told.world.work(await told.begun())
    assert ending.state is RunState.FAILED, ending
    told.act("clear")


async def timed_out(told):
    """A unit was busy for longer than a step may take."""
    told.act("trouble", "hook", "keystone/1", "config-changed", "hold")
    ending = await told.world.work(await told.begun())
    assert ending.state is RunState.FAILED, ending
    told.act("clear")


async def refused(told):
    """The model was no longer as the plan had shown it."""
    attempt = await told.begun()
    told.act("config", "keystone", "openstack-origin", "cloud:focal-victoria")
    ending = await told.world.work(attempt)
    assert ending.state is RunState.REFUSED, ending


async def completed(told):
    """All is done."""
    ending = await told.world.work(await told.begun())
    assert ending.state is RunState.COMPLETED, ending


async def completed_but_for_a_host(told):
    """All is done but one hypervisor, which got instances while the run went on."""
    attempt = await told.begun()
    work = asyncio.ensure_future(told.world.work(attempt))
    while not told.marks(MarkState.SET) & {"compute-service:nova-compute/1"}:
        assert not work.done(), work.result()
        await asyncio.sleep(0.01)
    told.act("instances", "nova-compute/1", 2)
    ending = await work
    assert ending.state is RunState.COMPLETED, ending
    assert StepState.SKIPPED in told.states()


async def restored(told):
    """A failed hypervisor; its operator had the marks put back, and one had to stay."""
    told.act("trouble", "action", "nova-compute/0", "openstack-upgrade", "fail")
    ending = await told.world.work(await told.begun())
    assert ending.state is RunState.FAILED, ending
    ending = await told.world.work(told.world.resume(told.run, job=Job.RESTORE))
    assert told.marks(MarkState.SET), [(m.id, m.state, m.note) for m in told.world.marks(told.run)]
    told.act("clear")


async def abandoned(told):
    """A cancel in the data plane, and then its operator gave the run up."""
    await told.cancelled_in(await told.begun(), "nova-compute-0/upgrade-unit")
    ending = await told.world.work(told.world.resume(told.run, job=Job.ABANDON))
    assert ending.state is RunState.ABANDONED, ending


STORIES = {
    one.__name__.replace("_", "-"): one
    for one in (
        planned,
        starting,
        running,
        waiting,
        draining,
        stopped,
        stopped_by_count,
        killed,
        interrupted,
        failed_action,
        failed_wait,
        timed_out,
        refused,
        completed,
        completed_but_for_a_host,
        restored,
        abandoned,
    )
}


def _seals(name):
    return name == "waiting"


async def cloud(home, name):
    """Deploy the cloud that a story begins with."""
    source = small.BUNDLE
    if _seals(name):
        source = source.replace("testbed:\n", "testbed:\n  seal-on-refresh: true\n")

    def edit(model):
        model.uuid = model.config["uuid"] = UUID

    return await worlds.build(home, source, edit=edit, epoch=EPOCH)


async def tell(home, name):
    """Live through a story; return what was done in it, and the state that its run has."""
    told = Told(await cloud(home, name))
    await STORIES[name](told)
    entries = [*told.entries, [asyncio.get_running_loop().time(), "end"]]
    return entries, told.world.state_of(told.run) if told.run else RunState.PLANNED


async def replay(home, name, entries):
    """Return the world that a story has left, its clock at the end; its journal is not there."""
    world = await cloud(home, name)
    loop = asyncio.get_running_loop()
    dispatcher = Dispatcher(world.controller, world.model.uuid, worlds.USER)
    network = worlds.InProcess(dispatcher)
    for at, what, *given in entries:
        await asyncio.sleep(max(0.0, at - loop.time()))
        if what == "call":
            facade, method, params = given
            await dispatcher.call(facade, network.facades.get(facade, 0), "", method, params)
        elif what != "end":
            ACTS[what](world, *given)
    return world


def read(path):
    """Return a story's journal, as the bytes of its file, and what was done in it."""
    with zipfile.ZipFile(path) as kept:
        return kept.read(_JOURNAL), json.loads(kept.read(_CALLS))


def _write(name, path):
    with tempfile.TemporaryDirectory() as folder:
        home, whole = pathlib.Path(folder) / "home", pathlib.Path(folder) / "whole"
        entries, state = worlds.run(tell(home, name))
        db = sqlite3.connect(home / FILE)
        db.execute("vacuum into ?", (str(whole),))  # one file, with nothing beside it
        db.close()
        with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as kept:
            kept.write(whole, _JOURNAL)
            kept.writestr(_CALLS, json.dumps(entries))
    sys.stdout.write(f"{name}: {state.value}, {path.stat().st_size} bytes\n")


def main():
    """Write those that are not there."""
    FOLDER.mkdir(exist_ok=True)
    for name in STORIES:
        path = FOLDER / f"{name}.zip"
        if not path.exists():
            _write(name, path)


if __name__ == "__main__":
    main()
