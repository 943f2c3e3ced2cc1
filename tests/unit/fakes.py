"""A small model in memory that answers as the Juju port says, and clouds to put into it.

It reacts: actions and commands become tasks that end when they are looked at, a silent unit's
tasks never begin, a lost reply is lost after the effect. Nothing here knows the planner.
"""

from __future__ import annotations

import asyncio
import dataclasses
import datetime
import json
from typing import Any

from cou.errors import JujuError
from cou.juju.port import (
    ApplicationStatus,
    ConfigValue,
    MachineStatus,
    ModelStatus,
    Status,
    Task,
    TaskStatus,
    UnitStatus,
)

NOW = datetime.datetime(2026, 3, 1, 12, 0, tzinfo=datetime.timezone.utc)
EARLIER = NOW - datetime.timedelta(hours=1)

SERVICE_ACTIONS = frozenset(["pause", "resume", "openstack-upgrade"])
COMPUTE_ACTIONS = SERVICE_ACTIONS | {
    "enable",
    "disable",
    "instance-count",
    "list-compute-nodes",
}
ACTIVE = Status("active", "Unit is ready", EARLIER)
IDLE = Status("idle", "", EARLIER)
HASHES = {"octopus": "15.2.17", "pacific": "16.2.15", "quincy": "17.2.9", "reef": "18.2.7"}


@dataclasses.dataclass
class Ceph:
    """What one cluster says."""

    releases: tuple[str, ...] = ("octopus",)
    flags: tuple[str, ...] = ()
    health: str = "HEALTH_OK"
    checks: tuple[str, ...] = ()
    pgs: dict[str, int] = dataclasses.field(default_factory=lambda: {"active+clean": 33})
    filestore: tuple[int, ...] = ()

    def reply(self, command: str) -> str:
        if command.startswith("ceph versions"):
            overall = {
                f"ceph version {HASHES[name]} (0123456789abcdef) {name} (stable)": 3
                for name in self.releases
            }
            return json.dumps({"osd": overall, "overall": overall})
        if command.startswith("ceph osd dump"):
            return json.dumps({"flags": ",".join(self.flags), "flags_set": list(self.flags)})
        if command.startswith("ceph status"):
            states = [{"state_name": name, "count": count} for name, count in self.pgs.items()]
            checks = {name: {} for name in self.checks}
            health = {"status": self.health, "checks": checks}
            return json.dumps({"health": health, "pgmap": {"pgs_by_state": states}})
        if command.startswith("ceph osd metadata"):
            osds = [{"id": number, "osd_objectstore": self._store(number)} for number in range(3)]
            return json.dumps(osds)
        raise AssertionError(f"no such command here: {command}")

    def _store(self, number: int) -> str:
        return "filestore" if number in self.filestore else "bluestore"


