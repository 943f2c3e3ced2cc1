"""Charms that say one thing and do another, as some revisions are known to.

A bundle's ``testbed`` section names them, see `seeds`; each unit tells its lie so many times.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .site import Site

IDLE_UPGRADE = "idle-upgrade"
FAILING_UPGRADE = "failing-upgrade"
LATE_VERSION = "late-version"
WRONG_VERSION = "wrong-version"
STALE_DAEMONS = "stale-daemons"
CEILOMETER_RESUME = "ceilometer-resume"
FAILING_HOOK = "failing-hook"
LOST_RESTART = "lost-restart"

KNOWN = frozenset({
    IDLE_UPGRADE, FAILING_UPGRADE, LATE_VERSION, WRONG_VERSION, STALE_DAEMONS, CEILOMETER_RESUME,
    FAILING_HOOK, LOST_RESTART,
})  # fmt: skip


def tells(site: Site, lie: str) -> bool:
    """Whether a unit tells a lie now; each time is one less that is left."""
    left = int(site.world.lies.get(lie, 0))
    if left < 1:
        return False
    site.world.lies[lie] = left - 1
    return True


def problems(section: Any) -> list[str]:
    """Return what is wrong with the shape of the section ``lies``."""
    if not isinstance(section, dict):
        return ["lies is no mapping"]
    rows: Mapping[str, Any] = section  # pyright: ignore[reportUnknownVariableType]
    found = [f"unknown lie {name}" for name in rows if name not in KNOWN]
    found += [f"{name} names no units" for name, of in rows.items() if not isinstance(of, dict)]
    return found
