"""The tables of `status` (juju cmd/juju/status/output_tabular.go)."""

from __future__ import annotations

import re
from typing import Any

from . import output

LONGEST_VERSION = 15
LONGEST_MESSAGE = 120
_ELLIPSIS = "..."
_HARDWARE = re.compile(r"availability-zone=(\S+)")
_DOING = re.compile(r"running (?:action (?P<action>.*)|(?P<hook>\S+) hook)$")

Shown = dict[str, Any]


def tabular(status: Shown, relations: list[Shown]) -> str:
    """Return the sections: model, applications, units, machines, relations."""
    sections = [_model(status)]
    if status["applications"]:
        sections.append(_applications(status))
        units = _units(status["applications"])
        if len(units) > 1:
            sections.append(output.table(units))
    if status["machines"]:
        rows = [["Machine", "State", "Address", "Inst id", "Base", "AZ", "Message"]]
        for id, machine in status["machines"].items():
            rows += _machine(id, machine)
        sections.append(output.table(rows))
    if relations:
        sections.append(_relations(relations))
    return "\n".join(sections)


def cut(text: str, longest: int = LONGEST_MESSAGE) -> str:
    """Return a text as the command cuts it: by bytes, also in the middle of a character.

    Half a character stands as lone surrogates, which `output.write` turns into its bytes again.
    """
    content = text.encode(errors="surrogateescape")
    if len(content) <= longest:
        return text
    kept = content[: longest - len(_ELLIPSIS)]
    return kept.decode(errors="surrogateescape") + _ELLIPSIS


def _model(status: Shown) -> str:
    model = status["model"]
    region = f"/{model['region']}" if model.get("region") else ""
    head = ["Model", "Controller", "Cloud/Region", "Version"]
    row = [model["name"], model["controller"], model["cloud"] + region, model["version"]]
    optional = {
        "SLA": model.get("sla", ""),
        "Timestamp": status.get("controller", {}).get("timestamp", ""),
        "Notes": cut(model.get("model-status", {}).get("message", "")),
    }
    for name, value in optional.items():
        if value:
            head.append(name)
            row.append(value)
    return output.table([head, row])


def _applications(status: Shown) -> str:
    rows = [["App", "Version", "Status", "Scale", "Charm", "Channel", "Rev", "Exposed", "Message"]]
    for name, app in status["applications"].items():
        version = cut(app.get("version", "").split("\n")[0], LONGEST_VERSION)
        info = app.get("application-status", {})
        rows.append(
            [
                name,
                version,
                info.get("current", ""),
                _scale(status["applications"], name),
                app["charm-name"],
                app.get("charm-channel", ""),
                str(app["charm-rev"]),
                "yes" if app["exposed"] else "no",
                cut(info.get("message", "")),
            ]
        )
    return output.table(rows, right=(3, 6))


def _scale(applications: Shown, name: str) -> str:
    """Return how many units are up, and of how many where that differs."""
    app = applications[name]
    if app.get("subordinate-to"):
        units = [
            sub
            for other in applications.values()
            for unit in other.get("units", {}).values()
            for sub_name, sub in unit.get("subordinates", {}).items()
            if sub_name.partition("/")[0] == name
        ]
    else:
        units = list(app.get("units", {}).values())
    up = sum(u.get("juju-status", {}).get("current") in ("executing", "idle") for u in units)
    return str(up) if up == len(units) else f"{up}/{len(units)}"


def _units(applications: Shown) -> list[list[str]]:
    rows = [["Unit", "Workload", "Agent", "Machine", "Public address", "Ports", "Message"]]
    every = {n: u for app in applications.values() for n, u in app.get("units", {}).items()}
    for name in sorted(every, key=output.natural):
        rows += _unit(name, every[name], 0)
    return rows


def _unit(name: str, unit: Shown, depth: int) -> list[list[str]]:
    workload, agent = unit.get("workload-status", {}), unit.get("juju-status", {})
    message = workload.get("message", "")
    if agent.get("current") == "allocating" and not message:
        message = agent.get("message", "")
    doing = _DOING.match(agent.get("message", "")) if agent.get("current") == "executing" else None
    if doing:
        message = f"({doing['action'] or doing['hook']}) {message}"
    row = [
        "  " * depth + name + ("*" if unit.get("leader") else ""),
        workload.get("current", ""),
        agent.get("current", ""),
        unit.get("machine", ""),
        unit.get("public-address", ""),
        ",".join(unit.get("open-ports", [])),
        cut(message),
    ]
    rows = [row]
    for sub_name, sub in unit.get("subordinates", {}).items():
        rows += _unit(sub_name, sub, depth + 1)
    return rows


def _machine(id: str, machine: Shown) -> list[list[str]]:
    zone = _HARDWARE.search(machine.get("hardware", ""))
    base = machine.get("base", {})
    row = [
        id,
        machine.get("juju-status", {}).get("current", ""),
        machine.get("dns-name", ""),
        machine.get("instance-id", ""),
        f"{base['name']}@{base['channel']}" if base else "",
        zone[1] if zone else "",
        cut(machine.get("machine-status", {}).get("message", "")),
    ]
    rows = [row]
    for inner, container in machine.get("containers", {}).items():
        rows += _machine(inner, container)
    return rows


def _relations(relations: list[Shown]) -> str:
    rows = [["Integration provider", "Requirer", "Interface", "Type", "Message"]]
    for relation in relations:
        ends = {
            end["role"]: f"{end['application']}:{end['name']}" for end in relation["endpoints"]
        }
        provider = ends.get("provider") or ends.get("peer", "")
        requirer = ends.get("requirer") or provider
        kind = "peer" if "peer" in ends else "regular"
        if relation.get("scope") == "container":
            kind = "subordinate"
        rows.append([provider, requirer, relation.get("interface", ""), kind, ""])
    rows[1:] = sorted(rows[1:])
    return output.table(rows)
