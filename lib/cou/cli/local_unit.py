"""The unit that the command was installed by: what its agent and its hook tools tell.

The command is part of the charm then, so its own path names the unit. The account and the charm's
options are read as a hook would, through ``juju-exec``; the password goes through a pipe, never
over a command line or a disk.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any, cast

import cou

from ..control import account_secret, unit_environment
from ..errors import CouError
from ..options import charm_config
from ..options.settings import Settings
from ..process import processes
from ..process.access import Access

# A unit runs one hook at a time, and this waits for its turn.
_EXEC_S = 60.0
_TELL_S = 20.0


@dataclasses.dataclass(frozen=True)
class LocalUnit:
    """The unit's name (``cou/0``) and its charm's folder."""

    name: str
    charm_dir: pathlib.Path


class _ToolFailed(CouError):
    """A hook tool has refused; `said`: why."""

    def __init__(self, unit: LocalUnit, command: str, said: str):
        seen = f"{command.split()[0]} on {unit.name} failed: {said}"
        super().__init__("hook-tool", seen, "Is the Juju agent healthy?")
        self.said = said


def find_local_unit(package: str | None = cou.__file__) -> LocalUnit | None:
    """Return the unit whose charm this code belongs to; None on a workstation.

    Args:
        package: a file of the engine; ``<juju>/agents/unit-cou-0/charm/lib/cou/__init__.py``.
    """
    for folder in pathlib.Path(package or "").resolve().parents:
        agent = folder.parent
        if folder.name == "charm" and agent.name.startswith("unit-"):
            application, _, number = agent.name.removeprefix("unit-").rpartition("-")
            if application and number.isdigit():
                return LocalUnit(f"{application}/{number}", folder)
    return None


def access(unit: LocalUnit) -> Access:
    """Return how the charm logs in.

    Raises:
        BadInput: the charm has no credentials, or they cannot be read; as the charm says it.
    """
    application = unit.name.partition("/")[0]
    uri = str(_config(unit).get(account_secret.OPTION) or "")
    if not uri:
        raise account_secret.not_set(application)
    # In one argument of a command: quoted by nobody, so it must be a plain URI.
    if not all(character.isalnum() or character in ":/-." for character in uri):
        raise account_secret.not_found(uri, application)
    try:
        # The charm is told of an update by a hook, which may not have come yet.
        secret = _tool(unit, f"secret-get {uri} --refresh --format=json")
    except _ToolFailed as error:
        raise account_secret.unreadable(uri, application, error.said) from None
    login = account_secret.checked(uri, {name: str(value) for name, value in secret.items()})
    return login.at(unit_environment.read(unit.charm_dir, _environment(unit)))


def settings(unit: LocalUnit, given: Mapping[str, Any]) -> Settings:
    """Return the charm's options as settings, as an action would; what is given comes first.

    Raises:
        BadInput: an option has a value that is not allowed.
    """
    return charm_config.settings(_config(unit), unit.name.partition("/")[0], given)


def check_juju(unit: LocalUnit) -> None:
    """Refuse a Juju that cou does not work with, by its agent's version, as the actions do.

    Raises:
        JujuError: ``juju-unsupported``.
    """
    unit_environment.check_juju(_environment(unit))


def leads(unit: LocalUnit) -> bool:
    """Return whether it is the leader."""
    return _text(unit, "is-leader").strip().lower() == "true"


def _config(unit: LocalUnit) -> Mapping[str, Any]:
    return _tool(unit, "config-get --format=json")


def notify_charm(unit: LocalUnit) -> None:
    """Have the charm look at the run, so that `juju status` follows what a command changed.

    Where a supervisor is at work, it does that itself. A unit that is busy looks afterwards.
    """
    with contextlib.suppress(CouError):
        _text(unit, "JUJU_DISPATCH_PATH=hooks/run_changed ./dispatch", _TELL_S)


def _environment(unit: LocalUnit) -> Mapping[str, str]:
    """Return what a hook would be told of the model, its controller and its agent."""
    names = ("JUJU_MODEL_NAME", "JUJU_API_ADDRESSES", "JUJU_VERSION")
    said = _text(unit, "printf '%s\\n' " + " ".join(f'"${name}"' for name in names))
    return dict(zip(names, map(str.strip, said.splitlines()), strict=False))


def _tool(unit: LocalUnit, command: str) -> Mapping[str, Any]:
    text = _text(unit, command)
    try:
        found: object = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise CouError("hook-tool", tool=command.split()[0], unit=unit.name)
    return cast("dict[str, Any]", found)


def _text(unit: LocalUnit, command: str, timeout_s: float = _EXEC_S) -> str:
    """Run a hook tool in the unit's context and return its output."""
    tool = shutil.which("juju-exec")
    if tool is None:
        raise CouError("no-juju-exec")
    # juju-exec refuses to work inside a hook.
    environment = {key: value for key, value in os.environ.items() if key != "JUJU_CONTEXT_ID"}
    try:
        with processes.apart_from_terminal():
            done = subprocess.run(
                [tool, "-u", unit.name, "--", command],
                capture_output=True,
                text=True,
                check=True,
                timeout=timeout_s,
                stdin=subprocess.DEVNULL,
                env=environment,
                start_new_session=True,
            )
    except subprocess.TimeoutExpired:
        raise CouError("unit-busy", unit=unit.name, timeout_s=f"{timeout_s:.0f}") from None
    except subprocess.CalledProcessError as error:
        raise _ToolFailed(unit, command, str(error.stderr).strip()) from None
    return done.stdout
