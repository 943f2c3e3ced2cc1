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

import yaml

import cou

from ..errors import BadInput, CouError
from ..plan import configuration
from ..plan.settings import Settings
from ..run import processes
from ..run.access import Access

# A unit runs one hook at a time, and this waits for its turn.
_EXEC_S = 60.0
_TELL_S = 20.0


@dataclasses.dataclass(frozen=True)
class Home:
    """The unit's name (``cou/0``) and its charm's folder."""

    name: str
    charm_dir: pathlib.Path


def home(package: str | None = cou.__file__) -> Home | None:
    """Return the unit whose charm this code belongs to; None on a workstation.

    Args:
        package: a file of the engine; ``<juju>/agents/unit-cou-0/charm/lib/cou/__init__.py``.
    """
    for folder in pathlib.Path(package or "").resolve().parents:
        agent = folder.parent
        if folder.name == "charm" and agent.name.startswith("unit-"):
            application, _, number = agent.name.removeprefix("unit-").rpartition("-")
            if application and number.isdigit():
                return Home(f"{application}/{number}", folder)
    return None


def access(unit: Home) -> Access:
    """Return how the charm logs in.

    Raises:
        BadInput: the charm has no credentials, or they cannot be read.
    """
    conf = _agent_conf(unit)
    uri = str(_config(unit).get("credentials") or "")
    setting = f"Run: juju config {unit.name.partition('/')[0]} credentials=<secret URI>"
    if not uri:
        raise BadInput("credentials-not-set", f"{unit.name} has no credentials.", setting)
    # In one argument of a command: quoted by nobody, so it must be a plain URI.
    if not all(character.isalnum() or character in ":/-." for character in uri):
        raise BadInput("credentials-not-found", f"{uri!r} is no secret's URI.", setting)
    secret = _tool(unit, f"secret-get {uri} --format=json")
    return Access(
        addresses=tuple(str(one) for one in cast("list[Any]", conf.get("apiaddresses") or [])),
        cacert=str(secret.get("ca-cert") or conf.get("cacert") or "").strip(),
        model_uuid=str(conf.get("model") or "").removeprefix("model-"),
        model=_model_name(unit),
        username=str(secret.get("username") or "").strip(),
        password=str(secret.get("password") or ""),
    )


def settings(unit: Home, given: Mapping[str, Any]) -> Settings:
    """Return the charm's options as settings, as an action would; what is given comes first.

    Raises:
        BadInput: an option has a value that is not allowed.
    """
    return configuration.settings(_config(unit), unit.name.partition("/")[0], given)


def leads(unit: Home) -> bool:
    """Return whether it is the leader."""
    return _text(unit, "is-leader").strip().lower() == "true"


def _config(unit: Home) -> Mapping[str, Any]:
    return _tool(unit, "config-get --format=json")


def tell(unit: Home) -> None:
    """Have the charm look at the run, so that `juju status` follows what a command changed.

    Where a supervisor is at work, it does that itself. A unit that is busy looks afterwards.
    """
    with contextlib.suppress(CouError):
        _text(unit, "JUJU_DISPATCH_PATH=hooks/run_changed ./dispatch", _TELL_S)


def _model_name(unit: Home) -> str:
    return _text(unit, 'printf %s "$JUJU_MODEL_NAME"').strip()


def _tool(unit: Home, command: str) -> Mapping[str, Any]:
    text = _text(unit, command)
    try:
        found: object = json.loads(text)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise CouError(
            "hook-tool",
            f"{command.split()[0]} on {unit.name} gave no map.",
            "Is the Juju agent healthy?",
        )
    return cast("dict[str, Any]", found)


def _text(unit: Home, command: str, timeout_s: float = _EXEC_S) -> str:
    """Run a hook tool in the unit's context and return its output."""
    tool = shutil.which("juju-exec")
    if tool is None:
        raise CouError(
            "no-juju-exec", "There is no juju-exec on this machine.", "Is the Juju agent healthy?"
        )
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
        raise CouError(
            "unit-busy",
            f"{unit.name} did not answer within {timeout_s:.0f} s: a hook or action is running.",
            "Try again when `juju status` shows it idle.",
        ) from None
    except subprocess.CalledProcessError as error:
        raise BadInput(
            "hook-tool",
            f"{command.split()[0]} on {unit.name} failed: {str(error.stderr).strip()}",
            "If it is about the secret: juju grant-secret <secret URI> "
            f"{unit.name.partition('/')[0]}",
        ) from None
    return done.stdout


def _agent_conf(unit: Home) -> Mapping[str, Any]:
    path = unit.charm_dir.parent / "agent.conf"
    try:
        conf: object = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        # The file holds the agent's password, and an error of YAML quotes the line.
        raise BadInput(
            "agent-conf",
            f"{path} cannot be read ({type(error).__name__}).",
            "Run it with sudo." if isinstance(error, PermissionError) else "Is the agent healthy?",
        ) from None
    return cast("dict[str, Any]", conf) if isinstance(conf, dict) else {}
