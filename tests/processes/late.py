"""A run whose request is on its way when its processes are killed, and arrives after all.

``python -m tests.processes.late <folder> <seconds>`` has it lie in the kernel's socket, behind a
rule that drops its packets and is lifted so many seconds after the kill. It needs root and a
network of its own (``unshare -n``), and prints what came of it as JSON.
"""

from __future__ import annotations

import json
import os
import pathlib
import signal
import subprocess
import sys
import time

from cou.journal.records import RunState
from cou.options.options import Options
from cou.process import locks
from cou.process.paths import RunPaths

from .conftest import SETTINGS, Cloud, Operator, kill

UNIT = "keystone/0"
BUNDLE = """
series: focal
machines: {'0': {}}
applications:
  keystone: {charm: ch:keystone, channel: ussuri/stable, num_units: 1, to: ['0']}
"""
_POINT = "juju/enqueue/before"
_REQUEST_BYTES = 300  # a ping is smaller
# How long the kernel may take to send again what it has sent in vain for two minutes.
_RETRANSMITS_S = 0.75
_ESTABLISHED = "01"


class Story:
    """An operator whose first upgrade of packages is stopped just before it is sent."""

    def __init__(self, folder, cloud, access):
        self.cloud, self.access = cloud, access
        self.operator = Operator(RunPaths(folder / "home", folder / "run"), cloud)
        self._log = folder / "points"

    def stop_before_sending(self):
        """Begin the run; return the runner's process, which stands still."""
        control = self.operator.control
        control.plan(self.access, SETTINGS, Options.from_dict({"backup": False}))
        given = {"COU_CRASH_AT": f"runner:{_POINT}#1", "COU_CRASH_HOW": "hold"}
        given["COU_CRASH_LOG"] = str(self._log)
        os.environ.update(given)
        try:
            control.start(self.access, SETTINGS)
        finally:
            for key in given:
                del os.environ[key]
        self.operator.await_point(self._log, f"runner:{_POINT}#1")
        return locks.holder(self.operator.place.runner_lock)

    def kill(self):
        """Kill the run's processes, the supervisor first."""
        for pid in self.operator.pids():
            kill(pid)
        self.operator.await_that(lambda: not self.operator.pids())

    def go_on(self):
        """Resume the run, without the delay; return how it ended."""
        self.operator.control.start(self.access, SETTINGS)
        return self.operator.finish()

    def asked(self):
        """Return the tasks of all upgrades of packages that were asked for."""
        return [
            entry["task"]
            for entry in self.cloud.model.log.entries
            if entry["event"] == "asked" and "dist-upgrade" in str(entry["data"])
        ]

    def worked(self):
        """Return how many commands have moved the unit's packages."""
        inside, count = False, 0
        for entry in self.cloud.model.log.entries:
            if entry["event"] in ("task-begun", "task-ended"):
                begun = entry["event"] == "task-begun"
                inside = begun and "dist-upgrade" in str(entry["data"])
            count += inside and entry["event"] == "packages-upgraded"
        return count


def dropped(folder, seconds):
    """Live through it in this network; return what came of it."""
    _ip("link", "set", "lo", "up")
    # The kernel's own addresses are looked up first; what is dropped has to come before them.
    _ip("rule", "add", "pref", "10", "lookup", "local")
    _ip("rule", "del", "pref", "0")
    cloud = Cloud(BUNDLE)
    story = Story(folder, cloud, cloud.access())
    try:
        runner = story.stop_before_sending()
        port = int(cloud.server.address.rpartition(":")[2])
        local = _connection(port)[0]
        rule = ["pref", "5", "ipproto", "tcp", "sport", f"{local}", "dport", f"{port}"]
        _ip("rule", "add", *rule, "blackhole")
        os.kill(runner, signal.SIGCONT)
        story.operator.await_that(lambda: _connection(port, local)[1] > _REQUEST_BYTES)
        unsent = _connection(port, local)[1]
        story.kill()
        killed = time.monotonic()
        kept = _connection(port, local)[1]
        state = story.go_on()
        time.sleep(max(0.0, killed + seconds - time.monotonic()))
        _ip("rule", "del", *rule, "blackhole")
        time.sleep(5 + seconds * _RETRANSMITS_S)
        return {
            "unsent": unsent,
            "kept": kept,
            "completed": state is RunState.COMPLETED,
            "asked": len(story.asked()),
            "worked": story.worked(),
        }
    finally:
        story.operator.control.force()
        cloud.stop()


def _ip(*words):
    subprocess.run(["ip", *words], check=True)


def _connection(port, local=None):
    """Return local port and unsent bytes of a connection to a port; zeros where there is none."""
    for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        mine, theirs = (int(field.rpartition(":")[2], 16) for field in fields[1:3])
        if theirs == port and (mine == local or (local is None and fields[3] == _ESTABLISHED)):
            return mine, int(fields[4].partition(":")[0], 16)
    return 0, 0


if __name__ == "__main__":
    told = dropped(pathlib.Path(sys.argv[1]), float(sys.argv[2]))
    sys.stdout.write(json.dumps(told) + "\n")
