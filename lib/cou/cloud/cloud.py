"""The frozen snapshot that the planner works on: recognised applications and their machines."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from ..juju.port import ApplicationStatus, ConfigValue, ModelStatus, Status, UnitStatus
from ..openstack import channels, charms, origins
from ..openstack.charms import Charm
from . import names, run_annotation
from .ceph_status import CephState
from .reading import Reading, UnansweredQuery
from .run_annotation import RunAnnotation


@dataclasses.dataclass(frozen=True)
class Unit:
    """One unit of a recognised application.

    Attributes:
        name: ``keystone/0``.
        machine: id of the machine or container it is on.
        zone: that machine's availability zone; empty where unknown.
        version: workload version it reported; may be empty.
        principal: the unit that it is subordinate to; empty for a principal.
    """

    name: str
    machine: str
    zone: str
    version: str
    workload: Status
    agent: Status
    leader: bool = False
    principal: str = ""

    @property
    def slug(self) -> str:
        """Its name as a part of an id: ``keystone-0``."""
        return self.name.replace("/", "-")


@dataclasses.dataclass(frozen=True)
class Application:
    """One recognised application.

    Attributes:
        charm: its catalogue entry.
        scheme: ``ch``, ``cs`` or ``local``.
        channel: the channel it follows; empty for a local charm.
        newer: a newer revision lies in that channel.
        series: ``focal``.
        subordinate: Juju says that it is subordinate to something.
        version: the application's workload version: its newest unit's.
        config: option -> value.
        units: in natural order of their names.
    """

    name: str
    charm: Charm
    scheme: str
    channel: str
    newer: bool
    series: str
    subordinate: bool
    status: Status
    version: str
    config: Mapping[str, Any]
    actions: frozenset[str]
    units: tuple[Unit, ...]

    @property
    def origin_setting(self) -> str:
        """The option that holds the APT origin; empty where the charm has none."""
        return next((name for name in origins.SETTINGS if name in self.config), "")

    @property
    def origin(self) -> str:
        """The APT origin; empty where none is set or there is no such option."""
        return str(self.config.get(self.origin_setting) or "")

    @property
    def crossgrade(self) -> bool:
        """Whether it has to be moved to a channel of its release first."""
        return channels.crossgrade_needed(self.scheme, self.channel)

    @property
    def machines(self) -> frozenset[str]:
        """Ids of the machines its units are on."""
        return frozenset(unit.machine for unit in self.units)

    def flag(self, option: str) -> bool | None:
        """Return a boolean option, also where it is stored as text; None where it is missing."""
        value = self.config.get(option)
        if value is None:
            return None
        return str(value).strip().lower() in ("true", "yes", "on", "1")


@dataclasses.dataclass(frozen=True)
class Cloud:
    """All that the planner needs of a model.

    Attributes:
        applications: recognised ones in the order of their upgrade, ties by charm and name.
        ignored: names of all other applications, sorted.
        machines: ids of all machines and containers.
        cou_machines: machine id -> unit of this charm on it.
        retries_hooks: whether the model retries failed hooks; None where it did not say.
        access: of the account: read, write or admin; empty where unknown.
        run_annotation: what an earlier run has written on the model; None where there is nothing.
        instances: nova-compute unit -> virtual machines on it; missing where unknown.
        compute_services: nova-compute unit -> whether its service is enabled; missing likewise.
        ceph: what each ceph-mon application answered.
        held: unit -> packages that APT holds; of units whose upgrade holds some.
        unattended: machines of several principals on which unattended-upgrades is active.
        unanswered: questions without an answer.
    """

    name: str
    uuid: str
    applications: tuple[Application, ...]
    ignored: tuple[str, ...]
    machines: frozenset[str]
    cou_machines: Mapping[str, str]
    retries_hooks: bool | None
    access: str
    run_annotation: RunAnnotation | None
    instances: Mapping[str, int]
    compute_services: Mapping[str, bool]
    ceph: tuple[CephState, ...]
    held: Mapping[str, tuple[str, ...]]
    unattended: frozenset[str]
    unanswered: tuple[UnansweredQuery, ...]

    def of_charm(self, charm: str) -> tuple[Application, ...]:
        """Return the applications of a charm, in order."""
        return tuple(app for app in self.applications if app.charm.name == charm)

    @property
    def hypervisor_machines(self) -> frozenset[str]:
        """Ids of the machines that host a nova-compute unit."""
        found: set[str] = set()
        for app in self.of_charm(charms.NOVA_COMPUTE):
            found |= app.machines
        return frozenset(found)


def build(reading: Reading) -> Cloud:
    """Return the snapshot of a reading; pure, and the same for the same answers."""
    status = reading.status
    recognised: list[Application] = []
    ignored: list[str] = []
    cou: dict[str, str] = {}
    for name, app in sorted(status.applications.items()):
        charm = charms.find(app.charm)
        if charm is None:
            if app.charm != "cou":  # nobody wonders why this charm does not upgrade itself
                ignored.append(name)
        else:
            config = reading.config.get(name, {})
            actions = reading.actions.get(name, frozenset())
            recognised.append(_application(status, app, charm, config, actions))
        if app.charm == "cou":
            cou.update({unit.machine: unit.name for unit in app.units.values()})
    recognised.sort(key=lambda app: (app.charm.order, app.charm.name, app.name))
    retries = reading.model_config.get("automatically-retry-hooks")
    return Cloud(
        name=status.name,
        uuid=status.uuid,
        applications=tuple(recognised),
        ignored=tuple(ignored),
        machines=frozenset(status.machines),
        cou_machines=cou,
        retries_hooks=None if retries is None else str(retries).lower() == "true",
        access=reading.access,
        run_annotation=run_annotation.parse(reading.annotations.get(run_annotation.KEY, "")),
        instances=reading.instances,
        compute_services=reading.compute_services,
        ceph=reading.ceph,
        held=reading.held,
        unattended=reading.unattended,
        unanswered=reading.unanswered,
    )


def _application(
    status: ModelStatus,
    app: ApplicationStatus,
    charm: Charm,
    config: Mapping[str, ConfigValue],
    actions: frozenset[str],
) -> Application:
    return Application(
        name=app.name,
        charm=charm,
        scheme=app.scheme,
        channel=app.channel,
        newer=bool(app.can_upgrade_to),
        series=app.series,
        subordinate=bool(app.subordinate_to),
        status=app.status,
        version=app.workload_version,
        config={key: option.value for key, option in sorted(config.items())},
        actions=actions,
        units=tuple(_unit(status, app.units[name]) for name in names.in_order(app.units)),
    )


def _unit(status: ModelStatus, unit: UnitStatus) -> Unit:
    machine = status.machines.get(unit.machine)
    return Unit(
        name=unit.name,
        machine=unit.machine,
        zone=machine.zone if machine else "",
        version=unit.workload_version,
        workload=unit.workload,
        agent=unit.agent,
        leader=unit.leader,
        principal=unit.principal,
    )
