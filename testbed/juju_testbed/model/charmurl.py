"""Charm URLs, channels, series and bases, as Juju 3 writes them."""

from __future__ import annotations

import dataclasses
import hashlib
import re
from typing import Any

from .errors import ModelError

# Ubuntu series and the channel of their base (juju core/base).
BASES = {
    "trusty": "14.04",
    "xenial": "16.04",
    "bionic": "18.04",
    "focal": "20.04",
    "groovy": "20.10",
    "hirsute": "21.04",
    "impish": "21.10",
    "jammy": "22.04",
    "kinetic": "22.10",
    "lunar": "23.04",
    "mantic": "23.10",
    "noble": "24.04",
    "oracular": "24.10",
    "plucky": "25.04",
    "questing": "25.10",
    "resolute": "26.04",
}
_SERIES = {channel: series for series, channel in BASES.items()}
_URL = re.compile(
    r"^(?P<schema>ch|local|cs):(?:(?P<arch>amd64|arm64|ppc64el|s390x)/)?"
    r"(?:(?P<series>[a-z]+)/)?(?P<name>[a-z][a-z0-9]*(?:-[a-z0-9]*[a-z][a-z0-9]*)*)"
    r"(?:-(?P<revision>\d+))?$"
)
_RISKS = ("stable", "candidate", "beta", "edge")


@dataclasses.dataclass(frozen=True)
class CharmURL:
    """The parts of a charm URL; `revision` -1 and the others empty where it has none."""

    schema: str
    name: str
    revision: int = -1
    series: str = ""
    architecture: str = ""

    def __str__(self) -> str:
        middle = "".join(f"{part}/" for part in (self.architecture, self.series) if part)
        end = f"-{self.revision}" if self.revision >= 0 else ""
        return f"{self.schema}:{middle}{self.name}{end}"


def parse_url(url: str) -> CharmURL:
    """Take a charm URL apart; a bare name is a Charmhub charm.

    Raises:
        ModelError: it is no charm URL.
    """
    match = _URL.match(url if ":" in url else f"ch:{url}")
    if match is None:
        raise ModelError(f'cannot parse name and/or revision in URL "{url}": not valid')
    return CharmURL(
        match["schema"],
        match["name"],
        int(match["revision"]) if match["revision"] else -1,
        match["series"] or "",
        match["arch"] or "",
    )


def base_of(series: str) -> dict[str, str]:
    """Return the base of a series as on the wire: ``{"name": "ubuntu", "channel": "20.04"}``."""
    return {"name": "ubuntu", "channel": BASES.get(series, series)}


def series_of(base: dict[str, Any] | None) -> str:
    """Return the series of a base (``20.04`` or ``20.04/stable``); empty where unknown."""
    channel = str((base or {}).get("channel") or "").split("/")[0]
    return _SERIES.get(channel, channel if channel in BASES else "")


def split_channel(channel: str) -> tuple[str, str, str]:
    """Split a channel into track, risk and branch; missing parts are latest, stable and empty.

    Source: charmhub channels, ``track/risk/branch``; ``edge`` alone is ``latest/edge``.
    """
    parts = channel.split("/")
    if parts[0] in _RISKS:
        parts.insert(0, "latest")
    track = parts[0] or "latest"
    risk = parts[1] if len(parts) > 1 else "stable"
    return track, risk, parts[2] if len(parts) > 2 else ""


def join_channel(track: str | None, risk: str | None, branch: str | None = "") -> str:
    """Put a channel together again; an empty track is ``latest``."""
    parts = [track or "latest", risk or "stable", branch or ""]
    return "/".join(part for part in parts if part)


def charm_id(name: str) -> str:
    """Return a stable stand-in for the id that the store gives a charm (32 characters)."""
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def origin_of(url: str, channel: str, series: str) -> dict[str, Any]:
    """Return the charm-origin of a deployed charm, as GetCharmURLOrigin shows it."""
    parsed = parse_url(url)
    origin: dict[str, Any] = {
        "source": "charm-hub" if parsed.schema == "ch" else "local",
        "type": "charm",
        "id": "",
        "hash": "",
        "risk": "",
        "revision": parsed.revision,
        "architecture": parsed.architecture or "amd64",
        "base": base_of(series),
        "instance-key": "",
    }
    if parsed.schema == "ch":
        track, risk, branch = split_channel(channel)
        origin |= {"id": charm_id(parsed.name), "track": track, "risk": risk}
        if branch:
            origin["branch"] = branch
        origin |= {"hash": hashlib.sha256(url.encode()).hexdigest()}
    return origin
