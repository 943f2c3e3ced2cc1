"""action-get, action-set, action-log, action-fail."""

from __future__ import annotations

import re
from typing import Any

from ...model.entities import Task
from ..flags import FORMAT, ToolError, parse, show
from .tool import Call, Tool, at_most

# Rule and reserved words are Juju's.
KEY = re.compile(r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$")
RESERVED = ("stdout", "stdout-encoding", "stderr", "stderr-encoding")


def _task(call: Call, what: str) -> Task:
    if call.context.task is None:
        raise ToolError(f"{what}: not running an action")
    return call.context.task


def action_get(call: Call) -> str:
    """Print the parameters, or one by its dotted key."""
    parsed = parse(call.arguments, FORMAT)
    at_most(parsed.rest, 1)
    value: Any = _task(call, "getting action parameters").parameters
    if parsed.rest:
        for part in parsed.rest[0].split("."):
            value = value.get(part) if isinstance(value, dict) else None
    return show(value, parsed.flags)


def action_set(call: Call) -> str:
    """Keep results; dots nest, later values overwrite, a scalar in the way gives way."""
    parsed = parse(call.arguments, {})
    _task(call, "setting action results")
    for argument in parsed.rest:
        name, equals, value = argument.partition("=")
        if not equals:
            raise ToolError(f'argument "{argument}" must be of the form key...=value')
        _put(call.context.results, name.split("."), value)
    return ""


def _put(results: dict[str, Any], keys: list[str], value: str) -> None:
    for key in keys:
        if not KEY.match(key):
            raise ToolError(
                f'key "{key}" must start and end with lowercase alphanumeric, '
                "and contain only lowercase alphanumeric, hyphens and periods"
            )
        if key in RESERVED:
            raise ToolError(f'cannot set reserved action key "{key}"')
    for key in keys[:-1]:
        inner = results.get(key)
        if not isinstance(inner, dict):
            inner = results[key] = {}
        results = inner
    results[keys[-1]] = value


def action_log(call: Call) -> str:
    """Send a message to whoever waits for the task; at once."""
    parsed = parse(call.arguments, {})
    if not parsed.rest:
        raise ToolError("no message specified", 2)
    task = _task(call, "logging action message")
    call.context.model.add_task_log(task.id, " ".join(parsed.rest))
    return ""


def action_fail(call: Call) -> str:
    """Mark the action as failed; it goes on."""
    parsed = parse(call.arguments, {})
    at_most(parsed.rest, 1)
    _task(call, "setting action as failed")
    call.context.failed = True
    call.context.message = (
        parsed.rest[0]
        if parsed.rest
        else "action failed without reason given, check action for errors"
    )
    return ""


TOOLS: dict[str, Tool] = {
    "action-fail": action_fail,
    "action-get": action_get,
    "action-log": action_log,
    "action-set": action_set,
}
