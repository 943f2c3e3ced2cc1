"""Ordering of unit and machine names: numbers count as numbers, ``x/2`` before ``x/10``."""

from __future__ import annotations

import re
from collections.abc import Iterable

_PARTS = re.compile(r"(\d+)")


def key(name: str) -> tuple[tuple[int, int, str], ...]:
    """Return a sort key in which runs of digits compare as numbers."""
    return tuple(
        (0, int(part), "") if part.isdigit() else (1, 0, part)
        for part in _PARTS.split(name)
        if part
    )


def in_order(found: Iterable[str]) -> list[str]:
    """Return names in their natural order."""
    return sorted(found, key=key)
