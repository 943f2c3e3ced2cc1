"""``juju-testbed``: start, stop, look at and break a testbed."""

from __future__ import annotations

import argparse
import inspect
import os
import pathlib
import sys
from typing import Any

from ..charms.profile import PROFILES
from ..command.command import key_value
from ..command.errors import CommandError
from ..command.heard import heard
from ..wire.facades.releases import RELEASES
from . import door, faults, lifecycle, server
from .state import State, StateError

DEFAULT_STATE = ".testbed"


def _up(state: State, options: argparse.Namespace) -> int:
    if options.profile not in PROFILES:
        raise StateError(f"no profile {options.profile!r}; there are {', '.join(PROFILES)}")
    if options.juju not in RELEASES:
        raise StateError(f"no Juju {options.juju!r}; there are {', '.join(RELEASES)}")
    snapshot = _text(options.snapshot) if options.snapshot is not None else ""
    with lifecycle.starting(state, server.settings_of(options)) as running:
        if snapshot:
            _deploy(state, snapshot)
        print(f"Testbed of model {running.model} at {running.address}, pid {running.pid}")
        print(f"export JUJU_DATA={state.juju_data} PATH={state.juju.parent}:$PATH", flush=True)
    return 0


def _rehearse(state: State, options: argparse.Namespace) -> int:
    _deploy(state, _text(options.snapshot))
    return 0


def _text(path: pathlib.Path) -> str:
    """Return a snapshot's text; an empty file is said to be none."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise StateError(f"cannot read {path}: {error}") from error
    if not text.strip():
        raise StateError(f"{path} is empty")
    return text


def _deploy(state: State, snapshot: str) -> None:
    for name in _call(state, "DeploySnapshot", {"snapshot": snapshot})["left-out"]:
        print(f"{name} is not simulated and left out")


def _down(state: State, options: argparse.Namespace) -> int:
    was = state.running()
    left = lifecycle.down(state)
    if left:
        print(f"these processes do not end: {left}", file=sys.stderr)
        return 1
    print(f"Testbed stopped (pid {was.pid})" if was else "No testbed was running")
    return 0


def _status(state: State, options: argparse.Namespace) -> int:
    running = state.running()
    if running is None:
        print(f"No testbed runs in {state.folder}")
        return 1
    print(f"state    {state.folder}\npid      {running.pid}\naddress  {running.address}")
    print(f"model    {running.model} {running.model_uuid}\nprofile  {running.profile}")
    return 0


def _log(state: State, options: argparse.Namespace) -> int:
    if options.path:
        print(state.operation_log)
        return 0
    try:
        with state.operation_log.open(encoding="utf-8") as log:
            for line in log:
                sys.stdout.write(line)
    except FileNotFoundError as error:
        raise StateError(f"there is no log in {state.folder}") from error
    return 0


def _call(state: State, method: str, params: dict[str, Any]) -> dict[str, Any]:
    if state.running() is None:
        raise StateError(f"no testbed runs in {state.folder}")
    return door.ask(state.door, method, params)


def _snapshot(state: State, options: argparse.Namespace) -> int:
    _call(state, "Snapshot", {})
    return 0


def _unseal(state: State, options: argparse.Namespace) -> int:
    units = _call(state, "Unseal", {"units": options.units})["units"]
    print(f"Unsealing {', '.join(units)}" if units else "No vault unit is sealed")
    return 0


def _restart_agent(state: State, options: argparse.Namespace) -> int:
    _call(state, "RestartAgent", {"unit": options.unit, "down": options.down})
    return 0


def _reboot(state: State, options: argparse.Namespace) -> int:
    _call(state, "Reboot", {"machine": options.machine, "down": options.down})
    return 0


def _fault(state: State, options: argparse.Namespace) -> int:
    if not options.name:
        print(_faults_text())
        return 0
    given = dict(key_value(text) for text in options.options)
    if options.name == "storm":
        numbers = {"seed": int, "number": int, "seconds": float}
        try:
            params = {key: numbers[key](value) for key, value in given.items()}
        except (KeyError, ValueError) as error:
            raise StateError("storm takes seed, number and seconds, all numbers") from error
        for gust in _call(state, "Storm", params)["faults"]:
            shown = " ".join(f"{key}={value}" for key, value in gust["options"].items())
            print(f"{gust['after']:8.2f} s  {gust['name']} {shown}")
        return 0
    answer = _call(state, "Fault", {"name": options.name, "options": given})
    for key, value in answer.items():
        print(f"{key} {value}")
    return 0


def _faults_text() -> str:
    """List the faults with their options."""
    lines: list[str] = []
    for name, method in faults.faults().items():
        shown = [
            option.name
            + ("" if option.default is inspect.Parameter.empty else f"={option.default}")
            for option in faults.options_of(method)
        ]
        purpose = (inspect.getdoc(method) or "").splitlines()[0]
        lines.append(f"{name} {' '.join(shown)}\n    {purpose}")
    lines.append("storm seed=0 number=10 seconds=60\n    Draw faults by a seed.")
    return "\n".join(lines)


def _parser() -> argparse.ArgumentParser:
    root = argparse.ArgumentParser(prog="juju-testbed", description=__doc__)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument(
        "--state",
        type=pathlib.Path,
        default=pathlib.Path(os.environ.get("JUJU_TESTBED_STATE", DEFAULT_STATE)),
        help="the testbed's folder; all it writes is there",
    )
    commands = root.add_subparsers(dest="command", required=True)

    def add(name: str, run: Any, text: str, *parents: Any) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=text, parents=[common, *parents])
        made.set_defaults(run=run)
        return made

    up = add("up", _up, "start a testbed in the background", server.parser())
    up.add_argument("--from", dest="snapshot", type=pathlib.Path, help="deploy a snapshot on it")
    rehearse = add("rehearse", _rehearse, "deploy a snapshot of a model on a running testbed")
    rehearse.add_argument("snapshot", type=pathlib.Path)
    add("down", _down, "stop it and everything it has started")
    add("status", _status, "say whether it runs, and where")
    log = add("log", _log, "print the log of operations")
    log.add_argument("--path", action="store_true", help="only where it is")
    add("snapshot", _snapshot, "write the whole cloud in short into the log of operations")
    fault = add("fault", _fault, "make something go wrong; without a name, list what can")
    fault.add_argument("name", nargs="?", default="")
    fault.add_argument("options", nargs="*", metavar="key=value")
    unseal = add("unseal", _unseal, "unseal vault, as its operator would")
    unseal.add_argument("units", nargs="*", help="all that are sealed by default")
    restart = add("restart-agent", _restart_agent, "restart a unit's agent")
    restart.add_argument("unit")
    reboot = add("reboot", _reboot, "reboot a machine")
    reboot.add_argument("machine")
    for one in (restart, reboot):
        one.add_argument("--down", type=float, default=0.0, help="world seconds until it is back")
    return root


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    with heard():
        options = _parser().parse_args(arguments)
        state = State(options.state.absolute())
        try:
            code: int = options.run(state, options)
        except (StateError, CommandError) as error:
            print(f"juju-testbed: {error}", file=sys.stderr)
            return 1
        return code


if __name__ == "__main__":
    sys.exit(main())
