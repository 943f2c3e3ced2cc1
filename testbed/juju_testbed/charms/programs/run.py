"""Programs that run others: sh, env, sudo, timeout, nice, xargs; and the charm's own dispatch."""

from __future__ import annotations

import re

from .. import hooks
from .base import Call, Result


async def shell(call: Call) -> Result:
    """Run ``sh -c TEXT`` (also -ec, -xc and the like), or a script from the input."""
    from ..shell import Shell

    inner = Shell(call.site, dict(call.env), call.shell.depth + 1)
    args = list(call.args)
    while args and args[0].startswith("-"):
        option = args.pop(0)
        inner.errexit = inner.errexit or (not option.startswith("--") and "e" in option)
        if option == "-o":
            inner.pipefail = args.pop(0) == "pipefail" or inner.pipefail
        if "c" in option and not option.startswith("--"):
            return await inner.text(args[0] if args else "", call.stdin)
    if args and args[0] != "-s":
        return Result(127, "", f"bash: {args[0]}: No such file or directory\n")
    return await inner.text(call.stdin)


async def env(call: Call) -> Result:
    """Run a program with other variables; without one, print them."""
    environment, args = dict(call.env), list(call.args)
    while args and re.match(r"^[A-Za-z_][A-Za-z0-9_]*=", args[0]):
        name, _, value = args.pop(0).partition("=")
        environment[name] = value
    if not args:
        return Result(0, "".join(f"{k}={v}\n" for k, v in sorted(environment.items())))
    return await call.shell.program(args, environment, call.stdin)


async def wrapper(call: Call) -> Result:
    """Run the rest of the line, without this program's own options and their values."""
    valued = {
        "timeout": ("-k", "-s", "--kill-after", "--signal"),
        "nice": ("-n",),
        "ionice": ("-c", "-n"),
        "sudo": ("-u", "-g"),
        "flock": ("-w", "-E"),
    }[call.name.rpartition("/")[2]]
    args = list(call.args)
    while args and args[0].startswith("-"):
        option = args.pop(0)
        if option in valued and args:
            args.pop(0)
    if call.name.endswith(("timeout", "flock")) and args:
        args.pop(0)  # the duration, or the lock's file; neither bites in a simulated unit
    if args[:1] and re.match(r"^[A-Za-z_][A-Za-z0-9_]*=", args[0]):
        return await env(Call(call.shell, call.site, "env", args, call.env, call.stdin))
    if not args:
        return Result(1, "", f"{call.name}: missing operand\n")
    return await call.shell.program(args, call.env, call.stdin)


async def xargs(call: Call) -> Result:
    """Run a program with the input's words as further arguments."""
    args = [arg for arg in call.args if arg not in ("-r", "--no-run-if-empty")]
    words = call.stdin.split()
    if not words and len(args) != len(call.args):
        return Result(0)
    return await call.shell.program([*(args or ["echo"]), *words], call.env, "")


async def dispatch(call: Call) -> Result:
    """Run one of the charm's hooks by its dispatch script: JUJU_DISPATCH_PATH=hooks/NAME."""
    path = call.env.get("JUJU_DISPATCH_PATH", "")
    if not path.startswith("hooks/"):
        return Result(1, "", "ERROR JUJU_DISPATCH_PATH is not set\n")
    return await _hook(call, path.removeprefix("hooks/"))


async def hook(call: Call) -> Result:
    """Run ``hooks/update-status`` by its own name."""
    if "hooks/" not in call.name:
        return Result(127, "", f"bash: line 1: {call.name}: command not found\n")
    return await _hook(call, call.name.rpartition("/")[2])


async def _hook(call: Call, name: str) -> Result:
    outcome = await hooks.run(call.site, name, {})
    return Result(outcome.code, outcome.stdout, outcome.stderr)


PROGRAMS = {
    "sh": shell,
    "bash": shell,
    "dash": shell,
    "env": env,
    "sudo": wrapper,
    "timeout": wrapper,
    "nice": wrapper,
    "ionice": wrapper,
    "flock": wrapper,
    "xargs": xargs,
    "dispatch": dispatch,
    "update-status": hook,
}
