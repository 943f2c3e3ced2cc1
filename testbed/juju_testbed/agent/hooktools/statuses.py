"""status-get, status-set, application-version-set, goal-state."""

from __future__ import annotations

from typing import Any

from ...model.entities import Status
from ..flags import FORMAT, ToolError, parse, show
from .tool import Call, Tool, at_most

SETTABLE = ("maintenance", "blocked", "waiting", "active")


def status_set(call: Call) -> str:
    """Set the unit's status, or with ``--application`` the application's (leader only)."""
    parsed = parse(call.arguments, {"application": bool})
    if not parsed.rest:
        raise ToolError(f"invalid args, require <status> [message]: {call.arguments}", 2)
    at_most(parsed.rest, 2)
    status = parsed.rest[0]
    message = parsed.rest[1] if len(parsed.rest) > 1 else ""
    if status not in SETTABLE:
        raise ToolError(f'invalid status "{status}", expected one of [{" ".join(SETTABLE)}]', 2)
    context = call.context
    if not parsed.flags.get("application"):
        context.model.set_workload(context.unit.name, status, message)
        return ""
    _leads(call, "setting application status")
    context.model.set_application_status(context.application.name, status, message)
    return ""


def status_get(call: Call) -> str:
    """Print the unit's status, with ``--application`` that of all units (leader only)."""
    parsed = parse(call.arguments, {**FORMAT, "application": bool, "include-data": bool})
    at_most(parsed.rest, 0)
    context = call.context
    data = bool(parsed.flags.get("include-data"))
    if not parsed.flags.get("application"):
        status = context.unit.workload
        return show(_shown(status) if data else status.current, parsed.flags)
    _leads(call, "finding application status")
    name = context.application.name
    whole: dict[str, Any] = _shown(context.model.application_status(name))
    whole["units"] = {unit.name: _shown(unit.workload) for unit in context.model.units_of(name)}
    return show({"application-status": whole} if data else whole["status"], parsed.flags)


def _leads(call: Call, what: str) -> None:
    if not call.context.unit.leader:
        raise ToolError(f"{what}: this unit is not the leader")


def _shown(status: Status) -> dict[str, Any]:
    return {"message": status.message, "status": status.current, "status-data": dict(status.data)}


def application_version_set(call: Call) -> str:
    """Set the version of the workload."""
    parsed = parse(call.arguments, {})
    if not parsed.rest:
        raise ToolError("no version specified", 2)
    at_most(parsed.rest, 1)
    call.context.model.set_workload_version(call.context.unit.name, parsed.rest[0])
    return ""


def goal_state(call: Call) -> str:
    """Print the units that the application has; relations are left out."""
    parsed = parse(call.arguments, FORMAT)
    at_most(parsed.rest, 0)
    units = {}
    for unit in call.context.model.units_of(call.context.application.name):
        since = unit.workload.since
        moment = since.strftime("%Y-%m-%d %H:%M:%SZ") if since else ""
        units[unit.name] = {"status": unit.workload.current, "since": moment}
    return show({"units": units, "relations": {}}, parsed.flags)


TOOLS: dict[str, Tool] = {
    "application-version-set": application_version_set,
    "goal-state": goal_state,
    "status-get": status_get,
    "status-set": status_set,
}
