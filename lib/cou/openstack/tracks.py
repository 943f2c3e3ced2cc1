"""Channel tracks of auxiliary charms: which track goes with which series and release.

Several tracks may be accepted for one release; the last is the one to move to.
"""

from __future__ import annotations

import functools

from . import releases, tables
from .releases import Release

_FILE = "auxiliary-charm-tracks.csv"
_COLUMNS = ("charm", "series", "release", "tracks_in_order", "target_track")

_Key = tuple[str, str]


@functools.cache
def _tracks() -> dict[_Key, dict[Release, tuple[str, ...]]]:
    found: dict[_Key, dict[Release, tuple[str, ...]]] = {}
    for row in tables.rows(_FILE, _COLUMNS):
        release = releases.find(row["release"])
        names = tuple(row["tracks_in_order"].split())
        if release is None or not names or names[-1] != row["target_track"]:
            raise tables.DataError(_FILE, f"the row {row} names no release or no track")
        of_charm = found.setdefault((row["charm"], row["series"]), {})
        if release in of_charm:
            raise tables.DataError(_FILE, f"{row['charm']} {row['series']} {release} is twice")
        of_charm[release] = names
    return found


def accepted(charm: str, series: str, release: Release) -> tuple[str, ...]:
    """Return the tracks that fit a release, the one to move to last; empty where none is known."""
    return _tracks().get((charm, series), {}).get(release, ())


def target(charm: str, series: str, release: Release) -> str:
    """Return the track to move to for a release; empty where none is known."""
    names = accepted(charm, series, release)
    return names[-1] if names else ""


def releases_of(charm: str, series: str, track: str) -> tuple[Release, ...]:
    """Return the releases that a track fits, oldest first."""
    table = _tracks().get((charm, series), {})
    return tuple(sorted(release for release, names in table.items() if track in names))


def known(charm: str) -> bool:
    """Say whether a charm's tracks come from the table."""
    return any(name == charm for name, _ in _tracks())
