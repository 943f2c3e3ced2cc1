"""systemctl, hostname, vault and the small ones."""

from __future__ import annotations

from .. import status, upgrade
from ..actions import hostname as name_of_host
from .base import Call, Result

_KEYS_NEEDED = 3
_MEANINGS = {"is-active": 3, "is-enabled": 1, "status": 3}


async def systemctl(call: Call) -> Result:
    """Start, stop, restart and look at services."""
    verb, *services = call.plain() or [""]
    if verb in ("daemon-reload", "reset-failed"):
        return Result(0)
    known = call.site.machine.services
    names = [service.removesuffix(".service") for service in services]
    if verb in ("start", "stop", "restart", "try-restart", "reload"):
        return await _change(call, verb, names)
    out = ""
    code = 0
    for name in names:
        state = known.get(name, "inactive")
        if verb == "is-enabled":
            state = "enabled" if name in known else "disabled"
        good = state in ("active", "enabled")
        code = code if good else _MEANINGS.get(verb, 1)
        shown = f"* {name}.service\n   Active: {state}\n" if verb == "status" else f"{state}\n"
        out += "" if call.flag("-q", "--quiet") else shown
    return Result(code, out)


async def _change(call: Call, verb: str, names: list[str]) -> Result:
    known = call.site.machine.services
    await call.site.spend("restart")
    for name in names:
        if name not in known:
            return Result(
                5, "", f"Failed to {verb} {name}.service: Unit {name}.service not found.\n"
            )
        known[name] = "inactive" if verb == "stop" else "active"
        for other in upgrade.on_machine(call.site):
            if name in other.world.deferred and verb != "stop":
                other.world.deferred.remove(name)
            if name in other.facts.services and verb in ("start", "restart"):
                other.world.running = other.machine.installed
            if name == "vault" and other.facts.name == "vault" and verb != "reload":
                upgrade.seal(other)
                status.assess(other)
    return Result(0)


async def vault(call: Call) -> Result:
    """Show whether vault is sealed, or take one unseal key; three are needed."""
    world = call.site.world
    if call.site.facts.name != "vault":
        return Result(127, "", "bash: line 1: vault: command not found\n")
    plain = call.plain()
    if plain[:2] == ["operator", "unseal"] and world.sealed:
        world.unseal_keys += 1
        if world.unseal_keys >= _KEYS_NEEDED:
            open_up(call)
    elif plain[:1] != ["status"] and plain[:2] != ["operator", "unseal"]:
        return Result(1, "", "Usage: vault <command> [args]\n")
    sealed = str(world.sealed).lower()
    text = (
        "Key                Value\n---                -----\nInitialized        true\n"
        f"Sealed             {sealed}\nTotal Shares       5\nThreshold          {_KEYS_NEEDED}\n"
        f"Unseal Progress    {world.unseal_keys if world.sealed else 0}/{_KEYS_NEEDED}\n"
    )
    return Result(2 if world.sealed and plain[:1] == ["status"] else 0, text)


def open_up(call: Call) -> None:
    """Unseal: the charm notices in its next update-status, which is queued here."""
    world = call.site.world
    world.sealed, world.unseal_keys = False, 0
    call.site.log("unsealed")
    call.site.place.model.queue_hook(call.site.name, "update-status")


async def hostname(call: Call) -> Result:
    """Print the machine's name."""
    return Result(0, name_of_host(call.site).partition(".")[0] + "\n")


async def date(call: Call) -> Result:
    """Print the world's time; ``+%s`` and other formats are known."""
    now = call.site.place.model.clock.now()
    pattern = next((a[1:] for a in call.args if a.startswith("+")), "%a %b %d %H:%M:%S UTC %Y")
    return Result(0, now.strftime(pattern.replace("%s", str(int(now.timestamp())))) + "\n")


async def sleep(call: Call) -> Result:
    """Wait for seconds of the world."""
    try:
        seconds = float(call.plain()[0].rstrip("s"))
    except (IndexError, ValueError):
        return Result(1, "", "sleep: invalid time interval\n")
    await call.site.place.model.clock.sleep(seconds)
    return Result(0)


async def true(call: Call) -> Result:
    """Succeed."""
    del call
    return Result(0)


async def false(call: Call) -> Result:
    """Fail."""
    del call
    return Result(1)


async def lsb_release(call: Call) -> Result:
    """Print the series."""
    return Result(0, f"{call.site.machine.series}\n")


async def whoami(call: Call) -> Result:
    """Commands run as root."""
    return Result(0, "0\n" if call.name.endswith("id") else "root\n")


async def which(call: Call) -> Result:
    """Say where simulated programs are."""
    from . import PROGRAMS as every

    paths = [f"/usr/bin/{name}\n" for name in call.plain() if name in every]
    return Result(0 if len(paths) == len(call.plain()) else 1, "".join(paths))


PROGRAMS = {
    "systemctl": systemctl,
    "vault": vault,
    "hostname": hostname,
    "date": date,
    "sleep": sleep,
    "true": true,
    "false": false,
    "sync": true,
    "lsb_release": lsb_release,
    "whoami": whoami,
    "id": whoami,
    "which": which,
}
