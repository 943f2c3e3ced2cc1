"""A Ceph cluster in short."""

from __future__ import annotations

from typing import Any

from . import tables
from .site import Place


def cluster_summary(place: Place, application: str) -> dict[str, Any]:
    """Return flags, require-osd-release and the releases that the OSDs run."""
    cluster = place.cluster(application)
    mon = place.sites(application)[0] if place.model.units_of(application) else None
    names = mon.related("ceph-osd") if mon is not None else []
    running = {tables.ceph_name(s.world.running) for n in names for s in place.sites(n)}
    return {
        "noout": "noout" in cluster.flags,
        "require-osd-release": cluster.require_osd_release,
        "osd-releases": sorted(running),
    }
