"""Channels of charms: track and risk, and when a charm still follows none of its own."""

from __future__ import annotations

import dataclasses

CROSSGRADE = ("stable", "latest/stable")


@dataclasses.dataclass(frozen=True)
class Channel:
    """A channel as Juju shows it; ``edge`` alone means ``latest/edge``."""

    track: str
    risk: str

    def __str__(self) -> str:
        return f"{self.track}/{self.risk}"


def parse(text: str) -> Channel:
    """Read ``ussuri/stable``, ``stable`` or ``ussuri/edge/fix`` (a branch belongs to the risk)."""
    track, slash, risk = text.partition("/")
    if not slash:
        return Channel("latest", track)
    return Channel(track, risk)


def crossgrade_needed(scheme: str, channel: str) -> bool:
    """Say whether a charm comes from the Charm Store or follows Charmhub's ``latest/stable``.

    Such a charm has no channel of its release yet and is first moved to it.
    """
    return scheme == "cs" or channel in CROSSGRADE


def stable(track: str) -> str:
    """Return the stable channel of a track: the only risk that upgrades go to."""
    return f"{track}/stable"
