"""The simulated cloud and the engine in one process, in virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import dataclasses
import gc
import json

from cou import crash
from cou.clock import LoopClock
from cou.errors import JujuError
from cou.journal import Journal
from cou.journal.records import Job, Limit, Resolution, RunState
from cou.juju import versions
from cou.juju.client import Client
from cou.juju.transport import Session
from cou.operations.outside import Outside
from cou.options.options import Options
from cou.options.settings import Settings
from cou.plan.plan import Plan, canonical
from cou.work.attempt import Runner
from cou.work.make_plan import make_plan
from juju_testbed.charms import bundle
from juju_testbed.charms import profile as profiles
from juju_testbed.charms.store import OpenStackStore
from juju_testbed.model import virtual
from juju_testbed.model.clock import Clock
from juju_testbed.model.controller import Controller
from juju_testbed.model.entities import Counted
from juju_testbed.model.model import Model
from juju_testbed.wire.errors import WireError
from juju_testbed.wire.facades.dispatcher import Dispatcher

from tests import memory

USER = "cou"
# Of one runner. An engine that asks without end would take hours of virtual time in small steps.
MOST_CALLS = 50_000
# A runner that is killed in a story closes nothing, as in life; the process's end does it here.
_OPENED = []
# Worlds make much and hardly any circles: to look for those as often as Python does takes a tenth.
gc.set_threshold(20_000, 20, 20)
# Where a journal costs no waiting for a disk. In one process and virtual time no power fails: that
# the real journal is forced to the disk is another test's (tests/proof/test_breakages.py).
MEMORY = memory.room()


# Actions that are not safe to repeat: where a request of them may have been lost, a run asks.
ASKED_ABOUT = ("mysqldump", "run-deferred-hooks")

# What an engine's own tasks are called; those of the cloud go on when its runner is killed.
_ENGINE = ("Calls", "Executor", "Lease", "Observer", "Runner")


class Killed(BaseException):
    """The runner's process ended here; no code of the engine catches it."""


class InProcess:
    """`cou.juju.transport.Transport` on a dispatcher; latency in virtual seconds."""

    def __init__(self, dispatcher, latency_s=0.005):
        self._dispatcher = dispatcher
        self._latency_s = latency_s
        listed = {one["name"]: one["versions"] for one in dispatcher.facades()}
        self.facades = versions.choose(listed)
        self.calls = 0

    async def session(self):
        return Session(self._dispatcher.model.uuid, "admin", "", self.facades)

    async def call(self, facade, method, params, *, changes, timeout_s=None):
        self.calls += 1
        assert self.calls < MOST_CALLS, f"{facade}.{method}: it asks for ever"
        await asyncio.sleep(self._latency_s)
        try:
            reply = await self._dispatcher.call(
                facade, self.facades.get(facade, 0), "", method, params
            )
        except WireError as error:
            raise JujuError(
                "juju-error", error.message, juju_code=error.code, sent=False
            ) from error
        await asyncio.sleep(self._latency_s)
        return reply

    async def close(self):
        pass


