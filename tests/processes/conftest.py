"""A cloud served over TLS in a thread, and the real supervisor and runner against it."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import signal
import time

import pytest
from cou.control.control import Control
from cou.errors import CouError
from cou.journal import Journal
from cou.journal.records import RunState
from cou.options.options import Options
from cou.options.settings import Settings
from cou.process import locks
from cou.process.access import Access
from cou.process.paths import RunPaths
from juju_testbed.charms import profile

from tests.served import Served

PASSWORD = "not-for-any-log-4711"
SETTINGS = Settings(quiet_period_s=0)


class Cloud(Served):
    """A testbed's controller with one deployed model, served on loopback.

    Attributes:
        options: what every plan of it is made with, as `Options.from_dict` takes it.
    """

    USER, PASSWORD = "cou", PASSWORD

    def __init__(self, source, **options):
        self.options = options
        quick = dataclasses.replace(profile.INSTANT, upgrade=0.05, hook=0.02)
        super().__init__(source, "openstack", quick)

    def access(self, password=PASSWORD):
        return Access(
            (self.server.address,),
            self.certs.ca,
            self.model.uuid,
            "openstack",
            "cou",
            password,
        )

    def is_holding(self):
        """Whether an upgrade of packages has begun."""
        return any(
            entry["event"] == "task-begun" and "dist-upgrade" in str(entry["data"])
            for entry in self.model.log.entries
        )


SMALL = """
series: focal
machines: {'0': {}, '1': {constraints: zones=az1}, '2': {constraints: zones=az2}}
applications:
  keystone: {charm: ch:keystone, channel: ussuri/stable, num_units: 3, to: [lxd:0, lxd:1, lxd:2]}
  nova-cloud-controller: {charm: ch:nova-cloud-controller, channel: ussuri/stable, num_units: 1,
    to: [lxd:0]}
  rabbitmq-server: {charm: ch:rabbitmq-server, channel: 3.8/stable, num_units: 1, to: [lxd:1]}
  mysql-innodb-cluster: {charm: ch:mysql-innodb-cluster, channel: 8.0/stable, num_units: 3,
    to: [lxd:0, lxd:1, lxd:2]}
  nova-compute: {charm: ch:nova-compute, channel: ussuri/stable, num_units: 2, to: ['1', '2']}
  neutron-api: {charm: ch:neutron-api, channel: ussuri/stable, num_units: 1, to: [lxd:2]}
"""


@pytest.fixture
def served():
    """The cloud of the tests; a file of tests may have another."""
    return Cloud(SMALL)


@pytest.fixture
def cloud(served):
    yield served
    served.stop()


@pytest.fixture
def place(tmp_path):
    """Where the operator's journal is; a file of tests may have another."""
    return RunPaths(tmp_path / "home", tmp_path / "run")


@pytest.fixture
def operator(place, cloud):
    operator = Operator(place, cloud)
    yield operator
    with contextlib.suppress(CouError):  # it kills, and tells what a test has left of a journal
        operator.control.force()
    assert operator.pids() == []


class Operator:
    """Somebody with a journal and a cloud."""

    def __init__(self, place, cloud):
        self.place = place
        self.cloud = cloud
        self.control = Control(place)

    def plan(self, **options):
        options = Options.from_dict({**self.cloud.options, **options})
        return self.control.plan(self.cloud.access(), SETTINGS, options)

    def upgrade(self, **kwargs):
        return self.control.start(self.cloud.access(), SETTINGS, **kwargs)

    def get_inside(self):
        """Plan, and start a run that is inside a step until the cloud releases it."""
        self.plan()
        self.cloud.hold()
        self.upgrade()
        self.await_that(lambda: self.cloud.is_holding() and self.control.view().running)

    def state(self):
        return self.control.view().state

    def attempts(self):
        """Return the attempts of the run, as the journal has them."""
        return self._read(Journal.attempts)

    def open_tasks(self):
        """Return the tasks that the run has sent, and that still run in the model."""
        return self._read(Journal.open_tasks)

    def _read(self, ask):
        with contextlib.closing(Journal(self.place.home, create=False)) as journal:
            return ask(journal, journal.current().id)

    def wait(self, *states, timeout_s=240):
        deadline = time.monotonic() + timeout_s
        while (state := self.state()) not in states:
            assert time.monotonic() < deadline, (state, self.log())
            time.sleep(0.05)
        return state

    def finish(self):
        """Wait until the run has ended, and its processes with it."""
        going = {RunState.STARTING, RunState.RUNNING, RunState.DRAINING, RunState.WAITING}
        state = self.wait(*(set(RunState) - going))
        self.await_that(lambda: not self.pids())
        return state

    def pids(self):
        held = (locks.holder(self.place.supervisor_lock), locks.holder(self.place.runner_lock))
        return [pid for pid in held if pid]

    def at_work(self):
        """Return the ids of all who work for the place: who only tells has no lock any more."""
        folder = os.fsencode(self.place.run_dir)
        return [
            int(entry.parent.name)
            for entry in pathlib.Path("/proc").glob("[0-9]*/cmdline")
            if folder in _words(entry)
        ]

    def await_point(self, log, point):
        """Wait until the runner stands still at a point: it writes the point down just before."""
        self.await_that(lambda: log.exists() and point in log.read_text().splitlines())
        runner = locks.holder(self.place.runner_lock)
        self.await_that(lambda: state_of(runner) == "T")

    def await_that(self, seen, timeout_s=240):
        """Wait until something is so."""
        deadline = time.monotonic() + timeout_s
        while not (found := seen()):
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.02)
        return found

    def log(self):
        return "\n".join(path.read_text() for path in (self.place.home / "log").glob("*"))


def _words(path):
    try:
        return path.read_bytes().split(b"\0")
    except OSError:  # it has ended
        return []


def state_of(pid):
    """Return the letter that /proc has for a process's state."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):  # not there, or gone between the two
        return "X"


def is_running(pid):
    return state_of(pid) not in ("Z", "X")


def kill(pid):
    """Kill a process, which may have ended meanwhile: a supervisor takes its runner along."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
