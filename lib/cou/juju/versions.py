"""Which versions of Juju this cou works with: the one place that says so."""

from __future__ import annotations

import re

from ..errors import JujuError

CODE = "juju-unsupported"
VERSIONS = "3.3 to 3.6"
_FIRST = (3, 3)
_NEXT = (4, 0)  # tasks, status history and refresh of Juju 4 answer otherwise
_VERSION = re.compile(r"(\d{1,9})\.(\d{1,9})\b", re.ASCII)


def check(version: str) -> None:
    """Refuse a version of Juju whose answers would be misunderstood.

    Args:
        version: of a controller, or of a unit's agent: ``3.6.14``.

    Raises:
        JujuError: ``juju-unsupported``; nothing was sent.
    """
    match = _VERSION.match(version)
    found = (int(match[1]), int(match[2])) if match else None
    if found is not None and _FIRST <= found < _NEXT:
        return
    if found is not None and found < _FIRST:
        remedy = "Run juju upgrade-controller, then juju upgrade-model."
    else:
        remedy = "Refresh cou to a revision that supports it."
    raise JujuError(
        CODE,
        f"Juju {version or 'of a version that it does not tell'} is not supported: cou works with "
        f"Juju {VERSIONS}.",
        remedy,
    )
