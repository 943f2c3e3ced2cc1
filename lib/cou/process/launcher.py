"""How the supervisor of an attempt is started, found alive and killed; chosen once per place."""

from __future__ import annotations

from .paths import Place
from .spawn import Session


def of(place: Place) -> Session:
    """Return how it is done in a place: a systemd service on a real unit, else a session."""
    if place.service:
        from .systemd_service import Service

        return Service(place)
    return Session(place)
