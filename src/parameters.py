"""Parameters of actions as typed data.

`juju run` reads values as YAML, or hands over texts with ``--string-args``, and actions.yaml
declares no types: Juju would refuse a wrong one without a code and without a word on what is
allowed. So nothing here trusts a type. What is given without a value is never taken for what was
left out: it may be a variable that the shell does not know. Each function raises `BadInput` with
the parameter's name, its value and what is allowed; nothing has happened then.
"""

from __future__ import annotations

import datetime
import re
import shlex
from collections.abc import Mapping
from typing import Any

from cou.control import until as until_time
from cou.journal.records import Limit
from cou.options import charm_config, values
from cou.options.options import Options
from cou.options.settings import MOST, Settings

PLAN_FORMATS = ("text", "json", "markdown")
STATUS_FORMATS = ("text", "json")
REPORT_FORMATS = ("markdown", "json", "html")
GRANULARITIES = ("application", "step")
RESOLUTIONS = ("done", "retry", "skip")

_HASH = re.compile(r"p[0-9a-f]{15}\Z")


def plan_options(params: Mapping[str, Any], settings: Settings) -> Options:
    """Return the options of `plan`; what is not given and is a setting is the charm's."""
    raw = {name: value for name, value in params.items() if name != "format"}
    return charm_config.options(raw, settings)


def choice(params: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    """Return one of some words; the first is the default."""
    return must_choose({name: allowed[0], **params}, name, allowed)


def must_choose(params: Mapping[str, Any], name: str, allowed: tuple[str, ...]) -> str:
    """Return one of some words, which must be given."""
    value = params.get(name)
    if value not in allowed:
        raise values.refusal(name, value, _words(allowed))
    return str(value)


def plan_hash(params: Mapping[str, Any]) -> str | None:
    """Return the hash that `upgrade` must find, or None for the plan last shown."""
    if "plan" not in params:
        return None
    value = params["plan"]
    if not isinstance(value, str) or not _HASH.match(value):
        raise values.refusal(
            "plan", value, "the hash that plan showed: p and 15 hexadecimal digits"
        )
    return value


def until(params: Mapping[str, Any], now: datetime.datetime) -> datetime.datetime | None:
    """Return the time before which everything must be expected to end, in UTC, or None."""
    return until_time.read(params["until"], now) if "until" in params else None


def limit(params: Mapping[str, Any]) -> Limit:
    """Return where `upgrade-step` stops."""
    count = values.number("count", params.get("count", 1), 1, MOST)
    expect = ""
    if "expect" in params:
        value = params["expect"]
        expect = values.text(value) if isinstance(value, str) else ""
        if not expect:
            raise values.refusal("expect", value, "the id of a step, as status shows it")
    return Limit(choice(params, "granularity", GRANULARITIES), count, expect)


def flag(params: Mapping[str, Any], name: str) -> bool:
    """Return a switch that is off unless given."""
    return values.flag(name, params.get(name, False))


def words(params: Mapping[str, Any], name: str) -> str:
    """Return a text that must be given."""
    value = params.get(name)
    if isinstance(value, str) and (text := values.text(value)):
        return text
    if value is None or isinstance(value, str):
        raise values.refusal(name, value, "a text that is not empty")
    quoted = shlex.quote('"task 41: done"')
    raise values.refusal(
        name, value, f"a text, as in {name}={quoted} where YAML would take it for something else"
    )


def _words(allowed: tuple[str, ...]) -> str:
    return f"{', '.join(allowed[:-1])} or {allowed[-1]}"
