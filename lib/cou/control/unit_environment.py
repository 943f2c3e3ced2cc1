"""What the unit's own surroundings tell: the model, its controller's addresses and its CA.

The charm's actions and the command on the unit read them here: both log in to the same place.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import yaml

from ..errors import BadInput
from ..juju import versions


@dataclasses.dataclass(frozen=True)
class UnitEnvironment:
    """Where the unit lives.

    Attributes:
        addresses: ``host:port`` of the controller's API, as the agent knows them; never empty.
        cacert: PEM of the CA that signs the controller's certificate; never empty.
    """

    model: str
    model_uuid: str
    addresses: tuple[str, ...]
    cacert: str


def check_juju(environ: Mapping[str, str]) -> None:
    """Refuse a Juju that cou does not work with; what `assumes` says counts for a deploy only.

    Raises:
        JujuError: ``juju-unsupported``.
    """
    version = environ.get("JUJU_VERSION", "")
    if version:  # else the login tells it
        versions.check(version)


def read(charm_dir: Path, environ: Mapping[str, str]) -> UnitEnvironment:
    """Read agent.conf beside the charm directory, and the hook's environment.

    Both name addresses; those of the hook come first, since the agent writes its file later. The
    path is derived from the charm directory because only a real machine has /var/lib/juju.

    Raises:
        BadInput: agent.conf cannot be read, or lacks what it must have.
    """
    path = charm_dir.parent / "agent.conf"
    conf = _load(path)
    fresh = environ.get("JUJU_API_ADDRESSES", "").split()
    listed = conf.get("apiaddresses")
    stored = [str(one) for one in cast("list[Any]", listed)] if isinstance(listed, list) else []
    surroundings = UnitEnvironment(
        model=environ.get("JUJU_MODEL_NAME", ""),
        model_uuid=environ.get("JUJU_MODEL_UUID", "")
        or str(conf.get("model", "")).removeprefix("model-"),
        addresses=tuple(dict.fromkeys([*fresh, *stored])),
        cacert=str(conf.get("cacert") or "").strip(),
    )
    for name, value in (
        ("apiaddresses", surroundings.addresses),
        ("cacert", surroundings.cacert),
        ("model", surroundings.model_uuid),
    ):
        if not value:
            raise BadInput("agent-conf/read", path=path, field=name)
    return surroundings


def _load(path: Path) -> Mapping[str, Any]:
    try:
        # The first line names the format, as a YAML comment.
        conf: object = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        # The file holds the agent's password, and a YAML error quotes the line: only its class.
        raise BadInput("agent-conf/load-2", path=path, error=type(error).__name__) from None
    if not isinstance(conf, dict):
        raise BadInput("agent-conf/load", path=path)
    return cast("dict[str, Any]", conf)
