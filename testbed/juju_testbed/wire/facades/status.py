"""FullStatus: the whole model as JSON."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from typing import Any

from ...model import charmurl
from ...model.entities import Application, Machine, Status, Unit
from ...model.model import Model
from ...model.state import Relation
from ..shapes import detailed, stamp

_WILD = set("*?[")


def full_status(model: Model, patterns: list[str]) -> dict[str, Any]:
    """Return FullStatus; with patterns only the matching applications, units and machines.

    A pattern matches an application, a unit or a machine id. The machines, the principals and
    the subordinates of what matched come along (assumed; Juju's filter is more tangled).
    """
    names, machines = _chosen(model, patterns)
    inner: dict[str, list[Machine]] = {}
    for machine in model.machines.values():
        if machines is None or machine.id in machines:
            inner.setdefault(machine.base_machine, []).append(machine)
    return {
        "model": model_info(model),
        "machines": {one.id: _machine(model, one, inner) for one in inner.get("", ())},
        "applications": {
            app.name: _application(model, app, names)
            for app in model.applications.values()
            if names is None or app.name in names
        },
        "remote-applications": {},
        "offers": {},
        "relations": [
            _relation(model, relation)
            for relation in model.relations
            if names is None or not names.isdisjoint(relation.applications)
        ],
        "controller-timestamp": stamp(model.clock.now()),
        "branches": {},
        "storage": [],
        "filesystems": [],
        "volumes": [],
    }


def _chosen(model: Model, patterns: list[str]) -> tuple[set[str] | None, set[str] | None]:
    """Return the applications and machines that patterns choose; None for all."""
    if not patterns:
        return None, None
    if any("/" in one or one.isdecimal() or set(one) & _WILD for one in patterns):
        fits = _matcher(patterns)
        names = set(filter(fits, model.applications))
        units = [one for one in model.units.values() if fits(one.name) or fits(one.machine)]
    else:  # names of applications alone, as whoever looks again and again sends them
        names = model.applications.keys() & patterns
        units = []
    units += [unit for name in names for unit in model.units_of(name)]
    machines: set[str] = set()
    for unit in units:
        names.add(unit.application)
        machines.update((unit.machine, unit.machine.split("/")[0]))
        if unit.principal:
            names.add(unit.principal.split("/")[0])
    principals = [unit for name in names for unit in model.units_of(name)]
    names.update(below.split("/")[0] for unit in principals for below in unit.subordinates)
    for id in model.machines.keys() & patterns:
        machines.update((id, id.split("/")[0]))
    return names, machines


def _matcher(patterns: list[str]) -> Callable[[str], bool]:
    """Return whether a name fits one of the patterns; plain names are only looked up."""
    plain = {pattern for pattern in patterns if not set(pattern) & _WILD}
    wild = [re.compile(fnmatch.translate(one)).match for one in patterns if one not in plain]
    return lambda name: name in plain or any(match(name) for match in wild)


def model_info(model: Model) -> dict[str, Any]:
    """Return the model's own part."""
    return {
        "name": model.name,
        "type": "iaas",
        "cloud-tag": "cloud-testbed",
        "region": "",
        "version": str(model.config["agent-version"]),
        "available-version": "",
        "model-status": detailed(Status("available", since=model.created)),
        "meter-status": {"color": "", "message": ""},
        "sla": "unsupported",
    }


def _machine(model: Model, machine: Machine, inner: dict[str, list[Machine]]) -> dict[str, Any]:
    """Return a machine; `inner` has the containers to show, by their host's id."""
    hostname = f"juju-{model.uuid[-6:]}-{machine.id.replace('/', '-')}"
    hardware = "arch=amd64 cores=8 mem=16384M"
    if machine.zone:
        hardware += f" availability-zone={machine.zone}"
    return {
        "id": machine.id,
        "agent-status": detailed(machine.agent, version=str(model.config["agent-version"])),
        "instance-status": detailed(machine.instance),
        "modification-status": detailed(Status("applied", since=machine.instance.since)),
        "hostname": hostname,
        "dns-name": machine.address,
        "ip-addresses": [machine.address],
        "instance-id": hostname,
        "display-name": "",
        "base": charmurl.base_of(machine.series),
        "network-interfaces": {},
        "containers": {one.id: _machine(model, one, inner) for one in inner.get(machine.id, ())},
        "constraints": "",
        "hardware": hardware,
        "jobs": ["JobHostUnits"],
        "has-vote": False,
        "wants-vote": False,
    }


def _application(model: Model, app: Application, chosen: set[str] | None) -> dict[str, Any]:
    url = charmurl.parse_url(app.charm_url)
    units: dict[str, Any] = {}
    if not app.definition.subordinate:  # subordinates stand only below their principals
        units = {unit.name: _unit(model, unit, chosen) for unit in model.units_of(app.name)}
    return {
        "charm": app.charm_url,
        "charm-version": app.charm_version,
        "charm-profile": "",
        "charm-channel": app.channel,
        "charm-rev": url.revision,
        "base": charmurl.base_of(app.series),
        "exposed": app.exposed,
        "exposed-endpoints": {},
        "life": "dying" if app.name in model.leaving else "",
        "relations": {endpoint: list(apps) for endpoint, apps in sorted(app.relations.items())},
        "can-upgrade-to": app.can_upgrade_to,
        "subordinate-to": list(app.subordinate_to),
        "units": units,
        "meter-statuses": {},
        "status": detailed(model.application_status(app.name)),
        "workload-version": model.application_version(app.name),
        "endpoint-bindings": {"": "alpha"},
        "public-address": "",
        "provider-id": "",
    }


def _unit(model: Model, unit: Unit, chosen: set[str] | None) -> dict[str, Any]:
    agent, workload = model.shown(unit.name)
    current = model.applications[unit.application].charm_url
    going = model.uniters[unit.name].dying or unit.name in model.doomed
    return {
        # A unit's life stands with its agent's status, and only where it is not alive.
        "agent-status": {
            **detailed(agent, version=str(model.config["agent-version"])),
            "life": "dying" if going else "",
        },
        "workload-status": detailed(workload),
        "workload-version": unit.workload_version,
        "machine": "" if unit.principal else unit.machine,
        "opened-ports": list(unit.open_ports),
        "public-address": unit.address,
        # Only when it differs from the application's.
        "charm": unit.charm_url if unit.charm_url and unit.charm_url != current else "",
        "subordinates": {
            name: _unit(model, model.units[name], chosen)
            for name in sorted(unit.subordinates)
            if chosen is None or name.split("/")[0] in chosen
        },
        "leader": unit.leader,
        "provider-id": "",
        "address": "",
    }


def _relation(model: Model, relation: Relation) -> dict[str, Any]:
    roles = ("provider", "requirer") if len(relation.endpoints) > 1 else ("peer",)
    return {
        "id": relation.id,
        "key": relation.key,
        "interface": "",
        "scope": relation.scope,
        "endpoints": [
            {
                "application": application,
                "name": endpoint,
                "role": role,
                "subordinate": model.applications[application].definition.subordinate,
            }
            for (application, endpoint), role in zip(relation.endpoints, roles, strict=True)
        ],
        "status": detailed(Status("joined", since=model.created)),
    }
