"""What a unit says of itself, recomputed from its world as assess-status does."""

from __future__ import annotations

from . import lies
from .site import Site

PAUSED = "Paused. Use 'resume' action to resume normal service."
SEALED = "Unit is sealed"


def assess(site: Site) -> None:
    """Set workload status and version from what is so, and log nothing."""
    site.status(*judged(site))
    version = _reported(site)
    if version:
        site.place.model.set_workload_version(site.name, version)


def _reported(site: Site) -> str:
    """Return the version that the unit claims; some charms are late with it, or wrong."""
    claimed = site.world.lies.get(lies.WRONG_VERSION)
    if claimed is not None:
        return str(claimed)
    version, before = site.version(), site.unit.workload_version
    if before and version != before and lies.tells(site, lies.LATE_VERSION):
        return before
    return version


def judged(site: Site) -> tuple[str, str]:
    """Return the workload status and message that fit the unit's world."""
    if site.world.paused:
        return "maintenance", PAUSED
    if site.world.sealed:
        return "blocked", SEALED
    services = site.machine.services
    down = [s for s in site.facts.services if services.get(s, "active") != "active"]
    if down:
        return "blocked", f"Services not running that should be: {', '.join(sorted(down))}"
    return "active", _ready(site) + _deferred(site)


def _ready(site: Site) -> str:
    if site.facts.name == "ceph-osd":
        return "Unit is ready (1 OSD)"
    if site.facts.name == "mysql-innodb-cluster":
        mode = "R/W" if site.unit.leader else "R/O"
        return (
            f"Unit is ready: Mode: {mode}, Cluster is ONLINE and can tolerate up to ONE failure."
        )
    if site.facts.name == "vault":
        return "Unit is ready (active: true, mlock: disabled)"
    clusters = site.facts.name in ("rabbitmq-server", "ceph-mon", "hacluster")
    if clusters and len(site.place.model.units_of(site.app.name)) > 1:
        return "Unit is ready and clustered"
    return "Unit is ready"


def _deferred(site: Site) -> str:
    """Return the tail that charmhelpers adds while restarts or hooks wait."""
    tail = ""
    if site.world.deferred:
        tail += f". Services queued for restart: {', '.join(sorted(site.world.deferred))}"
    if site.world.deferred_hooks:
        hooks = ", ".join(sorted(site.world.deferred_hooks))
        tail += f". Hooks skipped due to disabled auto restarts: {hooks}"
    return tail
