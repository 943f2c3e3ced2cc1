"""The environment of hooks, actions and commands, and the agent's configuration file.

Built from scratch; nothing of the testbed's own environment gets in.
"""

from __future__ import annotations

import dataclasses
import os
import pathlib
import secrets
from collections.abc import Mapping

import yaml

from ..model.entities import Task, Unit
from .places import UnitPlaces

# The one variable a real Juju does not set: it marks every process that a hook starts, so that
# stopping the testbed finds what a charm left behind.
MARK = "JUJU_TESTBED"
AGENT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/snap/bin"
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "FTP_PROXY", "NO_PROXY")


@dataclasses.dataclass(frozen=True)
class Surroundings:
    """What every agent of a controller knows.

    Attributes:
        api_addresses: ``host:port`` of the controller, as agents reach it.
        ca_cert: the controller's CA, PEM.
        version: Juju's version, ``3.6.9``.
        testbed: the value of the mark.
    """

    controller_uuid: str
    api_addresses: tuple[str, ...]
    ca_cert: str
    version: str
    testbed: str


def agent_environment(
    surroundings: Surroundings,
    places: UnitPlaces,
    unit: Unit,
    model: tuple[str, str],
    zone: str,
) -> dict[str, str]:
    """Return what all hooks of a unit share; `model` is uuid and name."""
    charm_dir = str(places.charm)
    return {
        "JUJU_CHARM_DIR": charm_dir,
        "CHARM_DIR": charm_dir,
        "JUJU_AGENT_SOCKET_ADDRESS": places.agent_socket,
        "JUJU_AGENT_SOCKET_NETWORK": "unix",
        "JUJU_UNIT_NAME": unit.name,
        "JUJU_PRINCIPAL_UNIT": unit.principal,
        "JUJU_MACHINE_ID": unit.machine,
        "JUJU_AVAILABILITY_ZONE": zone,
        "JUJU_MODEL_UUID": model[0],
        "JUJU_MODEL_NAME": model[1],
        "JUJU_API_ADDRESSES": " ".join(surroundings.api_addresses),
        "JUJU_VERSION": surroundings.version,
        "JUJU_SLA": "unsupported",
        "CLOUD_API_VERSION": "",
        **{f"JUJU_CHARM_{proxy}": "" for proxy in PROXIES},
        "PATH": f"{places.tools}:{AGENT_PATH}",
        "LANG": "C.UTF-8",
        "TERM": "tmux-256color",
        "DEBIAN_FRONTEND": "noninteractive",
        "APT_LISTCHANGES_FRONTEND": "none",
        MARK: surroundings.testbed,
    }


def hook_variables(name: str, context: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of a hook; `context` may hold ``JUJU_...`` ones of its kind."""
    variables = {"JUJU_DISPATCH_PATH": f"hooks/{name}", "JUJU_HOOK_NAME": name}
    for key, value in context.items():
        variables[key if key.startswith("JUJU_") else _variable(key)] = str(value)
    return variables


def _variable(key: str) -> str:
    """Return Juju's variable for a plain key: ``secret-id`` becomes ``JUJU_SECRET_ID``."""
    return "JUJU_" + key.replace("-", "_").upper()


def action_variables(task: Task) -> dict[str, str]:
    """Return the variables of an action; the "UUID" is the task's number."""
    return {
        "JUJU_DISPATCH_PATH": f"actions/{task.name}",
        "JUJU_HOOK_NAME": "",
        "JUJU_ACTION_NAME": task.name,
        "JUJU_ACTION_UUID": str(task.id),
        "JUJU_ACTION_TAG": f"action-{task.id}",
    }


def write_agent_conf(
    path: pathlib.Path, surroundings: Surroundings, tag: str, model_uuid: str, data_dir: str
) -> None:
    """Write ``agent.conf``, readable for its owner only, in format 2.0."""
    content = {
        "tag": tag,
        "datadir": data_dir,
        "logdir": str(path.parent),
        "nonce": "unused",
        "jobs": [],
        "upgradedToVersion": surroundings.version,
        "cacert": surroundings.ca_cert,
        "controller": f"controller-{surroundings.controller_uuid}",
        "model": f"model-{model_uuid}",
        "apiaddresses": list(surroundings.api_addresses),
        "oldpassword": secrets.token_urlsafe(18),
        "apipassword": secrets.token_urlsafe(18),
        "values": {"PROVIDER_TYPE": "testbed"},
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_suffix(".new")
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write("# format 2.0\n" + yaml.safe_dump(content))
    new.replace(path)
