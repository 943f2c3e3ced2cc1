from __future__ import annotations

import pytest
from juju_testbed.model import virtual
from juju_testbed.model.clock import Clock
from juju_testbed.model.controller import Controller
from juju_testbed.model.model import Model
from juju_testbed.model.simple import SimpleCharm, SimpleStore
from juju_testbed.wire.facades import Dispatcher
from juju_testbed.wire.facades.dispatcher import FACADES


class Cloud:
    """A controller with one model: keystone with a subordinate, and glance in a container."""

    def __init__(self, scale=1.0):
        self.clock = Clock(scale=scale)
        self.charm = SimpleCharm(self.clock)
        self.store = SimpleStore(self.charm)
        self.model = Model(
            "openstack",
            store=self.store,
            clock=self.clock,
            config={"update-status-hook-interval": "0s"},
        )
        self.model.watch_delay_s = 0.5
        self.model.add_machine("0", "focal", zone="z1")
        self.model.add_machine("0/lxd/0", "focal")
        for name in ("keystone", "glance", "ntp"):
            self.model.add_application(name, self.revision(name, 5), "focal")
        self.model.add_unit("keystone", "0")
        self.model.add_unit("glance", "0/lxd/0")
        self.model.add_unit("ntp", "", principal="keystone/0")
        self.model.relate("keystone:identity-service", "glance:identity-service")
        self.controller = Controller(clock=self.clock)
        self.controller.add_model(self.model)
        for user, level in (("read", "read"), ("write", "write"), ("owner", "admin")):
            self.controller.add_user(user, f"{user}-password")
            self.controller.grant(user, level, "openstack")
        self.controller.add_user("nobody", "nobody-password")

    def revision(self, name, number):
        return self.store.resolve(name, f"{number}/stable", "focal", None)

    def session(self, user="admin", model=True):
        return Dispatcher(self.controller, self.model.uuid if model else None, user)

    async def ask(self, facade, method, user="admin", version=None, model=True, **params):
        """Call the newest version of a facade, unless told otherwise."""
        session = self.session(user, model)
        number = version or max(FACADES[facade].versions)
        return await session.call(facade, number, "", method, params)


@pytest.fixture
def run_coroutine():
    return virtual.run


@pytest.fixture
def cloud():
    return Cloud()


@pytest.fixture
def fast_cloud():
    return Cloud(scale=50)


@pytest.fixture(autouse=True)
def _transports(nothing_asked_of_a_forgotten_transport):
    pass
