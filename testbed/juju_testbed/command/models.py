"""version, models, switch, show-model, controllers."""

from __future__ import annotations

from typing import Any

from . import output
from .client import VERSION
from .command import Command, Context, Parser


def _version_arguments(parser: Parser) -> None:
    parser.add_argument("--all", action="store_true")


def version(context: Context) -> int:
    """Print the version; with --all as a mapping."""
    text = f"{VERSION}-ubuntu-amd64"
    if context.options.all:
        output.write(context, {"version": text, "git-commit": "", "compiler": "juju-testbed"})
    else:
        output.write(context, text, lambda value: f"{value}\n")
    return 0


def _controller_argument(parser: Parser) -> None:
    parser.add_argument("-c", "--controller", default="")
    parser.add_argument("--all", action="store_true")


def models(context: Context) -> int:
    """List the models that the user may see."""
    controller = context.controller
    account = context.store.account(controller.name)
    params = {"user-tag": f"user-{account.user}", "all": context.options.all}
    api = context.controller_api
    found = api.call("ModelManager", "ListModelSummaries", params).get("results") or []
    current = context.store.current_model(controller.name)
    shown = [_summary(context, controller.name, r["result"]) for r in found if r.get("result")]
    value = {"models": shown, "current-model": current.rpartition("/")[2]}
    output.write(context, value, lambda _: _table(controller.name, shown, current))
    return 0


def _summary(context: Context, controller: str, raw: dict[str, Any]) -> dict[str, Any]:
    owner = raw["owner-tag"].removeprefix("user-")
    counts = {c["entity"]: c["count"] for c in raw.get("counts") or []}
    status = raw.get("status") or {}
    return {
        "name": f"{owner}/{raw['name']}",
        "short-name": raw["name"],
        "model-uuid": raw["uuid"],
        "model-type": raw.get("type", "iaas"),
        "controller-uuid": raw.get("controller-uuid", ""),
        "controller-name": controller,
        "is-controller": bool(raw.get("is-controller")),
        "owner": owner,
        "cloud": raw.get("cloud-tag", "").removeprefix("cloud-"),
        "type": raw.get("provider-type", ""),
        "life": raw.get("life", "alive"),
        "status": {"current": status.get("status", "")},
        "access": raw.get("user-access", ""),
        "last-connection": output.since(context, raw.get("last-connection")) or "never connected",
        "agent-version": raw.get("agent-version", ""),
        "units": counts.get("units", 0),
        "machines": counts.get("machines", 0),
    }


def _table(controller: str, shown: list[dict[str, Any]], current: str) -> str:
    rows = [["Model", "Cloud/Region", "Type", "Status", "Machines", "Units", "Access",
             "Last connection"]]  # fmt: skip
    for model in shown:
        star = "*" if model["name"] == current else ""
        rows.append(
            [
                model["short-name"] + star,
                model["cloud"],
                model["type"],
                model["status"]["current"],
                str(model["machines"]),
                str(model["units"]),
                model["access"],
                model["last-connection"],
            ]
        )
    return f"Controller: {controller}\n\n" + output.table(rows, right=(4, 5))


def _switch_arguments(parser: Parser) -> None:
    parser.add_argument("name", nargs="?", default="")


def switch(context: Context) -> int:
    """Show or change the current model."""
    before = f"{context.controller.name}:{context.store.current_model(context.controller.name)}"
    if not context.options.name:
        print(before)
        return 0
    controller, model = context.store.model(context.options.name)
    context.store.set_current(controller.name, model.name)
    after = f"{controller.name}:{model.name}"
    output.info(f"{before} -> {after}" if after != before else f"{after} (no change)")
    return 0


def _show_arguments(parser: Parser) -> None:
    parser.add_argument("name", nargs="?", default="")


def show_model(context: Context) -> int:
    """Show a model."""
    controller, model = context.store.model(context.options.name or context.options.model)
    entity = {"entities": [{"tag": f"model-{model.uuid}"}]}
    raw = context.controller_api.one("ModelManager", "ModelInfo", entity)["result"]
    status = raw.get("status") or {}
    shown = {
        "name": model.name,
        "short-name": raw["name"],
        "model-uuid": raw["uuid"],
        "model-type": raw.get("type", "iaas"),
        "controller-uuid": raw["controller-uuid"],
        "controller-name": controller.name,
        "is-controller": bool(raw.get("is-controller")),
        "owner": raw["owner-tag"].removeprefix("user-"),
        "cloud": raw["cloud-tag"].removeprefix("cloud-"),
        "type": raw.get("provider-type", ""),
        "life": raw.get("life", "alive"),
        "status": {
            "current": status.get("status", ""),
            "since": output.since(context, status.get("since")),
        },
        "users": {
            user["user"]: {
                "access": user["access"],
                "last-connection": output.since(context, user.get("last-connection"))
                or "never connected",
            }
            for user in raw.get("users") or []
        },
        "machines": {m["id"]: {"cores": 8} for m in raw.get("machines") or []},
        "agent-version": raw.get("agent-version", ""),
        "supported-features": [],
    }
    output.write(context, {raw["name"]: shown})
    return 0


def controllers(context: Context) -> int:
    """List the controllers that the client knows: one."""
    controller = context.controller
    account = context.store.account(controller.name)
    entry = {
        "current-model": context.store.current_model(controller.name),
        "user": account.user,
        "access": "superuser",
        "uuid": controller.uuid,
        "api-endpoints": list(controller.endpoints),
        "cloud": "testbed",
        "agent-version": VERSION,
    }
    value = {"controllers": {controller.name: entry}, "current-controller": controller.name}
    rows = [
        ["Controller", "Model", "User", "Access", "Cloud/Region", "Version"],
        [f"{controller.name}*", entry["current-model"].rpartition("/")[2], account.user,
         "superuser", "testbed", VERSION],
    ]  # fmt: skip
    output.write(context, value, lambda _: output.table(rows))
    return 0


COMMANDS = {
    "controllers": Command(
        "Lists all controllers.",
        controllers,
        _controller_argument,
        ("tabular", "json", "yaml"),
        of_model=False,
    ),
    "models": Command(
        "Lists models a user can access on a controller.",
        models,
        _controller_argument,
        ("tabular", "json", "yaml"),
        of_model=False,
    ),
    "show-model": Command(
        "Shows information about the current or specified model.",
        show_model,
        _show_arguments,
        ("yaml", "json"),
    ),
    "switch": Command(
        "Selects or identifies the current controller and model.",
        switch,
        _switch_arguments,
        of_model=False,
    ),
    "version": Command(
        "Print the Juju CLI client version.",
        version,
        _version_arguments,
        ("smart", "json", "yaml"),
        of_model=False,
    ),
}
