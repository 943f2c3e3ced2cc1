from __future__ import annotations

import datetime

import pytest
from juju_testbed.model import virtual
from juju_testbed.model.clock import Clock
from juju_testbed.model.model import Model
from juju_testbed.model.simple import SimpleCharm, SimpleStore

EPOCH = datetime.datetime(2030, 1, 1, tzinfo=datetime.timezone.utc)


class World:
    """Three applications on two machines; hooks take 2 s, agents notice after 1 s."""

    def __init__(self):
        self.clock = Clock(epoch=EPOCH)
        self.charm = SimpleCharm(self.clock)
        self.store = SimpleStore(self.charm)
        # No update-status: it would only clutter the timelines below.
        self.model = Model(
            "openstack",
            store=self.store,
            clock=self.clock,
            config={"update-status-hook-interval": "0s"},
        )
        self.model.watch_delay_s = 1.0
        self.model.charm_download_s = self.model.charm_unpack_s = 0.0
        for machine in ("0", "1"):
            self.model.add_machine(machine, "jammy", zone=f"z{machine}")
        for name, machine in (("keystone", "0"), ("nova", "0"), ("glance", "1")):
            self.model.add_application(name, self.revision(name, 1), "jammy")
            self.model.add_unit(name, machine)

    def revision(self, name, number):
        return self.store.resolve(name, f"{number}/stable", "jammy", None)

    def refresh(self, name, number):
        revision = self.revision(name, number)
        self.model.set_charm(name, revision, {}, revision.channel, "admin")

    def set(self, name, **values):
        self.model.set_config(name, values, "admin")

    def act(self, unit, action, **params):
        return self.model.enqueue([(unit, action, params)], "admin").tasks[0]

    def task(self, number):
        return self.model.tasks[number]

    def seconds(self):
        return (self.clock.now() - EPOCH).total_seconds()

    async def until(self, second):
        await self.clock.sleep(max(second - self.seconds(), 0))

    def timeline(self):
        """What the charm ran: ``1 keystone/0 config-changed begins``."""
        return [
            f"{round(stamp - EPOCH.timestamp(), 1):g} {unit} {what}"
            for stamp, unit, what in self.charm.ran
        ]

    def agent_history(self, unit):
        return [
            f"{status.current} {status.message}".strip()
            for _, status in self.model.history(unit, "juju-unit")
        ]


@pytest.fixture
def run_coroutine():
    return virtual.run


@pytest.fixture
def world():
    return World()