class World:
    """A model to be filled by tests, and the Juju that serves it."""

    def __init__(self, series: str = "focal", name: str = "test-model"):
        self.series = series
        self.name = name
        self.uuid = "5a0b2ed2-0b4c-4b2f-8f0e-0c5b7c1c0a01"
        self.apps: dict[str, ApplicationStatus] = {}
        self.machines: dict[str, str] = {}  # id -> zone
        self.options: dict[str, dict[str, object]] = {}
        self.action_names: dict[str, frozenset[str]] = {}
        self.model_options: dict[str, object] = {"automatically-retry-hooks": True}
        self.access = "admin"
        self.notes: dict[str, str] = {}
        self.instances: dict[str, str] = {}
        self.disabled: set[str] = set()
        self.ceph: dict[str, Ceph] = {}
        self.held: dict[str, list[str]] = {}
        self.unattended: set[str] = set()  # machines
        self.silent: set[str] = set()  # units whose tasks never begin
        self.deaf: set[str] = set()  # calls that never come back
        self.tasks_made: dict[int, Task] = {}
        self.asked: list[tuple[str, str]] = []

    def add(
        self,
        name: str,
        version: str = "",
        *,
        charm: str = "",
        channel: str = "",
        machines: str = "",
        units: int = 1,
        scheme: str = "ch",
        newer: bool = False,
        config: dict[str, object] | None = None,
        actions: frozenset[str] = frozenset(),
        subordinate_to: str = "",
        versions: tuple[str, ...] = (),
        workload: Status = ACTIVE,
        agent: Status = IDLE,
        series: str = "",
    ) -> None:
        """Add an application; `machines` are ids separated by blanks, one unit on each.

        Without `machines` every unit gets a container of its own, on machine 50.
        """
        homes = machines.split() or [f"50/lxd/{len(self.machines) + n}" for n in range(units)]
        if subordinate_to:
            principals = list(self.apps[subordinate_to].units.values())
            homes = [unit.machine for unit in principals]
        found: dict[str, UnitStatus] = {}
        for number, home in enumerate(homes):
            self.machines.setdefault(home, "")
            unit = f"{name}/{number}"
            found[unit] = UnitStatus(
                name=unit,
                application=name,
                machine=home,
                principal=principals[number].name if subordinate_to else "",
                workload=workload,
                agent=agent,
                workload_version=versions[number] if versions else version,
                leader=number == 0,
            )
        self.apps[name] = ApplicationStatus(
            name=name,
            charm_url=f"{scheme}:amd64/{series or self.series}/{charm or name}-100",
            charm=charm or name,
            scheme=scheme,
            revision=100,
            channel=channel,
            can_upgrade_to=f"ch:{charm or name}-101" if newer else "",
            base="ubuntu@20.04",
            series=series or self.series,
            subordinate_to=(subordinate_to,) if subordinate_to else (),
            status=Status(workload.current, workload.message, EARLIER),
            workload_version=version or (versions[-1] if versions else ""),
            units=found,
        )
        self.options[name] = dict(config or {})
        self.action_names[name] = actions

    def add_core(self, name: str, version: str = "", **more: Any) -> None:
        """Add one of OpenStack's own services at ussuri."""
        self.add(name, version, channel="ussuri/stable", config=principal_options(), **more)

    def status(self) -> ModelStatus:
        return ModelStatus(
            name=self.name,
            uuid=self.uuid,
            version="3.6.1",
            controller_time=NOW,
            applications=dict(self.apps),
            machines={name: MachineStatus(name, zone) for name, zone in self.machines.items()},
        )

    # The Juju port, as far as planning asks it.

    async def full_status(self, applications=()):
        return self.status()

    async def config(self, applications):
        return {
            name: {key: ConfigValue(value, True) for key, value in self.options[name].items()}
            for name in applications
        }

    async def actions(self, applications):
        return {name: self.action_names[name] for name in applications}

    async def model_config(self):
        await self._perhaps_never("model_config")
        return dict(self.model_options)

    async def model_access(self):
        await self._perhaps_never("model_access")
        return self.access

    async def annotations(self, tag):
        assert tag == f"model-{self.uuid}"
        return dict(self.notes)

    async def enqueue(self, unit, action, params):
        if action not in self.action_names[unit.partition("/")[0]]:
            raise JujuError("no-action", f"{unit} has no action {action}.", juju_code="not found")
        return self._task(unit, action, params)

    async def run_command(self, unit, command, timeout_s):
        if self.access in ("read", "write"):
            raise JujuError("permission-denied", "permission denied.")
        return self._task(unit, "juju-exec", {"command": command, "timeout": timeout_s})

    async def tasks(self, ids):
        return {one: self._looked_at(one) for one in ids if one in self.tasks_made}

    async def cancel_tasks(self, ids):
        for one in ids:
            self.tasks_made[one] = dataclasses.replace(
                self.tasks_made[one], status=TaskStatus.CANCELLED
            )
        return {one: "cancelled" for one in ids}

    async def _perhaps_never(self, call):
        if call in self.deaf:
            await asyncio.Event().wait()

    def _task(self, unit, name, params):
        number = len(self.tasks_made) + 1
        self.tasks_made[number] = Task(number, unit, name, dict(params), TaskStatus.PENDING)
        self.asked.append((unit, str(params.get("command", name))))
        return number

    def _looked_at(self, number):
        task = self.tasks_made[number]
        if task.status is TaskStatus.PENDING and task.unit not in self.silent:
            task = dataclasses.replace(
                task, status=TaskStatus.COMPLETED, output=self._output(task)
            )
            self.tasks_made[number] = task
        return task

    def _output(self, task):
        if task.name == "instance-count":
            return {"instance-count": self.instances.get(task.unit, "0")}
        if task.name == "list-compute-nodes":
            nodes = [
                {"host": unit, "status": "disabled" if unit in self.disabled else "enabled"}
                for app in self.apps.values()
                if app.charm == "nova-compute"
                for unit in app.units
            ]
            return {"node-name": task.unit, "compute-nodes": json.dumps(nodes)}
        command = task.parameters["command"]
        if command == "apt-mark showhold":
            text = "\n".join(self.held.get(task.unit, ()))
            return {"return-code": 0, "stdout": text, "stderr": ""}
        if "unattended-upgrades" in command:
            home = self.apps[task.unit.partition("/")[0]].units[task.unit].machine
            text = "active" if home in self.unattended else "inactive"
            return {"return-code": 0, "stdout": f"{text}\n", "stderr": ""}
        cluster = self.ceph.setdefault(task.unit.partition("/")[0], Ceph())
        text = cluster.reply(task.parameters["command"])
        return {"return-code": 0, "stdout": text, "stderr": ""}


def principal_options(origin: str = "distro") -> dict[str, object]:
    """Options of a core OpenStack charm."""
    return {"openstack-origin": origin, "action-managed-upgrade": False}


def example() -> World:
    """The synthetic cloud of the reference's example: focal/ussuri, one unit each."""
    world = World()
    world.add_core("keystone", "17.0.1")
    world.add("ceph-mon", "15.2.17", channel="octopus/stable", config={"source": "distro"})
    world.add_core(
        "nova-cloud-controller", "21.2.4", actions=frozenset(["archive-data", "purge-data"])
    )
    world.add("mysql-innodb-cluster", "8.0.39", channel="8.0/stable", config={"source": "distro"})
    world.add_core("nova-compute", "21.2.4", machines="0", actions=COMPUTE_ACTIONS)
    world.add("ovn-central", "22.03.3", channel="22.03/stable", config={"source": "distro"})
    world.add_core("neutron-api", "16.4.2")
    world.add("ceph-osd", "15.2.17", channel="octopus/stable", config={"source": "distro"})
    world.add(
        "ovn-chassis",
        "22.03.3",
        channel="22.03/stable",
        subordinate_to="nova-compute",
        config={"enable-version-pinning": False},
    )
    return world
