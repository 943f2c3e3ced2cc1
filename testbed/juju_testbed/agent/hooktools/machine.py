"""Ports, addresses, reboot; storage, resources and credentials, which no charm here has."""

from __future__ import annotations

import re

from ..flags import FORMAT, ToolError, parse, show
from .tool import Call, Tool, at_most

PORTS = re.compile(r"^(?:icmp|[0-9]+(?:-[0-9]+)?(?:/(?:tcp|udp))?)$")


def _port(call: Call) -> str:
    parsed = parse(call.arguments, {"endpoints": str})
    if not parsed.rest:
        raise ToolError("no port or range specified", 2)
    port = "/".join(parsed.rest)
    if not PORTS.match(port):
        raise ToolError(f'expected <port>[/<protocol>] or <from>-<to>[/<protocol>]; got "{port}"')
    return port if port == "icmp" or "/" in port else f"{port}/tcp"


def open_port(call: Call) -> str:
    """Note a port as open."""
    port = _port(call)
    if port not in call.context.unit.open_ports:
        call.context.unit.open_ports.append(port)
    return ""


def close_port(call: Call) -> str:
    """Note a port as closed."""
    port = _port(call)
    if port in call.context.unit.open_ports:
        call.context.unit.open_ports.remove(port)
    return ""


def opened_ports(call: Call) -> str:
    """Print the open ports."""
    parsed = parse(call.arguments, {**FORMAT, "endpoints": bool})
    ports = sorted(call.context.unit.open_ports)
    if parsed.flags.get("endpoints"):
        ports = [f"{port} (*)" for port in ports]
    return show(ports, parsed.flags)


def unit_get(call: Call) -> str:
    """Print the unit's address."""
    parsed = parse(call.arguments, FORMAT)
    if parsed.rest not in (["private-address"], ["public-address"]):
        raise ToolError(f'unknown setting "{" ".join(parsed.rest)}"', 2)
    return show(call.context.unit.address, parsed.flags)


def network_get(call: Call) -> str:
    """Print the addresses of a binding: the unit has just one."""
    flags = {"bind-address": bool, "ingress-address": bool, "egress-subnets": bool}
    parsed = parse(call.arguments, {**FORMAT, **flags, "r": str, "relation": str})
    if not parsed.rest:
        raise ToolError("no arguments specified", 2)
    at_most(parsed.rest, 1)
    address = call.context.unit.address
    for flag, value in (("bind-address", address), ("ingress-address", address)):
        if parsed.flags.get(flag):
            return show(value, parsed.flags)
    if parsed.flags.get("egress-subnets"):
        return show([f"{address}/32"], parsed.flags)
    first = {"hostname": "", "address": address, "value": address, "cidr": f"{address}/24"}
    network = {
        "bind-addresses": [{"mac-address": "", "interface-name": "eth0", "addresses": [first]}],
        "egress-subnets": [f"{address}/32"],
        "ingress-addresses": [address],
    }
    if "format" not in parsed.flags:
        parsed.flags["format"] = "yaml"
    return show(network, parsed.flags)


def juju_reboot(call: Call) -> str:
    """Ask for a reboot of the machine: after the hook, or at once."""
    parsed = parse(call.arguments, {"now": bool})
    if call.context.task is not None:
        raise ToolError("juju-reboot is not supported when running an action.")
    call.context.reboot = "now" if parsed.flags.get("now") else "after"
    return ""


def storage_list(call: Call) -> str:
    """Print the unit's storage: none."""
    return show([], parse(call.arguments, FORMAT).flags)


def resource_get(call: Call) -> str:
    """Refuse: no charm here has resources."""
    parsed = parse(call.arguments, {})
    name = parsed.rest[0] if parsed.rest else ""
    raise ToolError(f"could not download resource: resource#{name} not found")


def credential_get(call: Call) -> str:
    """Refuse, as for a charm that is not trusted."""
    raise ToolError("cannot access cloud credentials: permission denied")


TOOLS: dict[str, Tool] = {
    "close-port": close_port,
    "credential-get": credential_get,
    "juju-reboot": juju_reboot,
    "network-get": network_get,
    "open-port": open_port,
    "opened-ports": opened_ports,
    "resource-get": resource_get,
    "storage-list": storage_list,
    "unit-get": unit_get,
}
