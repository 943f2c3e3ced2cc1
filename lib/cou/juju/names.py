"""Names and tags of Juju's entities, charm URLs, channels and bases."""

from __future__ import annotations

import dataclasses
import functools
import re

# Ubuntu's versions and code names; Juju 3 speaks of bases, OpenStack's charms of series.
SERIES = {
    "14.04": "trusty",
    "16.04": "xenial",
    "18.04": "bionic",
    "18.10": "cosmic",
    "19.04": "disco",
    "19.10": "eoan",
    "20.04": "focal",
    "20.10": "groovy",
    "21.04": "hirsute",
    "21.10": "impish",
    "22.04": "jammy",
    "22.10": "kinetic",
    "23.04": "lunar",
    "23.10": "mantic",
    "24.04": "noble",
    "24.10": "oracular",
    "25.04": "plucky",
    "25.10": "questing",
    "26.04": "resolute",
}

RISKS = ("stable", "candidate", "beta", "edge")

# Juju's own grammar (core names, v6 names.go). What is not of it is no name: names stand in the
# commands that errors and reports tell an operator to type.
APPLICATION = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]*[a-z][a-z0-9]*)*")
UNIT = re.compile(rf"{APPLICATION.pattern}/(0|[1-9][0-9]*)")
MACHINE = re.compile(r"(0|[1-9][0-9]*)(/[a-z]+/(0|[1-9][0-9]*))*")

_REVISION = re.compile(r"(.+)-(\d+)\Z")


def unit_tag(unit: str) -> str:
    """Turn ``nova-compute/0`` into ``unit-nova-compute-0``."""
    return f"unit-{unit.replace('/', '-')}"


def unit_name(tag: str) -> str:
    """Turn ``unit-nova-compute-0`` into ``nova-compute/0``; other tags stay as they are."""
    match = re.fullmatch(r"unit-(.+)-(\d+)", tag)
    return f"{match[1]}/{match[2]}" if match else tag


def task_tag(task: int) -> str:
    """Return the tag of a task; Juju calls it an action."""
    return f"action-{task}"


def task_id(tag: str) -> int:
    """Return the number in ``action-12``.

    Raises:
        ValueError: it is no such tag.
    """
    match = re.fullmatch(r"action-(\d+)", tag)
    if match is None:
        raise ValueError(f"{tag!r} is not the tag of a task")
    return int(match[1])


@dataclasses.dataclass(frozen=True)
class CharmUrl:
    """The parts of a charm URL; `revision` is -1 where the URL has none."""

    scheme: str
    name: str
    revision: int


@functools.lru_cache(maxsize=1 << 12)
def charm_url(url: str) -> CharmUrl:
    """Take a URL such as ``ch:amd64/focal/keystone-572`` apart.

    A URL without a scheme is Charmhub's, as everywhere in Juju 3.
    """
    scheme, colon, path = url.rpartition(":")
    last = path.rpartition("/")[2]
    match = _REVISION.match(last)
    if match:
        return CharmUrl(scheme if colon else "ch", match[1], int(match[2]))
    return CharmUrl(scheme if colon else "ch", last, -1)


@dataclasses.dataclass(frozen=True)
class Channel:
    """A channel of a charm: track, risk and, rarely, branch."""

    track: str
    risk: str
    branch: str = ""


def channel(text: str) -> Channel:
    """Read ``victoria/stable``, ``victoria``, ``stable`` or ``victoria/edge/fix-1``.

    A risk alone means the track ``latest``, a track alone the risk ``stable``, as in Juju.

    Raises:
        ValueError: it is no channel.
    """
    parts = text.split("/")
    if parts[0] in RISKS:
        parts.insert(0, "latest")
    if len(parts) == 1:
        parts.append("stable")
    if len(parts) > 3 or not all(parts) or parts[1] not in RISKS:
        raise ValueError(f"{text!r} is not a channel")
    return Channel(parts[0], parts[1], parts[2] if len(parts) == 3 else "")


def base(name: str, base_channel: str) -> tuple[str, str]:
    """Return base and series: ``ubuntu`` and ``20.04/stable`` give ``ubuntu@20.04``, ``focal``.

    The series is empty for a base that is not known.
    """
    version = base_channel.partition("/")[0]
    if not name or not version:
        return "", ""
    series = SERIES.get(version, "") if name == "ubuntu" else ""
    return f"{name}@{version}", series
