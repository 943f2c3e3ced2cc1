"""A run's report as markdown, JSON and HTML; the same account gives the same text."""

from __future__ import annotations

import functools
import json

import jinja2

from .. import printable, templating
from . import formatting, timeline
from .report_data import Report

FORMS = ("markdown", "json", "html")
# How many of those that were waited for longest are shown; the JSON holds all.
_WAITS = 15
_GOOD = frozenset({"done", "satisfied", "completed", "put-back"})
_BAD = frozenset({"failed", "in-doubt", "killed", "interrupted", "refused"})


def text(account: Report, form: str) -> str:
    """Return a report in one of `FORMS`."""
    if form == "json":
        # ASCII: whatever a name holds stands as an escape.
        return json.dumps(account.to_dict(), sort_keys=True, indent=1)
    return html(account) if form == "html" else markdown(account)


def markdown(account: Report) -> str:
    """Return a report as markdown; whatever comes from the model is text in it."""
    return _plain().get_template("report.md.j2").render(a=account, longest=_WAITS)


def html(account: Report) -> str:
    """Return a report as one HTML file that loads nothing."""
    chart = timeline.chart(account)
    return _markup().get_template("report.html.j2").render(a=account, longest=_WAITS, chart=chart)


def tone(state: str) -> str:
    """Return ``good``, ``bad`` or ``open``: how a state is coloured."""
    if state in _GOOD:
        return "good"
    return "bad" if state in _BAD else "open"


@functools.cache
def _plain() -> jinja2.Environment:
    # Not HTML: `finalize` makes every value text.
    environment = templating.environment(
        "cou.show", autoescape=False, finalize=formatting.markdown
    )
    _fill(environment)
    return environment


@functools.cache
def _markup() -> jinja2.Environment:
    environment = templating.environment("cou.show", autoescape=True, finalize=_once)
    _fill(environment)
    return environment


def _once(value: object) -> object:
    # What a macro returned is markup already.
    return value if hasattr(value, "__html__") else printable.line(value)


def _fill(environment: jinja2.Environment) -> None:
    environment.filters |= {
        "duration": formatting.duration,
        "stamp": formatting.stamp,
        "tone": tone,
    }
