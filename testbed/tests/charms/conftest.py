from __future__ import annotations

import datetime
import pathlib

import pytest
from juju_testbed.charms import bundle, snapshot
from juju_testbed.charms.profile import REAL
from juju_testbed.charms.store import OpenStackStore
from juju_testbed.model.clock import Clock
from juju_testbed.model.model import Model
from juju_testbed.model.virtual import run

EPOCH = datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc)


class Cloud:
    """A deployed bundle whose agents run; whoever acts here is the user `cou`."""

    def __init__(self, source, profile=REAL, **options):
        self.store = OpenStackStore(profile)
        self.model = Model("openstack", store=self.store, clock=Clock(epoch=EPOCH))
        self.bundle = bundle.deploy(self.model, source, self.store, **options)

    @property
    def place(self):
        return self.store.charm.place

    @property
    def log(self):
        return self.model.log.entries

    def world(self, unit):
        return self.place.site(unit).world

    def machine(self, unit):
        return self.place.site(unit).machine

    async def __aenter__(self):
        self.model.start()
        return self

    async def __aexit__(self, *_):
        await self.model.stop()

    async def settle(self, applications=None):
        """Wait until the agents are idle and have nothing queued."""
        await self.model.clock.sleep(3)
        while True:
            units = [
                unit
                for unit in self.model.units.values()
                if applications is None or unit.application in applications
            ]
            if all(unit.agent.current == "idle" for unit in units):
                return
            await self.model.clock.sleep(5)

    async def act(self, unit, name, **params):
        """Run an action and return its task when it has ended."""
        operation = self.model.enqueue([(unit, name, params)], by="cou")
        task = self.model.tasks[operation.tasks[0]]
        while task.status in ("pending", "running", "aborting"):
            await self.model.clock.sleep(1)
        return task

    async def run(self, unit, command):
        """Run a command and return its outcome."""
        return await self.store.charm.command(self.model.units[unit], command, None)

    async def exec(self, unit, command):
        """Run a command as `juju exec` does; return its task."""
        operation = self.model.run(command, [unit], 0, by="cou")
        task = self.model.tasks[operation.tasks[0]]
        while task.status in ("pending", "running"):
            await self.model.clock.sleep(1)
        return task

    def refresh(self, application, channel):
        app = self.model.applications[application]
        revision = self.store.resolve(app.definition.name, channel, app.series, None)
        origin = {**app.origin, "revision": revision.revision}
        self.model.set_charm(application, revision, origin, channel, "cou")

    def configure(self, application, **options):
        values = {key.replace("_", "-"): value for key, value in options.items()}
        self.model.set_config(application, values, "cou")

    def write_snapshot(self):
        snapshot.write(self.place)

    def events(self, kind, unit=""):
        return [e for e in self.log if e["event"] == kind and unit in ("", e["unit"])]


SMALL = pathlib.Path(__file__).parent / "small-bundle.yaml"


def make(source=SMALL, profile=REAL, **options):
    return Cloud(source, profile, **options)


@pytest.fixture
def run_coroutine():
    return run


@pytest.fixture
def cloud():
    """Return what makes a cloud; by default a small one on focal with ussuri."""
    return make
