"""What the simulated archive and store hold: releases, versions, tracks (data/releases.yaml)."""

from __future__ import annotations

import functools
import pathlib
import re
from typing import Any

import yaml

_DATA = pathlib.Path(__file__).parent / "data"


def load(name: str) -> dict[str, Any]:
    """Read a data file of this room; every scalar is text, so that 20.03 stays what it is."""
    text = (_DATA / name).read_text(encoding="utf-8")
    return yaml.load(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))


@functools.cache
def _table() -> dict[str, Any]:
    return load("releases.yaml")


@functools.cache
def releases() -> tuple[str, ...]:
    """Return the OpenStack releases, oldest first."""
    return tuple(_table()["releases"])


def index(release: str) -> int:
    """Return a release's place in the order; ValueError where it is none."""
    return releases().index(release)


def newer(one: str, other: str) -> bool:
    """Whether `one` is a later release than `other`."""
    return index(one) > index(other)


def series_known(series: str) -> bool:
    """Whether charms are published for this series."""
    return series in _table()["series"]


def base_version(series: str) -> str:
    """Return Ubuntu's version of a series, ``20.04``."""
    return _table()["series"][series]["base"]


def series_of_base(base: str) -> str:
    """Return the series of ``ubuntu@20.04`` or ``ubuntu@20.04/stable``; empty if unknown."""
    version = base.partition("@")[2].partition("/")[0]
    for series, row in _table()["series"].items():
        if row["base"] == version:
            return series
    return ""


def distro_release(series: str) -> str:
    """Return the OpenStack release in a series' own archive."""
    return _table()["series"][series]["distro"]


def releases_of(series: str) -> tuple[str, ...]:
    """Return the releases published for a series, oldest first."""
    row = _table()["series"][series]
    return releases()[index(row["distro"]) : index(row["newest"]) + 1]


def track_of(release: str) -> str:
    """Return the charm track of a release: its codename, from antelope on its calendar name."""
    return _table()["calendar_tracks"].get(release, release)


def tracks(family: str, series: str) -> tuple[str, ...]:
    """Return a charm family's tracks for a series, oldest first, without ``latest``."""
    if family == "release":
        return tuple(track_of(release) for release in releases_of(series))
    return tuple(_table()["tracks"][family][series])


def ceph_name(release: str) -> str:
    """Return the name of the Ceph that comes with an OpenStack release."""
    return _table()["ceph_names"][index(release)]


def ceph_names() -> tuple[str, ...]:
    """Return the Ceph releases, oldest first, each once."""
    return tuple(dict.fromkeys(_table()["ceph_names"]))


@functools.cache
def version(key: str, series: str, release: str, track: str) -> str:
    """Return what a unit reports as its workload version.

    Args:
        key: row of the table; empty gives an empty version.
        series: the machine's series.
        release: OpenStack release of the packages on the machine.
        track: the charm's track, for software that the charm itself chooses.
    """
    table = _table()
    if not key:
        return ""
    if key in table["by_series"]:
        return table["by_series"][key][series]
    if key in table["by_track"]:
        row = table["by_track"][key]
        return row.get(track, row["latest"])
    overlay = table["ovn_overlay"]
    if key == "ovn" and series == overlay["series"] and track in overlay["tracks"]:
        return overlay["version"]
    row = table["versions"][key]
    return row[index(release)] if len(row) > 1 else row[0]


_CLOUD = re.compile(r"^cloud:(?:(?P<series>[a-z]+)-)?(?P<release>[a-z]+)(?:/\w+)?$")


class BadOrigin(Exception):
    """An origin that the charm cannot make an archive of; its hook fails with this text."""


def origin_release(origin: str, series: str) -> str:
    """Return the OpenStack release that an origin stands for.

    Raises:
        BadOrigin: for anything but the distribution, a cloud archive or a mirror's ``deb`` line.
    """
    text = origin.strip()
    if text in ("", "distro"):
        return distro_release(series)
    match = _CLOUD.match(text)
    name = match["release"] if match else ""
    if text.startswith("deb ") and len(text.split()) >= 3:
        name = text.split()[2].rpartition("-")[2]
    if name not in releases_of(series):
        raise BadOrigin(f"Invalid Cloud Archive release specified: {origin}")
    return name


def archive_line(origin: str, series: str, release: str) -> str:
    """Return the APT source line that an origin leads to; empty for the distribution's own."""
    if origin.startswith("deb "):
        return origin.partition("|")[0]
    if release == distro_release(series):
        return ""
    return f"deb http://ubuntu-cloud.archive.canonical.com/ubuntu {series}-updates/{release} main"
