"""Loads every table at once, for processes whose files may be replaced while they run."""

from __future__ import annotations

from . import charms, known_issues, overlaps, releases, tracks, workload_versions


def load() -> None:
    """Read and validate all data files; later look-ups touch the disk no more.

    Raises:
        cou.openstack.tables.DataError: a file is damaged.
    """
    releases.all_releases()
    charms.charms()
    workload_versions.keys()
    tracks.known("")
    known_issues.issues()
    overlaps.declared()
