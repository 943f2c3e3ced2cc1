"""Times as Juju writes them: RFC 3339 in UTC with up to nine digits, year one for none."""

from __future__ import annotations

import datetime
import functools
import re

_STAMP = re.compile(
    r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)\Z", re.IGNORECASE
)


@functools.lru_cache(maxsize=1 << 14)
def parse(text: str) -> datetime.datetime | None:
    """Read a time; return it in UTC, or None for Go's zero time and for an empty text.

    Digits below a microsecond are cut off, on every time alike, so order is kept. Most times of a
    status were in the one before; hence the cache.

    Raises:
        ValueError: the text is no time.
    """
    if not text:
        return None
    match = _STAMP.match(text)
    if match is None:
        raise ValueError(f"{text!r} is not a time")
    date, clock, fraction, zone = match.groups()
    if date.startswith("0001-"):
        return None
    digits = (fraction or "0").ljust(6, "0")[:6]
    offset = "+00:00" if zone in "Zz" else zone
    stamp = datetime.datetime.fromisoformat(f"{date}T{clock}.{digits}{offset}")
    return stamp.astimezone(datetime.timezone.utc)


def show(stamp: datetime.datetime) -> str:
    """Write a time as Juju reads it, in UTC with microseconds.

    Raises:
        ValueError: the time has no zone.
    """
    if stamp.tzinfo is None:
        raise ValueError("a time for Juju needs a zone")
    utc = stamp.astimezone(datetime.timezone.utc)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
