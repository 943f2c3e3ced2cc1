"""Words for people: durations, stamps, and texts that are no markup."""

from __future__ import annotations

import datetime
import re

from .. import printable

_MARKUP = re.compile(r"([\\`*\[\]|])")
# Elsewhere `&` and `>` mean nothing in markdown, and a command has to stand as it is typed.
_ENTITY = re.compile(r"&(?=[#a-zA-Z])")
_QUOTE = re.compile(r"^(\s*)>")


def markdown(value: object) -> str:
    """Return a value as text that markdown takes as text: no markup, no HTML, no table cell."""
    text = _ENTITY.sub("&amp;", printable.line(value)).replace("<", "&lt;")
    return _QUOTE.sub(r"\1\\>", _MARKUP.sub(r"\\\1", text))


def duration(seconds: float) -> str:
    """Return seconds for people: ``41s``, ``3m 05s``, ``2h 07m``, ``3d 04h``."""
    minutes, left = divmod(round(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    if days:
        return f"{days}d {hours:02d}h"
    if hours:
        return f"{hours}h {minutes:02d}m"
    return f"{minutes}m {left:02d}s" if minutes else f"{left}s"


def stamp(time: datetime.datetime | None) -> str:
    """Return a time in UTC to the second, or a dash."""
    if time is None:
        return "–"
    return time.astimezone(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S")