@dataclasses.dataclass
class World(Outside):
    """A controller with one model, a user, a client and a journal."""

    model: Model
    controller: Controller
    store: OpenStackStore
    clock: LoopClock
    settings: Settings
    home: object
    # Of the runners that rest between two looks at the journal.
    watching: list[asyncio.Event] = dataclasses.field(default_factory=list)
    shown: object = None
    ages: bool = False

    def client(self):
        return Client(InProcess(Dispatcher(self.controller, self.model.uuid, USER)))

    def behind(self, monkeypatch, network, *given):
        """Have all its clients go through one network of a kind; return the network."""
        made = network(Dispatcher(self.controller, self.model.uuid, USER), *given)
        monkeypatch.setattr(self, "client", lambda: Client(made))
        return made

    def journal(self):
        opened = Journal(self.home, now=self.clock.now)
        _OPENED.append(opened)
        write = opened._db.write

        @contextlib.contextmanager
        def told(name, **how):
            with write(name, **how) as database:
                yield database
            for news in self.watching:
                news.set()

        opened._db.write = told
        return opened

    async def pause(self, seconds, news):
        """Sleep over all looks at the journal that would find nothing new."""
        self.watching.append(news)
        loop = asyncio.get_running_loop()
        begun = loop.time()
        try:
            await news.wait()
        finally:
            self.watching.remove(news)
        news.clear()
        passed = loop.time() - begun
        await asyncio.sleep(seconds - passed % seconds)

    def changes(self):
        """Count what the model shows, unless a hook error is there, which ages by itself."""
        shown = Counted.writes, len(self.model.units), len(self.model.relations)
        if shown != self.shown:
            self.shown = shown
            self.ages = any(
                "error" in (unit.agent.current, unit.workload.current)
                for unit in self.model.units.values()
            )
        return object() if self.ages else shown

    async def plan(self, **options):
        return await make_plan(self.client(), self.settings, Options.from_dict(options))

    def create(self, plan, limit=None):
        journal = self.journal()
        steps = [step.id for step in plan.root.single_steps()]
        attempt = journal.create_run(
            canonical(plan.to_dict()), dataclasses.asdict(self.settings), steps, limit or Limit()
        )
        journal.close()
        return attempt

    def asks(self, run):
        """Whether a run rests with the one question that a lost request may lead to.

        Of all that a run sends, only a request for an action that is not safe to repeat is asked
        about, and only where it left no task.
        """
        journal = self.journal()
        try:
            error = journal.run(run).error
            if error.code != "needs-operator":
                return False
            last = journal.operations(run, error.step)[-1]
        finally:
            journal.close()
        assert last.request["name"] in ASKED_ABOUT, last
        return (last.verdict, last.task) == (None, None) and not [
            task
            for task in self.model.tasks.values()
            if (task.receiver, task.name) == (last.request["unit"], last.request["name"])
            and task.id > last.watermark
        ]

    def resume(self, run, limit=None, job=Job.UPGRADE):
        """Begin another attempt; an operator who was asked about a lost request has it sent."""
        asked = self.asks(run)
        journal = self.journal()
        if asked:
            step = journal.run(run).error.step
            journal.resolve_step(run, step, Resolution.RETRY, "Juju has no such task")
        attempt = journal.resume_run(run, job, limit or Limit())
        journal.close()
        return attempt

    async def work(self, attempt):
        """Run an attempt to its end, as the runner process does, and record the end."""
        journal = self.journal()
        runner = Runner(journal, self.client(), attempt, "cou/0", self.clock, outside=self)
        ending = await runner.work()
        journal.end_attempt(attempt.token, ending.state, ending.error)
        journal.close()
        return ending

    async def work_until(self, attempt, strikes, *, as_=RunState.INTERRUPTED):
        """Run an attempt until its process is killed.

        A dead process writes nothing and sends nothing: each point that it would pass afterwards,
        in whatever it does on its way out, kills it again.

        Args:
            attempt: the attempt.
            strikes: called with the name of each point that is passed (`cou.crash`); true
                where the process ends.
            as_: how the attempt is recorded to have ended, by those who found it dead.

        Returns:
            The attempt's ending, or None where it was killed.
        """
        dead = False
        observed = crash.observe
        work = asyncio.ensure_future(self.work(attempt))

        def observe(name):
            nonlocal dead
            if observed is not None and not dead:
                observed(name)
            if not dead and strikes(name):
                dead = True
                work.cancel()  # where it is another task that passed the point
            if dead:
                raise Killed(name)

        crash.observe = observe
        try:
            await asyncio.wait([work])
            if not dead:
                return work.result()
            if not work.cancelled():
                work.exception()
            await end_engine()
        finally:
            crash.observe = observed
        self.bury(attempt, as_)
        return None

    def bury(self, attempt, as_=RunState.INTERRUPTED):
        """Record how an attempt ended whose process is dead, as those do who find it."""
        journal = self.journal()
        journal.end_attempt(attempt.token, as_)
        journal.close()

    def plan_of(self, run):
        """Return the plan that a run has now, as data."""
        journal = self.journal()
        try:
            return json.loads(journal.run(run).plan)
        finally:
            journal.close()

    def state_of(self, run):
        """Return the state of a run."""
        journal = self.journal()
        try:
            return journal.run(run).state
        finally:
            journal.close()

    def steps(self, run):
        journal = self.journal()
        try:
            return journal.steps(run)
        finally:
            journal.close()

    def marks(self, run):
        journal = self.journal()
        try:
            return journal.marks(run)
        finally:
            journal.close()


async def build(home, source=bundle.DEMO, *, profile="demo", settings=None, edit=None, epoch=None):
    """Deploy a bundle in a model of its own; start its uniters."""
    clock = Clock(epoch=epoch)
    store = OpenStackStore(profiles.PROFILES.get(profile) or profile)
    model = Model("openstack", clock=clock, store=store)
    bundle.deploy(model, source, store)
    if edit is not None:
        edit(model)
    return around(model, store, home, settings)


def around(model, store, home, settings=None):
    """Put a controller around a deployed model, and start its uniters."""
    controller = Controller(clock=model.clock)
    controller.add_model(model)
    controller.add_user(USER, "secret")
    controller.grant(USER, "admin", model.name)
    model.start()
    return World(
        model, controller, store, LoopClock(model.clock.now()), settings or Settings(), home
    )


async def end_engine():
    """Leave no task of the engine; a killed process has none."""
    me = asyncio.current_task()
    for task in asyncio.all_tasks():
        name = getattr(task.get_coro(), "__qualname__", "")
        if task is not me and name.startswith(_ENGINE):
            task.cancel()
    await asyncio.sleep(0)


def countdown(points, only=""):
    """Return for `World.work_until` what strikes at the n-th point, of any or of one name."""
    left = points

    def strikes(name):
        nonlocal left
        left -= name == only or not only
        return left == 0

    return strikes


def run(coroutine):
    """Run a coroutine in virtual time."""
    try:
        return virtual.run(coroutine)
    finally:
        while _OPENED:
            _OPENED.pop().close()


def shown(plan: Plan) -> Plan:
    """Return a plan as it comes back from the journal."""
    return Plan.from_dict(copy.deepcopy(plan.to_dict()))
