"""status, and the model as `status` shows it in JSON and YAML."""

from __future__ import annotations

from typing import Any

from . import output
from .command import Command, Context, Parser
from .status_text import tabular

Raw = dict[str, Any]  # parts of FullStatus


def full(context: Context, patterns: list[str]) -> Raw:
    """Return the model's FullStatus."""
    answer: Raw = context.model_api.call(
        "Client", "FullStatus", {"patterns": patterns, "include-storage": False}
    )
    return answer


def formatted(context: Context, raw: Raw) -> dict[str, Any]:
    """Return a FullStatus in the words and shapes of the command line."""
    controller, _ = context.target
    model = raw["model"]
    when = output.local(context, raw.get("controller-timestamp"))
    shown: dict[str, Any] = {
        "model": output.drop_empty(
            {
                "name": model["name"],
                "type": model.get("type") or "iaas",
                "controller": controller.name,
                "cloud": model["cloud-tag"].removeprefix("cloud-"),
                "region": model.get("region", ""),
                "version": model["version"],
                "upgrade-available": model.get("available-version", ""),
                "model-status": _status(context, model.get("model-status") or {}),
                "sla": model.get("sla", ""),
            }
        ),
        "machines": {k: _machine(context, m) for k, m in sorted_by_name(raw.get("machines"))},
        "applications": {
            k: _application(context, a) for k, a in sorted_by_name(raw.get("applications"))
        },
        "storage": {},
    }
    if when is not None:
        shown["controller"] = {
            "timestamp": output.since(context, raw["controller-timestamp"])[12:]
        }
    return shown


def sorted_by_name(mapping: Raw | None) -> list[tuple[str, Any]]:
    """Return items in natural order."""
    return sorted((mapping or {}).items(), key=lambda item: output.natural(item[0]))


def _status(context: Context, raw: Raw) -> dict[str, str]:
    return output.drop_empty(
        {
            "current": raw.get("status", ""),
            "message": raw.get("info", ""),
            "since": output.since(context, raw.get("since")),
            "version": raw.get("version", ""),
            "life": raw.get("life", ""),
        }
    )


def _base(raw: Raw) -> dict[str, str]:
    base = raw.get("base") or {}
    return {"name": base.get("name", ""), "channel": base.get("channel", "").split("/")[0]}


def _machine(context: Context, raw: Raw) -> dict[str, Any]:
    return output.drop_empty(
        {
            "juju-status": _status(context, raw.get("agent-status") or {}),
            "hostname": raw.get("hostname", ""),
            "dns-name": raw.get("dns-name", ""),
            "ip-addresses": raw.get("ip-addresses") or [],
            "instance-id": raw.get("instance-id", ""),
            "machine-status": _status(context, raw.get("instance-status") or {}),
            "modification-status": _status(context, raw.get("modification-status") or {}),
            "base": _base(raw),
            "network-interfaces": raw.get("network-interfaces") or {},
            "containers": {
                k: _machine(context, m) for k, m in sorted_by_name(raw.get("containers"))
            },
            "constraints": raw.get("constraints", ""),
            "hardware": raw.get("hardware", ""),
        }
    )


def _application(context: Context, raw: Raw) -> dict[str, Any]:
    url = raw["charm"]
    schema, _, path = url.partition(":")
    name, _, revision = path.rpartition("/")[2].rpartition("-")
    shown: dict[str, Any] = {
        # From Charmhub the name alone, else the URL (juju cmd/juju/status/formatter.go).
        "charm": name if schema == "ch" else url,
        "base": _base(raw),
        "charm-origin": {"ch": "charmhub", "local": "local"}.get(schema, schema),
        "charm-name": name,
        "charm-rev": int(revision) if revision.isdigit() else 0,
        "charm-channel": raw.get("charm-channel", ""),
        "charm-version": raw.get("charm-version", ""),
        "can-upgrade-to": raw.get("can-upgrade-to", ""),
        "exposed": bool(raw.get("exposed")),
        "life": raw.get("life", ""),
        "application-status": _status(context, raw.get("status") or {}),
        "relations": {
            endpoint: [
                {"related-application": app, "interface": "", "scope": "global"} for app in apps
            ]
            for endpoint, apps in (raw.get("relations") or {}).items()
        },
        "subordinate-to": raw.get("subordinate-to") or [],
        "units": {k: _unit(context, u) for k, u in sorted_by_name(raw.get("units"))},
        "version": raw.get("workload-version", ""),
        "endpoint-bindings": raw.get("endpoint-bindings") or {},
    }
    always = ("charm-rev", "exposed")
    return {k: v for k, v in shown.items() if v not in ("", [], {}) or k in always}


def _unit(context: Context, raw: Raw) -> dict[str, Any]:
    return output.drop_empty(
        {
            "workload-status": _status(context, raw.get("workload-status") or {}),
            "juju-status": _status(context, raw.get("agent-status") or {}),
            "leader": bool(raw.get("leader")),
            "upgrading-from": raw.get("charm", ""),
            "machine": raw.get("machine", ""),
            "open-ports": raw.get("opened-ports") or [],
            "public-address": raw.get("public-address", ""),
            "subordinates": {
                k: _unit(context, u) for k, u in sorted_by_name(raw.get("subordinates"))
            },
        }
    )


def _arguments(parser: Parser) -> None:
    parser.add_argument("--relations", action="store_true")
    parser.add_argument("--storage", action="store_true")
    parser.add_argument("patterns", nargs="*")


def status(context: Context) -> int:
    """Show the model."""
    patterns = context.options.patterns
    raw = full(context, patterns)
    shown = formatted(context, raw)
    if patterns and not shown["applications"] and not shown["machines"]:
        output.info("Nothing matched specified filter.")
        return 0
    relations = raw.get("relations") or [] if context.options.relations else []
    output.write(context, shown, lambda value: tabular(value, relations))
    return 0


COMMANDS = {
    "status": Command(
        "Report the status of the model, its machines, applications and units.",
        status,
        _arguments,
        ("tabular", "json", "yaml"),
    ),
}
