"""Channels by name."""

from __future__ import annotations

RISKS = ("stable", "candidate", "beta", "edge")


def split_channel(channel: str) -> tuple[str, str]:
    """Split a channel into track and risk; what is missing is latest and stable."""
    parts = channel.split("/") if channel else []
    if parts and parts[0] in RISKS:
        parts.insert(0, "latest")
    track = parts[0] if parts else "latest"
    return track or "latest", parts[1] if len(parts) > 1 else "stable"
