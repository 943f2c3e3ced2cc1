"""OpenStack releases in order, the series they run on, and the names they go by."""

from __future__ import annotations

import dataclasses
import functools

from . import tables

_FILE = "openstack-releases.csv"
_COLUMNS = (
    "order",
    "codename",
    "calendar",
    "charm_track",
    "distro_default_of_series",
    "on_focal",
    "on_jammy",
    "has_version_table",
)
SUPPORTED_SERIES = ("focal", "jammy")


@dataclasses.dataclass(frozen=True, order=True)
class Release:
    """One OpenStack release; compared by its place in the list, never by name.

    Attributes:
        index: place in the list, 0 for diablo.
        codename: ``antelope``; what APT pockets use.
        calendar: ``2023.1``.
        track: what charm channels use: the codename up to zed, then the calendar name.
    """

    index: int
    codename: str = dataclasses.field(compare=False)
    calendar: str = dataclasses.field(compare=False)
    track: str = dataclasses.field(compare=False)

    def __str__(self) -> str:
        return self.codename


@dataclasses.dataclass(frozen=True)
class _Table:
    releases: tuple[Release, ...]
    names: dict[str, Release]
    distro: dict[str, Release]
    on_series: dict[str, tuple[Release, ...]]


@functools.cache
def _table() -> _Table:
    releases: list[Release] = []
    names: dict[str, Release] = {}
    distro: dict[str, Release] = {}
    on_series: dict[str, list[Release]] = {series: [] for series in SUPPORTED_SERIES}
    for place, row in enumerate(tables.rows(_FILE, _COLUMNS)):
        if row["order"] != str(place):
            raise tables.DataError(_FILE, f"{row['codename']} is out of order")
        release = Release(place, row["codename"], row["calendar"], row["charm_track"])
        if release.track not in (release.codename, release.calendar):
            raise tables.DataError(_FILE, f"{release} has the strange track {release.track!r}")
        for name in (release.codename, release.calendar):
            if names.setdefault(name, release) is not release:
                raise tables.DataError(_FILE, f"the name {name!r} occurs twice")
        releases.append(release)
        if row["distro_default_of_series"]:
            distro[row["distro_default_of_series"]] = release
        for series, chosen in on_series.items():
            if row[f"on_{series}"] == "yes":
                chosen.append(release)
    return _Table(
        tuple(releases), names, distro, {name: tuple(found) for name, found in on_series.items()}
    )


def all_releases() -> tuple[Release, ...]:
    """Return every known release, oldest first."""
    return _table().releases


def find(name: str) -> Release | None:
    """Return the release of a codename or calendar name, or None."""
    return _table().names.get(name)


def get(name: str) -> Release:
    """Return the release of a codename or calendar name.

    Raises:
        KeyError: where there is none of that name.
    """
    return _table().names[name]


def distro_default(series: str) -> Release | None:
    """Return the release that a series has in its own archive (the origin ``distro``)."""
    return _table().distro.get(series)


def on_series(series: str) -> tuple[Release, ...]:
    """Return the releases a supported series runs, oldest first; empty for other series."""
    return _table().on_series.get(series, ())


def following(release: Release, series: str) -> Release | None:
    """Return the next release that a series can be upgraded to.

    None where the release is the last of the series, or the series does not run it: there is no
    way on without a series upgrade.
    """
    chain = on_series(series)
    if release not in chain or release == chain[-1]:
        return None
    return chain[chain.index(release) + 1]


def before(release: Release) -> Release:
    """Return the release before one; diablo for diablo."""
    return _table().releases[max(0, release.index - 1)]
