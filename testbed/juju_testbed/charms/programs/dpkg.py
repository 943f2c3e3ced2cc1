"""dpkg and dpkg-query."""

from __future__ import annotations

from .. import upgrade
from .base import Call, Result


def _packages(call: Call) -> dict[str, str]:
    """Return what is installed on the unit's machine: package -> version."""
    found: dict[str, str] = {}
    for other in upgrade.on_machine(call.site):
        for package in other.facts.packages:
            found.setdefault(package, other.version() or "1.0")
    return dict(sorted(found.items()))


async def dpkg(call: Call) -> Result:
    """List packages, show one, configure what was interrupted, audit."""
    machine = call.site.machine
    if call.flag("--configure"):
        if machine.interrupted:
            await call.site.spend("dist_upgrade")
            machine.interrupted = False
            if machine.pocket != machine.installed:
                upgrade.install(call.site, "packages")
                upgrade.restart_services(call.site)
        return Result(0)
    if "--audit" in call.args or "-C" in call.args:
        text = "The following packages are only half configured\n" if machine.interrupted else ""
        return Result(0, text)
    if "--print-architecture" in call.args:
        return Result(0, "amd64\n")
    installed, wanted = _packages(call), call.plain()
    if call.flag("-l", "--list"):
        return _listed(installed, wanted)
    if call.flag("-s", "--status"):
        return _status(installed, wanted)
    return Result(2, "", "dpkg: error: need an action option\n")


def _listed(installed: dict[str, str], wanted: list[str]) -> Result:
    rows = {p: v for p, v in installed.items() if not wanted or p in wanted}
    lines = [f"ii  {package:<30} {version:<20} amd64" for package, version in rows.items()]
    missing = [p for p in wanted if p not in installed]
    errors = "".join(f"dpkg-query: no packages found matching {p}\n" for p in missing)
    return Result(1 if missing else 0, "".join(line + "\n" for line in lines), errors)


def _status(installed: dict[str, str], wanted: list[str]) -> Result:
    out = err = ""
    for package in wanted:
        if package in installed:
            out += f"Package: {package}\nStatus: install ok installed\n"
            out += f"Version: {installed[package]}\n\n"
        else:
            err += f"dpkg-query: package '{package}' is not installed and no information is "
            err += "available\n"
    return Result(1 if err else 0, out, err)


async def dpkg_query(call: Call) -> Result:
    """Show packages with dpkg-query's default format, or ``${Version}`` alone."""
    installed = _packages(call)
    wanted = [arg for arg in call.plain() if "$" not in arg]
    rows = {p: installed[p] for p in wanted if p in installed}
    only_version = any("${Version}" in arg and "Package" not in arg for arg in call.args)
    lines = [v if only_version else f"{p}\t{v}\n" for p, v in rows.items()]
    missing = [p for p in wanted if p not in installed]
    errors = "".join(f"dpkg-query: no packages found matching {p}\n" for p in missing)
    return Result(1 if missing else 0, "".join(lines), errors)


PROGRAMS = {"dpkg": dpkg, "dpkg-query": dpkg_query}
