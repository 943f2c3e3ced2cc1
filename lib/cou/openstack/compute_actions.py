"""What nova-compute's actions answer, read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

INSTANCE_COUNT = "instance-count"
LIST_NODES = "list-compute-nodes"


def instances(output: Mapping[str, Any]) -> int:
    """Read the result of ``instance-count``, which is text of digits.

    Raises:
        ValueError: saying what was there instead.
    """
    text = str(output.get(INSTANCE_COUNT, ""))
    if not text.isdigit():
        raise ValueError(f"the action returned instance-count {text!r}, which is no number")
    return int(text)


def enabled(output: Mapping[str, Any]) -> bool:
    """Read from ``list-compute-nodes`` whether the unit's own service is enabled.

    Results are ``node-name``, the unit's own host, and ``compute-nodes``, a JSON list of
    services with ``host`` and ``status``.

    Raises:
        ValueError: saying what was there instead.
    """
    own = str(output.get("node-name", ""))
    try:
        for node in json.loads(str(output.get("compute-nodes", ""))):
            if node["host"] == own:
                return node["status"] == "enabled"
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"the compute services cannot be read: {error!r}") from error
    raise ValueError(f"no compute service of the host {own!r} is listed")
