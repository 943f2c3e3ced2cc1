"""Testbed: what a real Juju has no facade for, or does over HTTP; the control room fills it."""

from __future__ import annotations

from typing import Any

from .facade import Call, Facade, Handler, Method

FACADE = Facade("Testbed", (1,), scope="both")


def extension(handler: Handler) -> Method:
    """Wrap a handler that the control room has added; only the model's admin may call it."""
    return Method(handler, "admin", changes=False)


@FACADE.method("DebugLog", "read")
async def debug_log(call: Call) -> dict[str, Any]:
    """Return lines of the debug log, oldest first.

    Params: ``limit`` (newest so many, 0 for all), ``after`` (number of lines already seen, as
    ``next`` of the last reply told).
    """
    model = call.model
    lines = list(model.debug_log)
    first = model.logged - len(lines)  # the buffer forgets the oldest
    after, limit = int(call.get("after", 0)), int(call.get("limit", 0))
    lines = lines[max(after - first, 0) :]
    if limit:
        lines = lines[-limit:]
    return {
        "lines": [
            {
                "timestamp": line.at.isoformat(timespec="microseconds"),
                "entity": line.entity,
                "level": line.level,
                "module": line.module,
                "message": line.message,
            }
            for line in lines
        ],
        "next": model.logged,
    }


@FACADE.method("Relations", "read")
async def relations(call: Call) -> dict[str, Any]:
    """Return the relations of the model with both ends."""
    return {
        "relations": [
            {"id": relation.id, "key": relation.key, "scope": relation.scope}
            for relation in call.model.relations
        ]
    }
