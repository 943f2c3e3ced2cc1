"""relation-ids, -list, -get, -set and -model-get, with data for peer relations."""

from __future__ import annotations

from ..flags import FORMAT, Parsed, ToolError, parse, show
from ..peers import Peer
from .tool import Call, Tool, at_most, pairs

RELATION = {"r": str, "relation": str}


def _number(call: Call, parsed: Parsed) -> int:
    """Return the relation's id from ``-r endpoint:id`` or from the hook's own relation."""
    given = parsed.flags.get("r") or parsed.flags.get("relation")
    given = given or call.context.variables.get("JUJU_RELATION_ID", "")
    if not given:
        raise ToolError("no relation id specified", 2)
    number = str(given).rpartition(":")[2]
    if not number.isdigit():
        raise ToolError(f'invalid value "{given}" for option -r: invalid relation id', 2)
    return int(number)


def _peer(call: Call, number: int) -> Peer | None:
    return call.context.peers.find(call.context.application.name, number)


def relation_ids(call: Call) -> str:
    """Print the ids of an endpoint's relations: ``name:id``."""
    parsed = parse(call.arguments, FORMAT)
    at_most(parsed.rest, 1)
    endpoint = parsed.rest[0] if parsed.rest else call.context.variables.get("JUJU_RELATION", "")
    if not endpoint:
        raise ToolError("no endpoint name specified", 2)
    name = call.context.application.name
    found = [p.reference for p in call.context.peers.of(name) if p.endpoint == endpoint]
    for relation in call.context.model.relations:
        if (name, endpoint) in relation.endpoints:
            found.append(f"{endpoint}:{relation.id}")
    return show(sorted(found), parsed.flags)


def relation_list(call: Call) -> str:
    """Print the other units of a relation, or with ``--app`` the other application."""
    parsed = parse(call.arguments, {**FORMAT, **RELATION, "app": bool})
    number, own = _number(call, parsed), call.context.application.name
    peer = _peer(call, number)
    other = own if peer else _remote(call, number)
    if parsed.flags.get("app"):
        return show(other, parsed.flags)
    units = [unit.name for unit in call.context.model.units_of(other)]
    return show([name for name in units if name != call.context.unit.name], parsed.flags)


def _remote(call: Call, number: int) -> str:
    own = call.context.application.name
    for relation in call.context.model.relations:
        names = [name for name, _ in relation.endpoints]
        if relation.id == number and own in names:
            return next((name for name in names if name != own), own)
    raise ToolError(f'invalid value "{number}" for option -r: relation not found', 2)


def relation_get(call: Call) -> str:
    """Print what a unit, or with ``--app`` an application, has written; all, or one key."""
    parsed = parse(call.arguments, {**FORMAT, **RELATION, "app": bool})
    at_most(parsed.rest, 2)
    number = _number(call, parsed)
    key = parsed.rest[0] if parsed.rest and parsed.rest[0] != "-" else ""
    owner = parsed.rest[1] if len(parsed.rest) > 1 else ""
    owner = owner or call.context.variables.get("JUJU_REMOTE_UNIT", "")
    if not owner:
        raise ToolError("no unit id specified", 2)
    peer = _peer(call, number)
    if peer is None:
        _remote(call, number)  # refuses an id that does not exist
    if parsed.flags.get("app"):
        owner = owner.partition("/")[0]
        if owner == call.context.application.name and not call.context.unit.leader:
            raise ToolError("permission denied")
    bag = dict(peer.bags.get(owner, {})) if peer else {}
    if "/" in owner and owner in call.context.model.units:
        address = call.context.model.units[owner].address
        bag = {"egress-subnets": f"{address}/32", "ingress-address": address,
               "private-address": address, **bag}  # fmt: skip
    return show(bag.get(key) if key else bag, parsed.flags)


def relation_set(call: Call) -> str:
    """Write this unit's data, or with ``--app`` the application's (leader only)."""
    parsed = parse(call.arguments, {**RELATION, "app": bool, "file": str})
    number, context = _number(call, parsed), call.context
    values = dict(call.read_mapping(parsed.flags["file"])) if "file" in parsed.flags else {}
    values.update(pairs(parsed.rest))
    owner = context.application.name if parsed.flags.get("app") else context.unit.name
    if parsed.flags.get("app") and not context.unit.leader:
        raise ToolError("cannot write relation settings")
    peer = _peer(call, number)
    if peer is None:
        _remote(call, number)
        raise ToolError("data of relations between two charms is not supported by this testbed")
    if peer.write(owner, values):
        _announce(call, peer)
    return ""


def _announce(call: Call, peer: Peer) -> None:
    """Have the other units run relation-changed."""
    own = call.context.unit.name
    for unit in call.context.model.units_of(peer.application):
        if unit.name != own:
            call.context.model.queue_hook(
                unit.name, f"{peer.endpoint}-relation-changed", variables(peer, own)
            )


def variables(peer: Peer, unit: str = "") -> dict[str, str]:
    """Return the environment of a hook about a peer relation; `unit` is the one it is about."""
    return {
        "JUJU_RELATION": peer.endpoint,
        "JUJU_RELATION_ID": peer.reference,
        "JUJU_REMOTE_APP": peer.application,
        "JUJU_REMOTE_UNIT": unit,
    }


def relation_model_get(call: Call) -> str:
    """Print the model of the other side: always this one."""
    parsed = parse(call.arguments, {**FORMAT, **RELATION})
    _number(call, parsed)
    return show({"uuid": call.context.model.uuid}, parsed.flags)


TOOLS: dict[str, Tool] = {
    "relation-get": relation_get,
    "relation-ids": relation_ids,
    "relation-list": relation_list,
    "relation-model-get": relation_model_get,
    "relation-set": relation_set,
}
