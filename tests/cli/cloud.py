"""A cloud served over TLS in a thread, and a user with a Juju client's data and no Juju."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import subprocess
import sys

import cou
import yaml
from juju_testbed.charms import profile
from juju_testbed.wire.facades.releases import NEWEST

from tests.served import Served

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


class Cloud(Served):
    """What the user at the workstation administers."""

    USER, PASSWORD = "operator", PASSWORD

    def __init__(self, name="test-model", source=BUNDLE, durations=QUICK, juju=NEWEST):
        super().__init__(source, name, durations, juju)

    def hold(self, kind="command", unit="keystone/*", name="*dist-upgrade*"):
        super().hold(kind, unit, name)

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
