"""Parameters of actions as typed data.

`juju run` reads values as YAML and the charm must be as strict where an older controller does
not check them; so nothing here trusts a type. Each function raises `BadInput` with the
parameter's name, its value and what is allowed; nothing has happened then.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

from cou.errors import BadInput
from cou.plan.options import Options
from cou.run.records import Limit

PLAN_FORMATS = ("text", "json", "markdown")
STATUS_FORMATS = ("text", "json")
REPORT_FORMATS = ("markdown", "json", "html")
GRANULARITIES = ("application", "step")
RESOLUTIONS = ("done", "retry", "skip")

_HASH = re.compile(r"p[0-9a-f]{15}\Z")
_ZONE = r"(?P<zone>Z|[+-]\d\d:?\d\d)?\Z"
_CLOCK = re.compile(r"(?P<hour>\d{1,2}):(?P<minute>\d\d) ?" + _ZONE, re.IGNORECASE)
_STAMP = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)[T ](?P<clock>\d\d:\d\d(?::\d\d)?)(?:\.\d+)? ?" + _ZONE,
    re.IGNORECASE,
)
_UNTIL = "a time to come, as HH:MM or YYYY-MM-DD HH:MM, in UTC unless a zone like +02:00 follows"


def plan_options(params: Mapping[str, Any], max_parallel: int) -> Options:
    """Return the options of `plan`; `max_parallel` is the charm's option."""
    raw = {name: value for name, value in params.items() if name != "format"}
    raw.setdefault("max-parallel", max_parallel)
    return Options.from_dict(raw)


def choice(params: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    """Return one of some words; the first is the default."""
    value = params.get(name, allowed[0])
    if value not in allowed:
        raise _refuse(name, value, _words(allowed))
    return str(value)


def plan_hash(params: Mapping[str, Any]) -> str | None:
    """Return the hash that `upgrade` must find, or None for the plan last shown."""
    value = params.get("plan")
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _HASH.match(value):
        raise _refuse("plan", value, "the hash that plan showed: p and 15 hexadecimal digits")
    return value


def until(params: Mapping[str, Any], now: datetime.datetime) -> datetime.datetime | None:
    """Return the time before which everything must be expected to end, in UTC.

    ``HH:MM`` is the next such time after `now`. No zone means UTC, as everywhere in cou: a unit's
    own zone is nobody's.
    """
    value = params.get("until")
    if value is None or value == "":
        return None
    text = value.strip() if isinstance(value, str) else ""
    if match := _CLOCK.match(text):
        moment = _next(match, now)
    elif match := _STAMP.match(text):
        moment = _stamp(match)
    else:
        moment = None
    if moment is None or moment <= now:
        raise _refuse("until", value, _UNTIL)
    return moment.astimezone(datetime.timezone.utc)


def limit(params: Mapping[str, Any]) -> Limit:
    """Return where `upgrade-step` stops."""
    count = params.get("count", 1)
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise _refuse("count", count, "a whole number from 1 up")
    expect = params.get("expect", "")
    if not isinstance(expect, str):
        raise _refuse("expect", expect, "the id of a step, as status shows it")
    return Limit(choice(params, "granularity", GRANULARITIES), count, expect.strip())


def flag(params: Mapping[str, Any], name: str) -> bool:
    """Return a switch that is off unless given."""
    value = params.get(name, False)
    if not isinstance(value, bool):
        raise _refuse(name, value, "true or false")
    return value


def words(params: Mapping[str, Any], name: str) -> str:
    """Return a text that must be given."""
    value = params.get(name)
    if not isinstance(value, str) or not value.strip():
        raise _refuse(name, value, "a text that is not empty")
    return value.strip()


def _next(match: re.Match[str], now: datetime.datetime) -> datetime.datetime | None:
    hour, minute = int(match["hour"]), int(match["minute"])
    if hour > 23 or minute > 59:
        return None
    zone = _zone(match["zone"])
    if zone is None:
        return None
    local = now.astimezone(zone)
    moment = local.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return moment if moment > local else moment + datetime.timedelta(days=1)


def _stamp(match: re.Match[str]) -> datetime.datetime | None:
    zone = _zone(match["zone"])
    try:
        moment = datetime.datetime.fromisoformat(f"{match['day']} {match['clock']}")
    except ValueError:  # the 31st of February
        return None
    return moment.replace(tzinfo=zone) if zone else None


def _zone(text: str | None) -> datetime.timezone | None:
    if not text or text in "Zz":
        return datetime.timezone.utc
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 14 or minutes > 59:
        return None
    offset = datetime.timedelta(hours=hours, minutes=minutes)
    return datetime.timezone(-offset if text[0] == "-" else offset)


def _words(allowed: tuple[str, ...]) -> str:
    return f"{', '.join(allowed[:-1])} or {allowed[-1]}"


def _refuse(name: str, value: object, allowed: str) -> BadInput:
    return BadInput("bad-parameter", f"{name}={value!r} is not allowed.", f"Give {allowed}.")
