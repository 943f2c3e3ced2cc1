"""A cloud of the testbed, served over TLS on loopback by a thread of its own."""

from __future__ import annotations

import asyncio
import functools
import threading

from juju_testbed.charms import bundle
from juju_testbed.charms.store import OpenStackStore
from juju_testbed.model.clock import Clock
from juju_testbed.model.controller import Controller
from juju_testbed.model.model import Model
from juju_testbed.model.troubles import FOR_EVER, Mode, Trouble
from juju_testbed.wire import certificates, server
from juju_testbed.wire.facades.releases import AGENTS, NEWEST

_certificates = functools.cache(certificates.make)


class Served:
    """A controller with one deployed model, whose administrator is `USER` with `PASSWORD`.

    Args:
        source: a bundle.
        name: the model's.
        durations: how long the work of its charms takes.
        juju: the version of Juju that it is, as `AGENTS` has them.
    """

    USER = PASSWORD = ""

    def __init__(self, source, name, durations, juju=NEWEST):
        self.name = name
        self._source = source
        self._durations = durations
        self._version = AGENTS[juju]
        self._ready = threading.Event()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._main()), name="cloud", daemon=True
        )
        self._thread.start()
        assert self._ready.wait(120)

    async def _main(self):
        self.loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self.controller = self.deploy()
        (self.model,) = self.controller.models.values()
        self.certs = _certificates()
        self.server = server.Server(self.controller, self.certs)
        await self.server.listen()
        self.model.start()
        self._ready.set()
        await self._stop.wait()
        await self.server.close()
        await self.end()
        await self.model.stop()

    def deploy(self):
        """Return the controller that is to be served."""
        clock = Clock()
        controller = Controller(clock=clock, version=self._version)
        store = OpenStackStore(self._durations)
        model = Model(self.name, clock=clock, store=store)
        model.watch_delay_s = 0.02
        controller.add_model(model)
        bundle.deploy(model, self._source, store)
        controller.add_user(self.USER, self.PASSWORD)
        controller.grant(self.USER, "admin", self.name)
        return controller

    async def end(self):
        """Look at the model once more, after the last client has gone."""

    def do(self, call, *arguments):
        """Have something done where the cloud runs, soon."""
        self.loop.call_soon_threadsafe(call, *arguments)

    def hold(self, kind="command", unit="*", name="*dist-upgrade*"):
        """Have what a run asks for not come to its end before `release`, nor the run itself."""
        self.do(self.model.troubles.add, Trouble(kind, unit, name, Mode.HOLD, FOR_EVER))

    def release(self):
        """Let what is held go on."""
        self.do(self.model.troubles.clear)

    def stop(self):
        self.do(self._stop.set)
        self._thread.join(120)
        assert not self._thread.is_alive()
