"""The status as text, and the engine's remedies in the words of the command line."""

from __future__ import annotations

import dataclasses
import datetime
import re

from ..plan.problem import Problem
from ..run import status_text
from ..run.clock import utc_now
from ..run.view import View

# The engine names actions in its remedies; their parameters are options here. This is all that it
# names, each as whole words: a hook such as `upgrade-charm` is no verb. Names of Juju hold neither
# a blank nor "=", so none of them can be mistaken.
_COMMANDS = (
    (re.compile(r"(?<![\w-])cancel force=true(?![\w-])"), "cou cancel --force"),
    (
        re.compile(r"(?<![\w-])resolve-step step=<id> as=done or as=retry with a reason"),
        "cou resolve-step <id> --as done|retry --reason TEXT",
    ),
    (re.compile(r"(?<![\w-])([Rr])un (plan|upgrade|abandon|restore)(?![\w-])"), r"\1un cou \2"),
    (re.compile(r"(?<![\w-])Look at status(?![\w-])"), "Run cou status"),
    (re.compile(r"(?<![\w-])To go on: upgrade(?![\w-])"), "To go on: cou upgrade"),
    # Parameters of actions; a charm's own options have names of their own.
    (re.compile(r"(?<![\w-])(backup|archive|set-noout)=false(?![\w-])"), r"--no-\1"),
    (re.compile(r"(?<![\w-])(backup|archive|purge|set-noout)=true(?![\w-])"), r"--\1"),
    (re.compile(r"(?<![\w-])([Pp])lan with purge=false(?![\w-])"), r"\1lan without --purge"),
    (re.compile(r"(?<![\w-])group=([a-z-]+)"), r"the group \1"),
    (re.compile(r"(?<![\w-])(skip-apps|accept)=(?=[\w<])"), r"--\1 "),
    (re.compile(r"(?<![\w-])purge-before(?= needs\b)"), "--purge-before-date"),
)
# What is seen quotes the cloud, and stays as it is; but for these, which quote what was typed.
_OF_OPTIONS = frozenset(
    {
        "accept-unused",
        "filter-without-hypervisors",
        "no-control-plane",
        "no-data-plane",
        "no-hypervisors",
        "noout-not-in-group",
        "nothing-to-do",
        "purge-before-without-purge",
    }
)
# Its remedy lists zones, which a cloud may name as it likes.
_OF_ZONES = "unknown-zone"


def remedy(text: str) -> str:
    """Return a remedy of the engine with its actions as commands."""
    for pattern, command in _COMMANDS:
        text = pattern.sub(command, text)
    return text


def seen(code: str, text: str) -> str:
    """Return what was seen: as it is, or with options where it tells of nothing else."""
    return remedy(text) if code in _OF_OPTIONS else text


def problem(found: Problem) -> Problem:
    """Return a problem of a plan in the words of the command line."""
    if found.code == _OF_ZONES:
        return found
    return dataclasses.replace(
        found, seen=seen(found.code, found.seen), remedy=remedy(found.remedy)
    )


def command(verb: str) -> str:
    """Return the command of a verb, which is given as an action is called."""
    return f"cou {verb.lower().replace('force=true', '--force')}"


def status(view: View, now: datetime.datetime | None = None) -> str:
    """Return where a run is, as text.

    Args:
        view: the run.
        now: the time, in UTC.
    """
    return status_text.text(view, now or utc_now(), command, remedy)
