"""The status as text, and the engine's remedies in the words of the command line."""

from __future__ import annotations

import datetime
import re

from ..run import status_text
from ..run.clock import utc_now
from ..run.view import View

# The engine names actions in its remedies; their parameters are options here.
_COMMANDS = (
    (re.compile(r"\bcancel force=true\b"), "cou cancel --force"),
    (
        re.compile(r"\bresolve-step step=<id> as=done or as=retry with a reason"),
        "cou resolve-step <id> --as done|retry --reason TEXT",
    ),
    (re.compile(r"\b[Rr]un (plan|upgrade|abandon|restore)\b"), r"Run cou \1"),
    (re.compile(r"\bLook at status\b"), "Run cou status"),
    (re.compile(r"\bTo go on: upgrade\b"), "To go on: cou upgrade"),
    (re.compile(r"\bStatus shows\b"), "cou status shows"),
    (re.compile(r"\b([Rr])un cancel\b"), r"\1un cou cancel"),
    # Parameters of actions; a charm's own options have names of their own.
    (re.compile(r"(?<![\w-])(backup|archive|set-noout)=false\b"), r"--no-\1"),
    (re.compile(r"(?<![\w-])(backup|archive|purge|set-noout)=true\b"), r"--\1"),
    (re.compile(r"\b([Pp])lan with purge=false\b"), r"\1lan without --purge"),
    (re.compile(r"(?<![\w-])group=([a-z-]+)"), r"the group \1"),
    (re.compile(r"(?<![\w-])(skip-apps|accept)=(?=[\w<])"), r"--\1 "),
    (re.compile(r"(?<![\w-])purge-before(?= needs\b)"), "--purge-before-date"),
)


def as_command(text: str) -> str:
    """Return a text of the engine with its actions as commands."""
    for pattern, command in _COMMANDS:
        text = pattern.sub(command, text)
    return text


def status(view: View, now: datetime.datetime | None = None) -> str:
    """Return where a run is, as text.

    Args:
        view: the run.
        now: the time, in UTC.
    """
    return status_text.text(view, now or utc_now(), _command, as_command)


def _command(verb: str) -> str:
    return f"cou {verb.replace('force=true', '--force')}"
