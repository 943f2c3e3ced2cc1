"""What was switched on the way is as it was found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .records import Expectations, Log, Violation

RULE = "put-back"
_OPTIONS = ("action-managed-upgrade", "enable-auto-restarts")


def check(log: Log, expected: Expectations) -> Iterator[Violation]:
    """Yield what is still switched at the end of a complete run."""
    if not expected.complete:
        return
    yield from _switches(log, expected)
    yield from _options(log, expected)
    yield from _final(log, expected)


def _switches(log: Log, expected: Expectations) -> Iterator[Violation]:
    """Compute services, pauses and noout, by their own events."""
    found: dict[tuple[str, str], bool] = {}
    last: dict[tuple[str, str], tuple[bool, int]] = {}
    for row in log.deployed.values():
        for unit, state in (row.get("units") or {}).items():
            found[unit, "enabled"] = bool(state.get("enabled", True))
            found[unit, "paused"] = bool(state.get("paused", False))
    for name, row in log.deployed.items():
        found[name, "noout"] = bool((row.get("cluster") or {}).get("noout", False))
    for entry in log.of("compute-service", "paused", "resumed", "noout"):
        if entry.event == "compute-service":
            last[entry.unit, "enabled"] = (bool(entry.data.get("enabled")), entry.seq)
        elif entry.event == "noout":
            last[entry.app, "noout"] = (bool(entry.data.get("set")), entry.seq)
        else:
            last[entry.unit, "paused"] = (entry.event == "paused", entry.seq)
    defaults = {"enabled": True, "paused": False, "noout": False}
    for (whom, what), (now, seq) in last.items():
        if now is not found.get((whom, what), defaults[what]) and whom not in expected.behind:
            yield Violation(RULE, f"{whom}: {what} was left {str(now).lower()}", seq)


def _options(log: Log, expected: Expectations) -> Iterator[Violation]:
    last: dict[tuple[str, str], tuple[Any, int]] = {}
    for entry in log.of("config-changed"):
        if entry.data.get("key") in _OPTIONS:
            last[entry.app, str(entry.data["key"])] = (entry.data.get("new"), entry.seq)
    for (app, key), (now, seq) in last.items():
        before = (log.deployed.get(app, {}).get("config") or {}).get(key)
        behind = any(unit.partition("/")[0] == app for unit in expected.behind)
        if _text(now) != _text(before) and not behind:
            text = f"{app}: {key} was left {_text(now)}, it was {_text(before)}"
            yield Violation(RULE, text, seq)


def _text(value: Any) -> str:
    return str(value).lower()


def _final(log: Log, expected: Expectations) -> Iterator[Violation]:
    """Held packages, deferred restarts and seals, by the last snapshot."""
    final = log.final
    if final is None:
        yield Violation(RULE, "the log has no snapshot of the end")
        return
    applications: Mapping[str, Any] = final.get("applications") or {}
    for name, row in applications.items():
        if name in expected.skip:
            continue
        before = log.deployed.get(name, {}).get("units") or {}
        for unit, state in (row.get("units") or {}).items():
            old = before.get(unit) or {}
            held = sorted(set(state.get("held") or ()) - set(old.get("held") or ()))
            if held:
                yield Violation(RULE, f"{unit}: {', '.join(held)} still on hold")
            if state.get("deferred"):
                yield Violation(RULE, f"{unit}: {state['deferred']} deferred events are left")
            if state.get("sealed") and not old.get("sealed"):
                yield Violation(RULE, f"{unit} is sealed")
