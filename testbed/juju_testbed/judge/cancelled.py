"""After a cancel is acknowledged, nothing begins but what it named."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .records import Entry, Expectations, Log, Violation

RULE = "cancel"
_BEGINS_WORK = ("upgrade", "upgrade-step", "restore", "abandon")
_QUESTIONS = ("instance-count", "list-compute-nodes", "show-deferred-events", "get-health")
_WRITES = re.compile(
    r"apt-get|apt-mark (un)?hold|systemctl (re)?(start|stop)|require-osd-release|osd (un)?set|"
    r"\brm\b|chmod|\bmv\b|dpkg --configure|>"
)


@dataclasses.dataclass(frozen=True)
class _Ack:
    """An acknowledged cancel: plain with its targets, or forced with none."""

    seq: int
    forced: bool
    targets: frozenset[str]


def check(log: Log, expected: Expectations) -> Iterator[Violation]:
    """Yield every operation of the upgrader that a cancel forbade."""
    principals = _principals(log)
    ack: _Ack | None = None
    asking = False
    for entry in log:
        if entry.unit == expected.unit and entry.event in ("task-begun", "task-ended"):
            name = str(entry.data.get("name"))
            if entry.event == "task-begun" and name in _BEGINS_WORK:
                ack = None
            if name == "plan":
                asking = entry.event == "task-begun"
            if name == "cancel" and entry.event == "task-ended":
                ack = _acknowledged(entry) or ack
            continue
        if ack is None or entry.event != "asked" or entry.by != expected.by:
            continue
        if _allowed(entry, ack, principals) or (asking and _is_question(entry)):
            continue
        how = "a forced cancel" if ack.forced else "a cancel"
        text = f"{_shown(entry)} after {how} was acknowledged (entry {ack.seq}), which named "
        yield Violation(RULE, text + (", ".join(sorted(ack.targets)) or "nothing"), entry.seq)


def acknowledgements(log: Log, expected: Expectations) -> int:
    """Count the cancels that were acknowledged."""
    return sum(
        _acknowledged(entry) is not None
        for entry in log.of("task-ended")
        if entry.unit == expected.unit and entry.data.get("name") == "cancel"
    )


def _acknowledged(entry: Entry) -> _Ack | None:
    results: Mapping[str, Any] = entry.data.get("results") or {}
    if entry.data.get("status") != "completed" or results.get("acknowledged", "yes") != "yes":
        return None
    forced = str((entry.data.get("parameters") or {}).get("force", "")).lower() == "true"
    text = str(results.get("targets") or "")
    targets = {target.strip() for target in re.split(r"[,\s]+", text) if target.strip()}
    return _Ack(entry.seq, forced, frozenset(targets - {"none"}))


def _principals(log: Log) -> dict[str, str]:
    found: dict[str, str] = {}
    for row in log.deployed.values():
        for name, unit in (row.get("units") or {}).items():
            found[name] = str(unit.get("principal") or "")
    return found


def _allowed(entry: Entry, ack: _Ack, principals: Mapping[str, str]) -> bool:
    """Whether an operation belongs to a step that the acknowledgement named.

    The run's own note on the model and the taking back of tasks are no operations on the cloud.
    A step for the whole model may still ask questions; it changes no particular unit.
    """
    if entry.call in ("Annotations.Set", "Action.Cancel"):
        return True
    if ack.forced:
        return False
    whom = {entry.app, entry.unit, principals.get(entry.unit, "")} - {""}
    if whom & ack.targets:
        return True
    if not entry.unit and any(t.partition("/")[0] == entry.app for t in ack.targets):
        return True  # a unit's step that changes an option of its application
    return "model" in ack.targets and _is_question(entry)


def _is_question(entry: Entry) -> bool:
    if entry.call == "Action.EnqueueOperation":
        return entry.data.get("name") in _QUESTIONS
    command = str((entry.data.get("parameters") or {}).get("command", ""))
    return entry.call == "Action.Run" and not _WRITES.search(command.replace("2>", ""))


def _shown(entry: Entry) -> str:
    name = str(entry.data.get("name") or "")
    what = f"{entry.call.partition('.')[2]} {name}".strip()
    return f"{what} on {entry.unit or entry.app or 'the model'}"
