"""What the simulated charms do when one of their actions is run.

A handler gets the unit's site and the parameters, with the defaults that the controller has
inserted, and returns what the action would have set.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from ..model.charm import Outcome
from . import database, lies, status, tables, upgrade
from .site import Site, charm_name

Handler = Callable[[Site, Mapping[str, Any]], Awaitable[Outcome]]


async def run(site: Site, name: str, params: Mapping[str, Any]) -> Outcome:
    """Run an action; one without a handler here takes its time and reports nothing."""
    handler = _HANDLERS.get((site.facts.name, name)) or _HANDLERS.get(("", name))
    if handler is not None:
        return await handler(site, params)
    await site.spend("action")
    return Outcome()


async def _pause(site: Site, params: Mapping[str, Any]) -> Outcome:
    del params
    await site.spend("pause")
    if not site.world.paused:
        site.world.paused = True
        site.log("paused")
    upgrade.serve(site, False)
    for service in site.facts.services:
        site.machine.services[service] = "inactive"
    status.assess(site)
    return Outcome()


async def _resume(site: Site, params: Mapping[str, Any]) -> Outcome:
    del params
    await site.spend("pause")
    if site.world.paused:
        site.world.paused = False
        site.log("resumed")
        if site.facts.name == "vault":  # its own description of the action says so
            upgrade.seal(site)
    upgrade.restart_services(site)
    upgrade.serve(site, True)
    status.assess(site)
    if lies.tells(site, lies.CEILOMETER_RESUME):
        return _without_ceilometer(site)
    return Outcome()


def _without_ceilometer(site: Site) -> Outcome:
    """Fail a resume over an agent that belongs to another charm (LP#1947585)."""
    agent = "ceilometer-agent-compute"
    site.machine.services[agent] = "failed"
    for other in upgrade.on_machine(site):
        if agent in other.facts.services:
            status.assess(other)
    text = f"Services not running that should be: {agent}"
    site.status("blocked", text)
    return Outcome(code=1, message=f"Action resume failed: Couldn't resume: {text}")


async def _openstack_upgrade(site: Site, params: Mapping[str, Any]) -> Outcome:
    """Upgrade this unit alone; outcomes are charmhelpers' (do_action_openstack_upgrade)."""
    del params
    await site.spend("action")
    try:
        available = upgrade.upgrade_available(site)
    except tables.BadOrigin as error:
        return Outcome(code=1, stderr=f"ERROR {error}\n")
    if not available:
        return Outcome(results={"outcome": "No upgrade available."})
    if not site.enabled("action-managed-upgrade"):
        text = "action-managed-upgrade config is False, skipped upgrade."
        return Outcome(results={"outcome": text})
    if lies.tells(site, lies.FAILING_UPGRADE):
        return Outcome(
            code=1, message="Action openstack-upgrade failed", stderr="E: Sub-process\n"
        )
    if not lies.tells(site, lies.IDLE_UPGRADE):
        release = tables.origin_release(site.origin, site.machine.series)
        await upgrade.move_packages(site, release, "action")
        site.world.origin = site.origin
    status.assess(site)
    return Outcome(results={"outcome": "success, upgrade completed."})


async def _compute_service(site: Site, enabled: bool) -> Outcome:
    await site.spend("action")
    if site.world.compute_enabled is not enabled:
        site.world.compute_enabled = enabled
        site.log("compute-service", enabled=enabled)
    return Outcome()


async def _disable(site: Site, params: Mapping[str, Any]) -> Outcome:
    del params
    return await _compute_service(site, False)


async def _enable(site: Site, params: Mapping[str, Any]) -> Outcome:
    del params
    return await _compute_service(site, True)


async def _instance_count(site: Site, params: Mapping[str, Any]) -> Outcome:
    del params
    await site.spend("action")
    return Outcome(results={"instance-count": str(site.world.instances)})


async def _list_compute_nodes(site: Site, params: Mapping[str, Any]) -> Outcome:
    """List the compute services of the cloud, as nova's API would, as JSON text."""
    del params
    await site.spend("action")
    nodes = [
        _compute_service_row(number, other)
        for number, other in enumerate(_hypervisors(site), start=1)
    ]
    return Outcome(results={"node-name": hostname(site), "compute-nodes": json.dumps(nodes)})


def _hypervisors(site: Site) -> list[Site]:
    place = site.place
    return [s for app in place.applications("nova-compute") for s in place.sites(app.name)]


def _compute_service_row(number: int, site: Site) -> dict[str, Any]:
    zone = site.place.model.machines[site.unit.machine].zone
    up = site.machine.services.get("nova-compute") == "active"
    return {
        "id": number,
        "binary": "nova-compute",
        "host": hostname(site),
        "zone": zone or "nova",
        "status": "enabled" if site.world.compute_enabled else "disabled",
        "state": "up" if up else "down",
        "forced_down": False,
        "disabled_reason": None,
        "updated_at": site.place.model.clock.now().strftime("%Y-%m-%dT%H:%M:%S.000000"),
    }


def hostname(site: Site) -> str:
    """Return the fully qualified name of a unit's machine."""
    short = site.unit.machine.replace("/", "-")
    return f"juju-{site.place.model.uuid[:6]}-{short}.lxd"


async def _node_name(site: Site, params: Mapping[str, Any]) -> Outcome:
    del params
    await site.spend("action")
    return Outcome(results={"node-name": hostname(site)})


async def _noout(site: Site, wanted: bool) -> Outcome:
    await site.spend("action")
    flags = site.place.cluster(site.app.name).flags
    if ("noout" in flags) is not wanted:
        flags.symmetric_difference_update({"noout"})
        site.log("noout", set=wanted)
    return Outcome()


async def _set_noout(site: Site, params: Mapping[str, Any]) -> Outcome:
    del params
    return await _noout(site, True)


async def _unset_noout(site: Site, params: Mapping[str, Any]) -> Outcome:
    del params
    return await _noout(site, False)


async def _get_health(site: Site, params: Mapping[str, Any]) -> Outcome:
    del params
    await site.spend("query")
    return Outcome(results={"message": site.place.cluster(site.app.name).health})


async def _run_deferred_hooks(site: Site, params: Mapping[str, Any]) -> Outcome:
    """Run what was put off and restart what waits, whatever enable-auto-restarts says."""
    del params
    await site.spend("action")
    if "config-changed" in site.world.deferred_hooks:
        try:
            release = tables.origin_release(site.origin, site.machine.series)
        except tables.BadOrigin as error:
            return Outcome(code=1, stderr=f"ERROR {error}\n")
        await upgrade.move_packages(site, release, "action")
        site.world.origin = site.origin
    if upgrade.outstanding(site):
        await site.spend("restart")
        site.world.deferred_hooks.clear()
        upgrade.restart_services(site)
        site.log("deferred-restarts", left=0)
        if lies.tells(site, lies.LOST_RESTART):
            upgrade.defer_restarts(site)
    status.assess(site)
    return Outcome()


async def _restart_services(site: Site, params: Mapping[str, Any]) -> Outcome:
    await site.spend("restart")
    named = set(str(params.get("services") or "").split())
    if params.get("deferred-only") or not named:
        named = set(site.world.deferred)
    left = [service for service in site.world.deferred if service not in named]
    if left != site.world.deferred:
        site.world.deferred[:] = left
        site.log("deferred-restarts", left=upgrade.outstanding(site))
    status.assess(site)
    return Outcome()


async def _show_deferred_events(site: Site, params: Mapping[str, Any]) -> Outcome:
    del params
    await site.spend("action")
    events = {
        "hooks": sorted(site.world.deferred_hooks),
        "restarts": [f"Pkg update: {service}" for service in sorted(site.world.deferred)],
    }
    return Outcome(results={"output": json.dumps(events)})


async def _restart_vault(site: Site, params: Mapping[str, Any]) -> Outcome:
    del params
    await site.spend("restart")
    upgrade.seal(site)
    status.assess(site)
    return Outcome()


async def _cluster_status(site: Site, params: Mapping[str, Any]) -> Outcome:
    del params
    await site.spend("query")
    units = [unit.name for unit in site.place.model.units_of(site.app.name)]
    shown = {"clusterName": charm_name(site.app), "members": units, "status": "OK"}
    return Outcome(results={"cluster-status": json.dumps(shown)})


_HANDLERS: Mapping[tuple[str, str], Handler] = {
    ("", "pause"): _pause,
    ("", "resume"): _resume,
    ("", "openstack-upgrade"): _openstack_upgrade,
    ("", "run-deferred-hooks"): _run_deferred_hooks,
    ("", "restart-services"): _restart_services,
    ("", "show-deferred-events"): _show_deferred_events,
    ("", "cluster-status"): _cluster_status,
    ("ceph-mon", "get-health"): _get_health,
    ("ceph-mon", "set-noout"): _set_noout,
    ("ceph-mon", "unset-noout"): _unset_noout,
    ("mysql-innodb-cluster", "mysqldump"): database.mysqldump,
    ("nova-cloud-controller", "archive-data"): database.archive_data,
    ("nova-cloud-controller", "purge-data"): database.purge_data,
    ("nova-compute", "disable"): _disable,
    ("nova-compute", "enable"): _enable,
    ("nova-compute", "instance-count"): _instance_count,
    ("nova-compute", "list-compute-nodes"): _list_compute_nodes,
    ("nova-compute", "node-name"): _node_name,
    ("vault", "restart"): _restart_vault,
}
