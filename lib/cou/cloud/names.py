"""Names of applications, units and machines: their order, and whether a text has one.

Numbers count as numbers: ``x/2`` comes before ``x/10``, and ``x/1`` does not stand in ``x/10``.
"""

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


def is_named_in(name: str, text: str) -> bool:
    """Whether a text names an application, one of its units, or just this unit."""
    return re.search(rf"(?<![\w/.-]){re.escape(name)}(?![\w-])", text) is not None
