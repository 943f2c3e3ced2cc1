"""What the simulated charms do in their hooks."""

from __future__ import annotations

from collections.abc import Mapping

from ..model.charm import Outcome
from . import lies, status, tables, upgrade
from .channels import split_channel
from .site import Site


async def run(site: Site, name: str, context: Mapping[str, str]) -> Outcome:
    """Run one hook and assess the unit's status at its end.

    An origin that is no archive fails the hook, as it does on a real charm; it fails again on
    every retry until the option is put right.
    """
    del context  # the simulated charms read no relation data
    try:
        if name == "upgrade-charm":
            await _upgrade_charm(site)
        elif name == "config-changed":
            await site.spend("hook")
            if lies.tells(site, lies.FAILING_HOOK):
                return Outcome(code=1, message=f'hook failed: "{name}"')
            await upgrade.follow_origin(site)
        elif name == "install":
            await site.spend("upgrade")
            upgrade.first_install(site)
        elif name == "start":
            await _start(site)
        elif name.endswith("-relation-changed"):
            await site.spend("ripple")
        else:
            await site.spend("hook")
    except tables.BadOrigin as error:
        return Outcome(code=1, message=str(error), stderr=f"ERROR {error}\n")
    status.assess(site)
    return Outcome()


async def _upgrade_charm(site: Site) -> None:
    """Run upgrade-charm: the charm's own choice of software follows its track."""
    old = site.version()
    site.status("maintenance", "Upgrading charm")
    await site.spend("upgrade_charm")
    site.world.track = split_channel(site.app.channel)[0]
    site.world.lies.pop(lies.WRONG_VERSION, None)
    new = site.version()
    if old != new:
        site.log("workload-upgraded", old=old, new=new, cause="charm")
    if site.facts.name == "vault" and (old != new or site.place.cloud.seal_on_refresh):
        upgrade.seal(site)


async def _start(site: Site) -> None:
    """Run start: the first belongs to the installation, any later one to a reboot."""
    await site.spend("hook")
    if site.world.started:
        upgrade.restart_services(site)
        site.world.running = site.machine.installed
        if site.facts.name == "vault":
            upgrade.seal(site)
    site.world.started = True
