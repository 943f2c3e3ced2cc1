"""A model as JSON, for a rehearsal of its upgrade elsewhere: from a reading, and no secrets in it.

The form is described by ``docs/reference/snapshot.schema.json``. Only what the planner looks at
is written: of the options none but `OPTIONS`, and no status message, address or annotation.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ..juju.port import ApplicationStatus, ConfigValue, UnitStatus
from ..openstack import charms, origins, workload_status
from . import names
from .ceph_status import CephState
from .reading import Reading

SCHEMA = 1
OPTIONS = frozenset({
    *origins.SETTINGS,
    charms.MANAGED_UPGRADE,
    charms.AUTO_RESTARTS,
    charms.VERSION_PINNING,
    "scheduler-default-filters",
})  # fmt: skip
"""Options that the planner reads; none of them is ever a secret."""


def take(reading: Reading) -> dict[str, Any]:
    """Return the snapshot of a reading; the same for the same answers."""
    status = reading.status
    every = dict(sorted(status.applications.items()))
    retries = reading.model_config.get("automatically-retry-hooks")
    return {
        "schema": SCHEMA,
        "model": status.name,
        "juju": status.version,
        "retries-hooks": retries is None or str(retries).lower() == "true",
        "machines": {
            id: {"zone": machine.zone} for id, machine in sorted(status.machines.items())
        },
        "applications": {
            name: _application(app, reading, reading.config.get(name, {}))
            for name, app in every.items()
        },
        "relations": _relations(every),
        "ceph": {state.application: _ceph(state) for state in reading.ceph},
    }


def text(snapshot: Mapping[str, Any]) -> str:
    """Return a snapshot as it is written to a file."""
    return json.dumps(snapshot, indent=2, sort_keys=True) + "\n"


def _application(
    app: ApplicationStatus, reading: Reading, config: Mapping[str, ConfigValue]
) -> dict[str, Any]:
    return {
        "charm": app.charm,
        "scheme": app.scheme,
        "channel": app.channel,
        "revision": app.revision,
        "newer": bool(app.can_upgrade_to),
        "series": app.series,
        "subordinate-to": sorted(app.subordinate_to),
        "options": {
            key: option.value
            for key, option in sorted(config.items())
            if key in OPTIONS and option.is_set
        },
        "units": {name: _unit(app.units[name], reading) for name in names.in_order(app.units)},
    }


def _unit(unit: UnitStatus, reading: Reading) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "machine": unit.machine,
        "principal": unit.principal,
        "version": unit.workload_version,
        "status": unit.workload.current,
        "leader": unit.leader,
        "paused": workload_status.is_paused(unit.workload),
    }
    if unit.name in reading.instances:
        shown["instances"] = reading.instances[unit.name]
    if unit.name in reading.compute_services:
        shown["enabled"] = reading.compute_services[unit.name]
    return shown


def _ceph(state: CephState) -> dict[str, Any]:
    return {
        "flags": list(state.flags or ()),
        "health": state.health or "HEALTH_OK",
        "filestore": bool(state.filestore_osds),
    }


def _relations(every: Mapping[str, ApplicationStatus]) -> list[list[str]]:
    """Return pairs of ends, ``keystone:shared-db``; each relation once.

    Juju's status says of each endpoint which applications are at the other end, and not at which
    of their endpoints. Where two applications share several relations, equal names are paired
    first, the rest in alphabetical order.
    """
    pairs: list[list[str]] = []
    for one in every:
        for other in every:
            if one < other:
                mine, theirs = _endpoints(every[one], other), _endpoints(every[other], one)
                ends = _paired(mine, theirs)
                pairs += [[f"{one}:{a}", f"{other}:{b}"] for a, b in ends]
    return sorted(pairs)


def _endpoints(app: ApplicationStatus, other: str) -> list[str]:
    return sorted(name for name, apps in app.relations.items() if other in apps)


def _paired(mine: list[str], theirs: list[str]) -> list[tuple[str, str]]:
    alike = sorted(set(mine) & set(theirs))
    rest = zip(
        [name for name in mine if name not in alike],
        [name for name in theirs if name not in alike],
        strict=False,
    )
    return [(name, name) for name in alike] + list(rest)
