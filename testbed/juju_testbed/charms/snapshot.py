"""The cloud in short, for the log of operations: once when deployed, once at the end."""

from __future__ import annotations

from typing import Any

from . import tables
from .ceph_health import cluster_summary
from .facts import catalogue
from .site import Place, Site
from .upgrade import outstanding

# Options that an upgrade may switch or set; the judge compares them.
_OPTIONS = ("openstack-origin", "source", "action-managed-upgrade", "enable-auto-restarts")


def write_deployed(place: Place, by: str) -> None:
    """Write one `deployed` entry per application."""
    model = place.model
    whole = summary(place)
    for name, row in whole["applications"].items():
        if name in whole["clusters"]:
            row["cluster"] = whole["clusters"][name]
        model.log.write(model.clock.now(), "deployed", by=by, application=name, **row)


def write(place: Place, by: str = "testbed") -> None:
    """Write the `snapshot` entry: everything as it is now."""
    place.model.log.write(place.model.clock.now(), "snapshot", by=by, **summary(place))


def summary(place: Place) -> dict[str, Any]:
    """Return the cloud in short.

    Returns:
        ``applications``: name -> charm, url, channel, series, subordinate, recognised,
        ``related`` (applications), config (options above), units -> see `_unit`;
        ``clusters``: ceph-mon application -> noout, require-osd-release, OSD releases.
    """
    model = place.model
    applications: dict[str, Any] = {}
    for name, app in model.applications.items():
        known = app.definition.name in catalogue()
        values = {key: option.default for key, option in app.definition.options.items()}
        values.update(app.config)
        related = {other for others in app.relations.values() for other in others}
        applications[name] = {
            "charm": app.definition.name,
            "url": app.charm_url,
            "channel": app.channel,
            "series": app.series,
            "subordinate": app.definition.subordinate,
            "recognised": known,
            "related": sorted(related),
            "config": {key: values[key] for key in _OPTIONS if key in values},
            "units": {
                unit.name: _unit(place.site(unit.name)) if known else {"machine": unit.machine}
                for unit in model.units_of(name)
            },
        }
    clusters = {
        app.name: cluster_summary(place, app.name) for app in place.applications("ceph-mon")
    }
    return {"applications": applications, "clusters": clusters}


def _unit(site: Site) -> dict[str, Any]:
    agent, workload = site.place.model.shown(site.name)
    return {
        "machine": site.unit.machine,
        "zone": site.place.model.machines[site.unit.machine].zone,
        "principal": site.unit.principal,
        "version": site.unit.workload_version,
        "release": site.machine.installed,
        "pocket": site.machine.pocket,
        "running": site.world.running,
        "ceph": tables.ceph_name(site.world.running) if site.facts.key == "ceph" else "",
        "paused": site.world.paused,
        "enabled": site.world.compute_enabled,
        "instances": site.world.instances,
        "sealed": site.world.sealed,
        "deferred": outstanding(site),
        "held": sorted(site.machine.held),
        "workload": workload.current,
        "message": workload.message,
        "agent": agent.current,
    }
