"""Which facades are asked, and which version of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..errors import JujuError
from . import versions as juju_versions

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


def version(chosen: Mapping[str, int], name: str) -> int:
    """Return the version chosen for a facade.

    Raises:
        JujuError: ``facade-missing``; nothing was sent.
    """
    if name not in chosen:
        wanted = ", ".join(str(number) for number in KNOWN.get(name, ())) or "none"
        raise JujuError(
            "facade-missing", name=name, wanted=wanted, versions=juju_versions.VERSIONS
        )
    return chosen[name]
