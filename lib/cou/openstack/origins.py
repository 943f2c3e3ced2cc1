"""APT origins: the value of ``openstack-origin`` or ``source`` and the release it means."""

from __future__ import annotations

from . import releases
from .releases import Release

SETTINGS = ("openstack-origin", "source")


def release_of(origin: str, series: str, landscape: bool) -> Release | None:
    """Return the release an origin stands for, or None where it stands for none we know.

    Args:
        origin: the option's value; empty means the series' own archive.
        landscape: whether mirror lines (``deb <mirror> <pocket> <component>``) are in use.
    """
    if origin.startswith("cloud"):
        return releases.find(origin.rpartition("-")[2])
    if origin in ("", "distro"):
        return releases.distro_default(series)
    words = origin.split(" ")
    if landscape and len(words) > 2:
        return releases.find(words[2].rpartition("-")[2])
    return None


def new_value(series: str, target: Release, mirror: str, component: str) -> str:
    """Return the origin that moves a series to a release.

    The pocket uses the codename, also from antelope on. With both Landscape settings it is a
    mirror line; a key that stood behind ``|`` in the old line is not kept.
    """
    if mirror and component:
        return f"deb {mirror} {series}-{target.codename} {component}"
    return f"cloud:{series}-{target.codename}"


def pocket(series: str, target: Release) -> str:
    """Return what a unit's APT sources name once its origin is the target's.

    The Ubuntu Cloud Archive calls it ``<series>-updates/<codename>``.
    """
    return f"{series}-updates/{target.codename}"
