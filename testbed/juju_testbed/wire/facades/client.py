"""Client: the status of the model, status history, watching."""

from __future__ import annotations

import datetime
import re
from typing import Any

from ...model.clock import Clock
from ...model.entities import Status
from ...model.errors import not_found
from ..errors import WireError
from ..shapes import detailed, each, field, untag
from . import status
from .facade import Call, Facade
from .watchers import AllWatcher

FACADE = Facade("Client", (6, 7, 8))
_TIME = re.compile(r"^(?P<main>[\d-]+T[\d:]+)(?:\.(?P<fraction>\d+))?(?P<offset>Z|[+-]\d\d:\d\d)$")


@FACADE.method("FullStatus", "read", fresh=True)
async def full_status(call: Call) -> dict[str, Any]:
    """Return the whole model, or what matches patterns (application, unit, machine)."""
    patterns = [str(pattern) for pattern in call.get("patterns", [])]
    return status.full_status(call.model, patterns)


@FACADE.method("StatusHistory", "read", fresh=True)
async def status_history(call: Call) -> dict[str, Any]:
    """Return the history of statuses, oldest first; machines have one entry."""

    def one(request: dict[str, Any]) -> dict[str, Any]:
        kind = str(field(request, "historyKind", ""))
        tag = str(field(request, "tag", ""))
        limits = field(request, "filter", {})
        entries = _entries(call, kind, tag)
        return {"history": {"statuses": _filter(entries, limits, call.model.clock)}}

    return each(call.get("requests"), one)


def _entries(call: Call, kind: str, tag: str) -> list[tuple[str, Status]]:
    model = call.model
    if kind in ("juju-unit", "workload", "unit"):
        return model.history(untag(tag, "unit"), kind)
    if kind == "application":
        return model.application_history(untag(tag, "application"))
    if kind in ("juju-machine", "machine", "juju-container", "container"):
        id = untag(tag, "machine").replace("-", "/")
        if id not in model.machines:
            raise not_found("machine", id)
        machine = model.machines[id]
        return [(kind, machine.agent if kind.startswith("juju-") else machine.instance)]
    if kind == "model":
        return [(kind, Status("available", since=model.created))]
    raise WireError(f'invalid status history kind "{kind}"', "not valid")


def _filter(
    entries: list[tuple[str, Status]], limits: dict[str, Any], clock: Clock
) -> list[dict[str, Any]]:
    """Apply size, date, delta (nanoseconds) and exclude; one of the first three is needed."""
    size, date, delta = (field(limits, name) for name in ("size", "date", "delta"))
    given = [value for value in (size or None, date, delta) if value is not None]
    if len(given) != 1:
        raise WireError("exactly one of size, date, delta must be set", "not valid")
    after: datetime.datetime | None = None
    if date is not None:
        after = datetime.datetime.fromisoformat(_iso(str(date)))
    elif delta is not None:
        after = clock.now() - datetime.timedelta(microseconds=float(delta) / 1000)
    excluded = set(field(limits, "exclude", []))
    kept = [
        (kind, entry)
        for kind, entry in entries
        if entry.message not in excluded
        and (after is None or (entry.since is not None and entry.since > after))
    ]
    if size:
        kept = kept[-int(size) :]
    return [detailed(entry, kind) for kind, entry in kept]


def _iso(text: str) -> str:
    """Make RFC 3339 readable to Python 3.10: ``Z`` as an offset, exactly six digits."""
    match = _TIME.match(text)
    if match is None:
        raise WireError(f'"{text}" is not a time', "not valid")
    offset = "+00:00" if match["offset"] == "Z" else match["offset"]
    return f"{match['main']}.{(match['fraction'] or '')[:6]:0<6}{offset}"


@FACADE.method("WatchAll", "read")
async def watch_all(call: Call) -> dict[str, Any]:
    """Begin to watch the whole model; `AllWatcher.Next` gives what changes."""
    number = str(len(call.session.watchers) + 1)
    call.session.watchers[number] = AllWatcher(call.model)
    return {"watcher-id": number}
