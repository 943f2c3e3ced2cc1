"""How the supervisor of an attempt is started, found alive and killed; chosen once per place."""

from __future__ import annotations

from .paths import RunPaths
from .spawn import SessionLauncher


def of(paths: RunPaths) -> SessionLauncher:
    """Return how it is done in a place: a systemd service on a real unit, else a session."""
    if paths.service:
        from .systemd_service import ServiceLauncher

        return ServiceLauncher(paths)
    return SessionLauncher(paths)
