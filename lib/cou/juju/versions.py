"""Which versions of Juju and of its facades this cou works with: the one place that says so."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

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


# Versions whose requests and replies, as far as they are used here, are the same (python-libjuju's
# definitions of 3.6.1.3 and Juju's facade list of 3.3 to 4.0).
KNOWN: Mapping[str, tuple[int, ...]] = {
    "Action": (7,),
    "Annotations": (2,),
    "Application": (17, 18, 19, 20),
    "Charms": (6, 7),
    "Client": (6, 7, 8),
    "ModelConfig": (3, 4),
    "Resources": (3,),
}


def choose(announced: Mapping[str, Iterable[int]]) -> dict[str, int]:
    """Return the highest version of each facade that both sides know."""
    chosen: dict[str, int] = {}
    for name, versions in KNOWN.items():
        common = set(versions) & set(announced.get(name, ()))
        if common:
            chosen[name] = max(common)
    return chosen


def facade(chosen: Mapping[str, int], name: str) -> int:
    """Return the version chosen for a facade.

    Raises:
        JujuError: ``facade-missing``; nothing was sent.
    """
    if name not in chosen:
        wanted = ", ".join(str(number) for number in KNOWN.get(name, ())) or "none"
        raise JujuError("facade-missing", name=name, wanted=wanted, versions=VERSIONS)
    return chosen[name]
