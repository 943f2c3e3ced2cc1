"""A cloud served over TLS in a thread, and a user with a Juju client's data and no Juju."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import threading

import cou
import yaml
from juju_testbed.charms import bundle, profile
from juju_testbed.charms.store import OpenStackStore
from juju_testbed.model.clock import Clock
from juju_testbed.model.controller import Controller
from juju_testbed.model.model import Model
from juju_testbed.model.troubles import FOR_EVER, Mode, Trouble
from juju_testbed.wire import certificates, server
from juju_testbed.wire.facades.releases import AGENTS, NEWEST

from .terminal import Terminal

PASSWORD = "not-for-any-log-4712"
# Where nobody listens, and no server that takes any free port ever will.
NOBODY = "127.0.0.1:1"
# The cloud of the transcripts: keystone is the first application to be upgraded. `prometheus` is
# no application that cou knows.
BUNDLE = """
series: focal
machines: {'0': {}, '1': {}, '2': {}}
applications:
  keystone: {charm: ch:keystone, channel: ussuri/stable, num_units: 3, to: [lxd:0, lxd:1, lxd:2]}
  glance: {charm: ch:glance, channel: ussuri/stable, num_units: 1, to: [lxd:0]}
  mysql-innodb-cluster: {charm: ch:mysql-innodb-cluster, channel: 8.0/stable, num_units: 3,
    to: [lxd:0, lxd:1, lxd:2]}
"""


QUICK = dataclasses.replace(profile.INSTANT, upgrade=0.5, hook=0.05)


class Cloud:
    """A controller with one model, served on loopback."""

    def __init__(self, name="test-model", source=BUNDLE, durations=QUICK, juju=NEWEST):
        self._ready = threading.Event()
        self.name = name
        self._source = source
        self._durations = durations
        self._version = AGENTS[juju]
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._main()), name="cloud", daemon=True
        )
        self._thread.start()
        assert self._ready.wait(120)

    async def _main(self):
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        clock = Clock()
        self.controller = Controller(clock=clock, version=self._version)
        store = OpenStackStore(self._durations)
        self.model = Model(self.name, clock=clock, store=store)
        self.model.watch_delay_s = 0.02
        self.controller.add_model(self.model)
        bundle.deploy(self.model, self._source, store)
        self.controller.add_user("operator", PASSWORD)
        self.controller.grant("operator", "admin", self.name)
        self.certs = certificates.make()
        self.server = server.Server(self.controller, self.certs)
        await self.server.listen()
        self.model.start()
        self._ready.set()
        await self._stop.wait()
        await self.server.close()
        await self.model.stop()

    def stop(self):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(120)
        assert not self._thread.is_alive()

    def do(self, call, *arguments):
        """Have something done where the cloud runs, soon."""
        self._loop.call_soon_threadsafe(call, *arguments)

    def hold(self, kind="command", unit="keystone/*", name="*dist-upgrade*"):
        """Have what a run asks for not come to its end before `release`, nor the run itself."""
        self.do(self.model.troubles.add, Trouble(kind, unit, name, Mode.HOLD, FOR_EVER))

    def release(self):
        """Let what is held go on."""
        self.do(self.model.troubles.clear)

    def count(self, event):
        """Count entries of the log, but for the questions that a plan asks of units."""
        return sum(
            entry["event"] == event and not _asks_only(entry["data"])
            for entry in self.model.log.entries
        )


def _asks_only(data):
    command = str(data.get("parameters", {}).get("command", ""))
    return data.get("name") in ("instance-count", "list-compute-nodes") or any(
        question in command for question in ("apt-mark showhold", "systemctl is-active", "ceph ")
    )


class User:
    """Somebody at a workstation: a home, a Juju client's folder, no `juju`."""

    def __init__(self, home: pathlib.Path):
        self.home = home
        self.juju = home / "juju"
        self.juju.mkdir(parents=True)
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "JUJU_DATA": str(self.juju),
            "XDG_STATE_HOME": str(home / "state"),
            "PYTHONPATH": str(pathlib.Path(cou.__file__).parent.parent),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "COU_QUIET_PERIOD": "0",
        }

    def knows(self, endpoints, cacert, uuid, model="test-model", password=PASSWORD):
        """Write the client's files by hand, as those of a Juju 3 look."""
        controller = {"uuid": "c" * 8, "api-endpoints": endpoints, "ca-cert": cacert}
        account = {"user": "operator", "password": password, "last-known-access": "login"}
        models = {
            "current-model": f"admin/{model}",
            "models": {
                f"admin/{model}": {"uuid": uuid, "type": "iaas"},
                "admin/controller": {"uuid": "e" * 8, "type": "iaas"},
            },
        }
        self._write("controllers", {"controllers": {"prod": controller}} | _current("prod"))
        self._write("models", {"controllers": {"prod": models}})
        self._write("accounts", {"controllers": {"prod": account}})

    def _write(self, name, content):
        (self.juju / f"{name}.yaml").write_text(yaml.safe_dump(content))

    def knows_cloud(self, cloud):
        # The first address is dead, as one of a controller that moved often is.
        endpoints = [NOBODY, cloud.server.address]
        self.knows(endpoints, cloud.certs.ca, cloud.model.uuid, cloud.name)

    def at_terminal(self, *arguments):
        return Terminal(arguments, self.environment)

    def run(self, *arguments, timeout_s=300):
        """Run it without a terminal; return exit code, stdout and stderr."""
        done = subprocess.run(
            [sys.executable, "-m", "cou.cli", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def status(self):
        code, out, err = self.run("status", "--format", "json")
        assert code == 0, err
        return json.loads(out)


def _current(name):
    return {"current-controller": name}
