"""show-unit, show-application, show-status-log."""

from __future__ import annotations

from typing import Any

from . import output, status
from .command import Command, Context, Parser, duration, unit_tag
from .errors import CommandError


def _units_argument(parser: Parser) -> None:
    parser.add_argument("--app", action="store_true")
    parser.add_argument("--related-unit", default="")
    parser.add_argument("--endpoint", default="")
    parser.add_argument("units", nargs="+")


def show_unit(context: Context) -> int:
    """Show units: where they are, what they run. Relation data is left out."""
    raw = status.full(context, [])
    found = _all_units(raw)
    shown: dict[str, Any] = {}
    for name in context.options.units:
        if name not in found:
            raise CommandError(f'unit "{name}" not found (not found)')
        unit, application, machine = found[name]
        shown[name] = {
            "workload-version": unit.get("workload-version", ""),
            "machine": machine,
            "opened-ports": unit.get("opened-ports") or [],
            "public-address": unit.get("public-address", ""),
            "charm": unit.get("charm") or raw["applications"][application]["charm"],
            "leader": bool(unit.get("leader")),
            "life": "alive",
        }
    output.write(context, shown)
    return 0


def _all_units(raw: dict[str, Any]) -> dict[str, tuple[dict[str, Any], str, str]]:
    """Return every unit with its application and machine, subordinates too."""
    found: dict[str, tuple[dict[str, Any], str, str]] = {}
    for app_name, app in raw["applications"].items():
        for name, unit in (app.get("units") or {}).items():
            found[name] = (unit, app_name, unit.get("machine", ""))
            for sub_name, sub in (unit.get("subordinates") or {}).items():
                found[sub_name] = (sub, sub_name.partition("/")[0], unit.get("machine", ""))
    return found


def _applications_argument(parser: Parser) -> None:
    parser.add_argument("applications", nargs="+")


def show_application(context: Context) -> int:
    """Show applications: charm, base, channel."""
    raw = status.full(context, [])
    shown: dict[str, Any] = {}
    for name in context.options.applications:
        app = raw["applications"].get(name)
        if app is None:
            raise CommandError(f'application "{name}" not found (not found)')
        charm = app["charm"].rpartition("/")[2].rpartition("-")[0]
        base = app.get("base") or {}
        shown[name] = {
            "charm": charm,
            "base": f"{base.get('name')}@{base.get('channel', '').split('/')[0]}",
            "channel": app.get("charm-channel", ""),
            "principal": not app.get("subordinate-to"),
            "exposed": bool(app.get("exposed")),
            "remote": False,
            "life": app.get("life") or "alive",
            "endpoint-bindings": app.get("endpoint-bindings") or {},
        }
    output.write(context, shown)
    return 0


def _log_arguments(parser: Parser) -> None:
    parser.add_argument("--type", default="unit")
    parser.add_argument("-n", type=int, default=0)
    parser.add_argument("--days", type=int, default=0)
    parser.add_argument("--from-date", default="")
    parser.add_argument("--include-status-updates", action="store_true")
    parser.add_argument("entity")


def show_status_log(context: Context) -> int:
    """Show the statuses that an entity has had, oldest first."""
    options = context.options
    name, kind = options.entity, options.type
    tag = unit_tag(name) if "/" in name and kind != "application" else f"application-{name}"
    limit: dict[str, Any] = {"size": options.n or 20}
    if options.days:
        limit = {"delta": int(duration(f"{options.days * 24}h") * 1_000_000_000)}
    request = {"historyKind": kind, "tag": tag, "filter": limit}
    result = context.model_api.one("Client", "StatusHistory", {"requests": [request]})
    entries = (result.get("history") or {}).get("statuses") or []
    if not entries:
        raise CommandError("no status history available")
    if options.format != "tabular":
        shown = [
            {
                "status": entry["status"],
                "message": entry.get("info", ""),
                "since": output.since(context, entry.get("since")),
                "type": entry.get("kind", ""),
            }
            for entry in entries
        ]
        output.write(context, shown)
        return 0
    rows = [["Time", "Type", "Status", "Message"]]
    for entry in entries:
        when = output.since(context, entry.get("since"))
        rows.append([when, entry.get("kind", ""), entry["status"], entry.get("info", "")])
    print(output.table(rows), end="")
    return 0


COMMANDS = {
    "show-unit": Command(
        "Displays information about a unit.", show_unit, _units_argument, ("yaml", "json")
    ),
    "show-application": Command(
        "Displays information about an application.",
        show_application,
        _applications_argument,
        ("yaml", "json"),
    ),
    "show-status-log": Command(
        "Output past statuses for the specified entity.",
        show_status_log,
        _log_arguments,
        ("tabular", "json", "yaml"),
    ),
}
