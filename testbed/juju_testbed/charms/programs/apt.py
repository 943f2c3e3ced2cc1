"""apt-get, apt-mark, apt-config and friends."""

from __future__ import annotations

from .. import upgrade
from .base import Call, Result

_INTERRUPTED = (
    "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the "
    "problem. \n"
)


async def apt_get(call: Call) -> Result:
    """Run apt-get or apt; options are taken as they come."""
    commands = [arg for arg in _without_option_values(call.args) if not arg.startswith("-")]
    verb = commands[0] if commands else ""
    if verb == "update":
        return await _update(call)
    if verb in ("dist-upgrade", "full-upgrade", "upgrade"):
        return await _dist_upgrade(call, verb)
    if verb in ("autoremove", "autoclean", "clean", "check"):
        if call.site.machine.interrupted:
            return Result(100, "", _INTERRUPTED)
        await call.site.spend("autoremove")
        return Result(0, _summary(0, 0))
    if verb in ("install", "remove", "purge"):
        await call.site.spend("autoremove")
        return Result(0, _summary(0, 0))
    return Result(100, "", f"E: Invalid operation {verb}\n")


def _without_option_values(args: list[str]) -> list[str]:
    """Drop what follows ``-o``, ``-t`` and ``-c``."""
    kept: list[str] = []
    skip = False
    for arg in args:
        if not skip:
            kept.append(arg)
        skip = arg in ("-o", "-t", "-c") and not skip
    return kept


async def _update(call: Call) -> Result:
    machine = call.site.machine
    await call.site.spend("refresh_index")
    machine.index_stale = False
    archive = "http://archive.ubuntu.com/ubuntu"
    return Result(
        0,
        f"Hit:1 {archive} {machine.series} InRelease\n"
        f"Hit:2 {archive} {machine.series}-updates InRelease\n"
        "Reading package lists...\n",
    )


async def _dist_upgrade(call: Call, verb: str) -> Result:
    """Bring the machine's packages to where its sources lead, without those on hold.

    Where the charm has already written the next release's sources, this jumps ahead of it. A
    charm whose restarts are not automatic has its services deferred.
    """
    site, machine = call.site, call.site.machine
    if machine.interrupted:
        return Result(100, "", _INTERRUPTED)
    if not call.flag("-y", "--yes", "--assume-yes", "-qq"):
        return Result(1, "", "Do you want to continue? [Y/n] Abort.\n")
    kept_back = sorted(machine.pending & machine.held)
    moving = sorted(machine.pending - machine.held)
    jump = machine.pocket != machine.installed and not machine.index_stale
    if verb == "upgrade" and jump:
        jump = False  # never installs new packages, so the new release is kept back
    machine.interrupted = True
    await site.spend("dist_upgrade")
    machine.interrupted = False
    if moving or jump:
        upgrade.install(site, "packages", follow=jump)
        _restart(call)
    else:
        site.log("packages-upgraded", pocket=machine.pocket, held=sorted(machine.held))
    held = f"The following packages have been kept back:\n  {' '.join(kept_back)}\n"
    text = held if kept_back else ""
    return Result(0, text + _summary(len(moving), len(kept_back)))


def _restart(call: Call) -> None:
    """Have the services of every unit on the machine restart, or wait for it."""
    for other in upgrade.on_machine(call.site):
        if not other.automatic:
            upgrade.defer_restarts(other)
        elif not other.world.paused:
            upgrade.restart_services(other)


def _summary(upgraded: int, kept: int) -> str:
    return (
        "Reading package lists...\nBuilding dependency tree...\nReading state information...\n"
        f"{upgraded} upgraded, 0 newly installed, 0 to remove and {kept} not upgraded.\n"
    )


async def apt_mark(call: Call) -> Result:
    """Hold, release and show packages."""
    held = call.site.machine.held
    verb, *packages = call.plain() or [""]
    if verb == "hold":
        lines = [f"{p} {'was already' if p in held else ''} set on hold." for p in packages]
        held.update(packages)
    elif verb == "unhold":
        lines = [
            f"Canceled hold on {p}." if p in held else f"{p} was already not on hold."
            for p in packages
        ]
        held.difference_update(packages)
    elif verb == "showhold":
        lines = sorted(held & set(packages) if packages else held)
    else:
        return Result(1, "", f"E: Invalid operation {verb}\n")
    return Result(0, "".join(" ".join(line.split()) + "\n" for line in lines))


async def apt_config(call: Call) -> Result:
    """Show the configuration: unattended-upgrades is off unless a file turns it on."""
    on = call.file("/etc/apt/apt.conf.d/20auto-upgrades")
    value = "1" if on is not None and 'Unattended-Upgrade "1"' in on.text else "0"
    plain = call.plain()
    if plain[:1] == ["shell"]:
        return Result(0, f"{plain[1] if len(plain) > 1 else 'VALUE'}='{value}'\n")
    return Result(0, f'APT::Periodic::Unattended-Upgrade "{value}";\n')


async def apt_cache(call: Call) -> Result:
    """Say which version is installed and which is offered, for `policy`."""
    _, *packages = call.plain() or [""]
    lines: list[str] = []
    for package in packages:
        for other in upgrade.on_machine(call.site):
            if package in other.facts.packages:
                candidate = other.version(call.site.machine.pocket)
                lines.append(
                    f"{package}:\n  Installed: {other.version()}\n  Candidate: {candidate}\n"
                )
                break
    return Result(0, "".join(lines))


PROGRAMS = {
    "apt": apt_get,
    "apt-get": apt_get,
    "apt-mark": apt_mark,
    "apt-config": apt_config,
    "apt-cache": apt_cache,
}
