"""What is waited for, as the journal keeps it: without what moves on by itself."""

from __future__ import annotations

import re

# What moves on by itself: the same wait as a moment ago. Journals of older versions count seconds.
QUIET = "; quiet "
_MOVING = re.compile(QUIET + r"(for [0-9-]+ of [0-9]+ s|since [0-9:]+, until [0-9:]+ UTC)")


def told(text: str) -> list[str]:
    """Return the lines of what is waited for, without what moves on by itself."""
    return sorted({_MOVING.sub(f"{QUIET}for a while", line) for line in text.splitlines()})
