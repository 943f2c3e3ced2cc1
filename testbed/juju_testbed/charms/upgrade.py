"""How packages move: by a changed origin, by an action, by apt-get."""

from __future__ import annotations

from . import lies, tables
from .facts import catalogue
from .site import Place, Site


async def follow_origin(site: Site) -> None:
    """Do in config-changed what a changed origin asks for.

    A charm with action-managed-upgrade true does nothing; false under a newer origin upgrades.
    With automatic restarts off the hook is put off until run-deferred-hooks.

    Raises:
        BadOrigin: the origin is no archive; the hook fails.
    """
    if not site.facts.origin:
        return
    origin, before = site.origin, site.world.origin
    release = tables.origin_release(origin, site.machine.series)
    due = tables.newer(release, site.machine.installed)
    changed = origin != before and not _same_archive(site, before, release)
    if "managed" in site.facts.traits and site.enabled("action-managed-upgrade"):
        site.world.origin = origin
        return
    if not (due or changed):
        site.world.origin = origin
        return
    if not site.automatic:
        defer_hook(site, "config-changed")
        return
    cause = "origin" if origin != before else "action-managed-upgrade"
    await move_packages(site, release, cause)
    site.world.origin = origin


def _same_archive(site: Site, origin: str, release: str) -> bool:
    """Whether an older value of the option, as ``distro`` or unset, meant the same archive."""
    try:
        return tables.origin_release(origin, site.machine.series) == release
    except tables.BadOrigin:
        return False


def upgrade_available(site: Site) -> bool:
    """Whether the origin's release is newer than what is installed.

    Raises:
        BadOrigin: the origin is no archive.
    """
    release = tables.origin_release(site.origin, site.machine.series)
    return tables.newer(release, site.machine.installed)


async def move_packages(site: Site, release: str, cause: str) -> None:
    """Point APT at a release and bring the whole machine to it; restart what this unit runs.

    Interrupted in the middle it leaves the new sources, the old packages and an unfinished dpkg.
    """
    machine = site.machine
    site.status("maintenance", "Running openstack upgrade")
    if not tables.newer(machine.pocket, release):
        line = tables.archive_line(site.origin, machine.series, release)
        machine.write_sources(line, release)
    machine.interrupted = True
    serve(site, False)
    await site.spend("upgrade")
    machine.interrupted = False
    install(site, cause)
    if not lies.tells(site, lies.STALE_DAEMONS):
        site.world.running = machine.installed
    restart_services(site)
    serve(site, not site.world.paused)
    if "ripples" in site.facts.traits and site.unit.leader:
        ripple(site)


def serve(site: Site, up: bool) -> None:
    """Note that a unit's services answer from now on, or no longer."""
    if site.world.serving is not up:
        site.world.serving = up
        site.log("service", up=up)


def first_install(site: Site) -> None:
    """Install a new unit's packages from its origin; a newer one moves the whole machine.

    Raises:
        BadOrigin: the origin is no archive.
    """
    machine = site.machine
    site.world.started = False
    release = tables.origin_release(site.origin, machine.series)
    if tables.newer(release, machine.installed):
        machine.write_sources(tables.archive_line(site.origin, machine.series, release), release)
        install(site, "origin")
    site.world.origin, site.world.running = site.origin, machine.installed


def install(site: Site, cause: str, follow: bool = True) -> None:
    """Bring everything on the machine up to date, and log whose version moved.

    Args:
        site: the unit that does it.
        cause: why, for the log.
        follow: up to the release of the pocket; otherwise within the release installed.
    """
    machine = site.machine
    machine.pending.intersection_update(machine.held)
    before = {unit.name: unit.version() for unit in on_machine(site)}
    if follow:
        machine.index_stale = False
        if tables.newer(machine.pocket, machine.installed):
            machine.installed = machine.pocket
    site.log("packages-upgraded", pocket=machine.pocket, held=sorted(machine.held))
    for other in on_machine(site):
        new = other.version()
        if new != before[other.name]:
            own = other.name == site.name
            other.log(
                "workload-upgraded",
                old=before[other.name],
                new=new,
                cause=cause if own else "packages",
            )


def on_machine(site: Site) -> list[Site]:
    """Return the units of this room's charms on a unit's machine, itself included."""
    return units_on(site.place, site.unit.machine)


def units_on(place: Place, machine: str) -> list[Site]:
    """Return the simulated units on a machine."""
    return [
        place.site(unit.name)
        for unit in place.model.units.values()
        if unit.machine == machine
        and place.model.applications[unit.application].definition.name in catalogue()
    ]


def defer_hook(site: Site, hook: str) -> None:
    """Put a hook off until run-deferred-hooks."""
    if hook not in site.world.deferred_hooks:
        site.world.deferred_hooks.append(hook)
        site.log("deferred-restarts", left=outstanding(site))


def defer_restarts(site: Site) -> None:
    """Have a unit's services wait for a restart by hand."""
    waiting = [s for s in site.facts.services if s not in site.world.deferred]
    if waiting:
        site.world.deferred += waiting
        site.log("deferred-restarts", left=outstanding(site))


def outstanding(site: Site) -> int:
    """Return how many deferred events wait on a unit."""
    return len(site.world.deferred) + len(site.world.deferred_hooks)


def restart_services(site: Site) -> None:
    """Restart what a unit runs, unless it is paused; nothing is left to defer."""
    for service in site.facts.services:
        site.machine.services[service] = "inactive" if site.world.paused else "active"
    site.world.deferred.clear()


def ripple(site: Site) -> None:
    """Have the units of related applications run relation-changed, as new relation data does."""
    model = site.place.model
    for others in site.app.relations.values():
        for name in others:
            other = model.applications.get(name)
            if other is None or name == site.app.name:
                continue
            ends = [e for e, names in other.relations.items() if site.app.name in names]
            for unit in model.units_of(name):
                for endpoint in ends[:1]:
                    context = {"remote-application": site.app.name, "remote-unit": site.name}
                    model.queue_hook(unit.name, f"{endpoint}-relation-changed", context)


def seal(site: Site) -> None:
    """Seal vault: its process has just started."""
    if not site.world.sealed:
        site.world.sealed, site.world.unseal_keys = True, 0
        site.log("sealed")
