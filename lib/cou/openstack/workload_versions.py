"""From a workload version to the releases it may belong to.

Ranges are closed below and open above and are compared as PEP 440 versions. Ranges of one key may
overlap: the release of a unit is then the latest that fits.
"""

from __future__ import annotations

import functools

from packaging.version import InvalidVersion, Version

from . import charms, releases, tables
from .releases import Release

_FILE = "workload-versions.csv"
_COLUMNS = ("version_key", "release", "min_inclusive", "max_exclusive")


@functools.cache
def _ranges() -> dict[str, tuple[tuple[Release, Version, Version], ...]]:
    found: dict[str, list[tuple[Release, Version, Version]]] = {}
    for row in tables.rows(_FILE, _COLUMNS):
        release = releases.find(row["release"])
        low, high = parse(row["min_inclusive"]), parse(row["max_exclusive"])
        if release is None or low is None or high is None or low >= high:
            raise tables.DataError(_FILE, f"the row {row} is no range of a release")
        found.setdefault(row["version_key"], []).append((release, low, high))
    return {key: tuple(sorted(rows)) for key, rows in found.items()}


def parse(version: str) -> Version | None:
    """Read a PEP 440 version; None for anything else (empty, ``~rc1``, Debian revisions)."""
    try:
        return Version(version)
    except InvalidVersion:
        return None


def keys() -> frozenset[str]:
    """Return the names of all row groups."""
    return frozenset(_ranges())


@functools.lru_cache(maxsize=1 << 10)  # hundreds of units run few versions
def compatible(key: str, version: str) -> tuple[Release, ...]:
    """Return the releases whose range holds a version, oldest first.

    Empty where the key is not known, the version is not PEP 440, or no range holds it.
    """
    number = parse(version)
    if number is None:
        return ()
    return tuple(release for release, low, high in _ranges().get(key, ()) if low <= number < high)


def at_least(charm: str, version: str, codename: str) -> bool:
    """Say whether a charm's unit with this workload version is at a release or beyond it.

    A version that fits several releases counts as the latest of them. False for a charm without a
    version table, and where the version fits no release.
    """
    fitting, wanted = _fitting(charm, version), releases.find(codename)
    return wanted is not None and bool(fitting) and fitting[-1] >= wanted


def surely_at_least(charm: str, version: str, codename: str) -> bool:
    """Say whether a version fits a release or later ones and nothing older.

    Versions of some workloads span several releases (gnocchi 4.4.1 is xena's and yoga's), so they
    do not tell whether a unit has been upgraded.
    """
    fitting, wanted = _fitting(charm, version), releases.find(codename)
    return wanted is not None and bool(fitting) and fitting[0] >= wanted


def _fitting(charm: str, version: str) -> tuple[Release, ...]:
    known = charms.find(charm)
    return compatible(known.version_key, version) if known and known.version_key else ()
