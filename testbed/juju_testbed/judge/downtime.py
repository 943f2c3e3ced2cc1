"""How long an application had no unit that served, from the log alone."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from .records import Log


def without_service(log: Log) -> dict[str, float]:
    """Return the seconds without a serving unit, of every principal that was ever without.

    A unit serves until the log says otherwise; one that was paused at the start says so in its
    `deployed` entry. What is still down at the end counts until the log's last entry.
    """
    serving: dict[str, set[str]] = {}
    for name, row in log.deployed.items():
        units = row.get("units") or {}
        if not row.get("subordinate"):
            serving[name] = {unit for unit in units if not units[unit].get("paused")}
    since: dict[str, datetime.datetime] = {}
    total: dict[str, float] = {}
    for at, name, unit, up in _changes(log):
        if name not in serving:
            continue
        (serving[name].add if up else serving[name].discard)(unit)
        if not serving[name]:
            since.setdefault(name, at)
        elif name in since:
            total[name] = total.get(name, 0.0) + (at - since.pop(name)).total_seconds()
    for name, begun in since.items():
        end = datetime.datetime.fromisoformat(log[-1].at)
        total[name] = total.get(name, 0.0) + (end - begun).total_seconds()
    return total


def _changes(log: Log) -> Iterator[tuple[datetime.datetime, str, str, bool]]:
    for entry in log.of("service"):
        at = datetime.datetime.fromisoformat(entry.at)
        yield at, entry.app, entry.unit, bool(entry.data.get("up"))
