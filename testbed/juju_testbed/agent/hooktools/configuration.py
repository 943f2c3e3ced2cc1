"""config-get, juju-log, is-leader, the leader's settings and the unit's stored state."""

from __future__ import annotations

from ...model import configs
from ..flags import FORMAT, ToolError, parse, show
from .tool import Call, Tool, at_most, pairs

LEVELS = ("TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


def config_get(call: Call) -> str:
    """Print one option, or all that have a value (with ``-a`` the others too, as null)."""
    parsed = parse(call.arguments, {**FORMAT, "a": bool, "all": bool})
    at_most(parsed.rest, 1)
    values = configs.effective(call.context.application)
    if parsed.rest:
        return show(values.get(parsed.rest[0]), parsed.flags)
    if parsed.flags.get("a") or parsed.flags.get("all"):
        options = call.context.application.definition.options
        values = {name: values.get(name) for name in options}
    return show(values, parsed.flags)


def juju_log(call: Call) -> str:
    """Write to the model's debug log."""
    known = {"l": str, "log-level": str, "debug": bool}
    parsed = parse(call.arguments, known)
    level = str(parsed.flags.get("log-level") or parsed.flags.get("l") or "INFO").upper()
    if not parsed.rest:
        raise ToolError("no message specified", 2)
    if level not in LEVELS:
        level = "INFO"
    call.context.model.say(call.context.unit.name, " ".join(parsed.rest), level, _module(call))
    return ""


def _module(call: Call) -> str:
    return f"unit.{call.context.unit.name}.juju-log"


def is_leader(call: Call) -> str:
    """Print whether this unit leads its application."""
    parsed = parse(call.arguments, FORMAT)
    at_most(parsed.rest, 0)
    return show(call.context.unit.leader, parsed.flags)


def _settings(call: Call) -> dict[str, str]:
    # The leader's settings belong to the application; they live beside its peer relations.
    return call.context.peers.ensure(call.context.application.name, "").bags.setdefault("", {})


def leader_get(call: Call) -> str:
    """Print the leader's settings, or one of them."""
    parsed = parse(call.arguments, FORMAT)
    at_most(parsed.rest, 1)
    settings = _settings(call)
    if parsed.rest and parsed.rest[0] != "-":
        return show(settings.get(parsed.rest[0]), parsed.flags)
    return show(dict(settings), parsed.flags)


def leader_set(call: Call) -> str:
    """Write the leader's settings; only the leader may."""
    parsed = parse(call.arguments, {"file": str})
    if not call.context.unit.leader:
        raise ToolError("cannot write leadership settings: cannot write settings: not the leader")
    given = dict(call.read_mapping(parsed.flags["file"])) if "file" in parsed.flags else {}
    settings = _settings(call)
    for key, value in {**given, **pairs(parsed.rest)}.items():
        if value == "":
            settings.pop(key, None)
        else:
            settings[key] = value
    return ""


def state_get(call: Call) -> str:
    """Print the stored state, or one key; a missing key is an error unless not strict."""
    parsed = parse(call.arguments, {**FORMAT, "strict": bool})
    at_most(parsed.rest, 1)
    state = call.context.kept.state
    if not parsed.rest or parsed.rest[0] == "-":
        return show(dict(state), parsed.flags)
    if parsed.rest[0] not in state and parsed.flags.get("strict"):
        raise ToolError(f'"{parsed.rest[0]}" not found')
    return show(state.get(parsed.rest[0], ""), parsed.flags)


def state_set(call: Call) -> str:
    """Store keys of the unit with the controller."""
    parsed = parse(call.arguments, {"file": str})
    given = dict(call.read_mapping(parsed.flags["file"])) if "file" in parsed.flags else {}
    call.context.kept.state.update({**given, **pairs(parsed.rest)})
    return ""


def state_delete(call: Call) -> str:
    """Delete a stored key; a missing one is no error."""
    parsed = parse(call.arguments, {})
    at_most(parsed.rest, 1)
    if parsed.rest:
        call.context.kept.state.pop(parsed.rest[0], None)
    return ""


TOOLS: dict[str, Tool] = {
    "config-get": config_get,
    "is-leader": is_leader,
    "juju-log": juju_log,
    "leader-get": leader_get,
    "leader-set": leader_set,
    "state-delete": state_delete,
    "state-get": state_get,
    "state-set": state_set,
}
