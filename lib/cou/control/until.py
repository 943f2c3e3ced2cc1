"""Reads the time before which all has to end, as the action and the command line take it."""

from __future__ import annotations

import datetime
import re

from ..errors import BadInput

_ZONE = r"(?P<zone>Z|[+-]\d\d:?\d\d)?\Z"
_FLAGS = re.IGNORECASE | re.ASCII
_CLOCK = re.compile(r"(?P<hour>\d{1,2}):(?P<minute>\d\d) ?" + _ZONE, _FLAGS)
_STAMP = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[T ](?P<clock>\d\d:\d\d(?::\d\d)?)(?:\.\d+)? ?" + _ZONE, _FLAGS
)
# A window that closes later than this is a slip of the keyboard, not a window.
LATEST = datetime.timedelta(days=366)
ALLOWED = (
    "a time within the next 366 days, as HH:MM or YYYY-MM-DD HH:MM, in UTC unless a zone like "
    "+02:00 follows"
)


def read(value: object, now: datetime.datetime, name: str = "until") -> datetime.datetime:
    """Return a time to come, in UTC; ``HH:MM`` is the next such time after `now`.

    No zone means UTC, as everywhere in cou: a unit's own zone is nobody's.

    Args:
        now: the time, aware.

    Raises:
        BadInput: it is no time, has passed, or is too far away.
    """
    moment = _moment(value, now) if isinstance(value, str) else None
    if moment is None or moment <= now or moment - now > LATEST:
        raise BadInput("bad-parameter/read", name=name, value=f"{value!r}", allowed=ALLOWED)
    return moment


def _moment(text: str, now: datetime.datetime) -> datetime.datetime | None:
    try:
        if match := _CLOCK.match(text.strip()):
            moment = _next(match, now)
        elif match := _STAMP.match(text.strip()):
            moment = _stamp(match)
        else:
            return None
        return moment.astimezone(datetime.timezone.utc)
    # The 31st of February, 25:00, a zone that no place has, or UTC beyond the last year.
    except (ValueError, OverflowError):
        return None


def _next(match: re.Match[str], now: datetime.datetime) -> datetime.datetime:
    local = now.astimezone(_zone(match["zone"]))
    hour, minute = int(match["hour"]), int(match["minute"])
    moment = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return moment if moment > local else moment + datetime.timedelta(days=1)


def _stamp(match: re.Match[str]) -> datetime.datetime:
    moment = datetime.datetime.fromisoformat(f"{match['day']} {match['clock']}")
    return moment.replace(tzinfo=_zone(match["zone"]))


def _zone(text: str | None) -> datetime.timezone:
    if not text or text in "Zz":
        return datetime.timezone.utc
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 14 or minutes > 59:
        raise ValueError(f"no place has the zone {text}")
    offset = datetime.timedelta(hours=hours, minutes=minutes)
    return datetime.timezone(-offset if text[0] == "-" else offset)
