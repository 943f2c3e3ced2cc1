"""Parameters of actions as typed data.

`juju run` reads values as YAML, and actions.yaml declares no types: Juju would refuse a wrong one
without a code and without a word on what is allowed. So nothing here trusts a type. Each function
raises `BadInput` with the parameter's name, its value and what is allowed; nothing has happened
then.
"""

from __future__ import annotations

import datetime
import re
import shlex
from collections.abc import Mapping
from typing import Any

from cou.errors import BadInput
from cou.plan import configuration
from cou.plan.options import Options
from cou.plan.settings import Settings
from cou.run import until as until_time
from cou.run.records import Limit

PLAN_FORMATS = ("text", "json", "markdown")
STATUS_FORMATS = ("text", "json")
REPORT_FORMATS = ("markdown", "json", "html")
GRANULARITIES = ("application", "step")
RESOLUTIONS = ("done", "retry", "skip")
_SWITCHES = {"true": True, "false": False}

_HASH = re.compile(r"p[0-9a-f]{15}\Z")


def plan_options(params: Mapping[str, Any], settings: Settings) -> Options:
    """Return the options of `plan`; what is not given and is a setting is the charm's."""
    raw = {name: value for name, value in params.items() if name != "format"}
    return configuration.options(raw, settings)


def choice(params: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    """Return one of some words; the first is the default."""
    return must_choose({name: allowed[0], **params}, name, allowed)


def must_choose(params: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    """Return one of some words, which must be given."""
    value = params.get(name)
    if value not in allowed:
        raise _refuse(name, value, _words(allowed))
    return str(value)


def plan_hash(params: Mapping[str, Any]) -> str | None:
    """Return the hash that `upgrade` must find, or None for the plan last shown."""
    value = params.get("plan", "")
    if value == "":
        return None
    if not isinstance(value, str) or not _HASH.match(value):
        raise _refuse("plan", value, "the hash that plan showed: p and 15 hexadecimal digits")
    return value


def until(params: Mapping[str, Any], now: datetime.datetime) -> datetime.datetime | None:
    """Return the time before which everything must be expected to end, in UTC, or None."""
    value = params.get("until", "")
    if value == "":
        return None
    return until_time.read(value, now)


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
    """Return a switch that is off unless given; ``--string-args`` gives it as a text."""
    value = params.get(name, False)
    value = _SWITCHES.get(value, value) if isinstance(value, str) else value
    if not isinstance(value, bool):
        raise _refuse(name, value, "true or false")
    return value


def words(params: Mapping[str, Any], name: str) -> str:
    """Return a text that must be given."""
    value = params.get(name)
    if isinstance(value, str) and value.strip():
        return value.strip()
    if value is None or isinstance(value, str):
        raise _refuse(name, value, "a text that is not empty")
    quoted = shlex.quote('"task 41: done"')
    raise _refuse(
        name, value, f"a text, as in {name}={quoted} where YAML would take it for something else"
    )


def _words(allowed: tuple[str, ...]) -> str:
    return f"{', '.join(allowed[:-1])} or {allowed[-1]}"


def _refuse(name: str, value: object, allowed: str) -> BadInput:
    return BadInput("bad-parameter", f"{name}={value!r} is not allowed.", f"Give {allowed}.")
