"""Application: options, charm and errors of what is deployed."""

from __future__ import annotations

import json
from typing import Any

import yaml

from ...model import charmurl, configs
from ...model.entities import Application
from ...model.errors import ModelError
from ...model.store import NotInStore, Revision
from ..errors import WireError
from ..shapes import each, field, unit_tag, untag
from .facade import Call, Facade

FACADE = Facade("Application", (15, 16, 17, 18, 19, 20))


@FACADE.method("Get", "read")
async def get(call: Call) -> dict[str, Any]:
    """Return an application's options with value, default, source and type."""
    app = call.model.application(str(call.get("application", "")))
    return {
        "application": app.name,
        "charm": app.definition.name,
        "config": _options(app),
        "application-config": {
            "trust": {
                "value": app.trust,
                "default": False,
                "type": "bool",
                "source": "user" if app.trust else "default",
                "description": "Does this application have access to trusted credentials",
            }
        },
        "constraints": {"arch": "amd64"},
        "base": charmurl.base_of(app.series),
        "channel": app.channel,
        "endpoint-bindings": {"": "alpha"},
    }


def _options(app: Application) -> dict[str, Any]:
    """Return every option; `source` is unset, default or user (juju facades, Get)."""
    shown: dict[str, Any] = {}
    for name, option in app.definition.options.items():
        one: dict[str, Any] = {"description": option.description, "type": option.type}
        if option.default is not None:
            one["default"] = option.default
        if name in app.config:
            one |= {"value": app.config[name], "source": "user"}
        elif option.default is not None:
            one |= {"value": option.default, "source": "default"}
        else:
            one["source"] = "unset"
        shown[name] = one
    return shown


@FACADE.method("CharmConfig", "read", fresh=True)
async def charm_config(call: Call) -> dict[str, Any]:
    """Return the options of several applications."""
    return each(
        call.get("args"),
        lambda one: {"config": _options(call.model.application(field(one, "application", "")))},
        "Results",  # without a JSON tag in Go
    )


@FACADE.method("GetConfig", "read", fresh=True)
async def get_config(call: Call) -> dict[str, Any]:
    """Return the options of entities given by tag."""
    return each(
        call.get("entities"),
        lambda one: {
            "config": _options(
                call.model.application(untag(field(one, "tag"), "application")),
            )
        },
        "Results",
    )


@FACADE.method("SetConfigs", "write", changes=True)
async def set_configs(call: Call) -> dict[str, Any]:
    """Set options: as texts in ``config``, and before those as a YAML text in ``config-yaml``."""

    def one(request: dict[str, Any]) -> dict[str, Any]:
        name = str(field(request, "application", ""))
        values = _from_yaml(name, str(field(request, "config-yaml", "")))
        values |= dict(field(request, "config", {}))
        if "trust" in values:
            call.model.application(name).trust = str(values.pop("trust")).lower() == "true"
        call.model.set_config(name, values, call.by)
        return {}

    return each(call.get("args"), one)


def _from_yaml(application: str, text: str) -> dict[str, Any]:
    """Return the options in a text as `juju config --file` sends it: below the application's name.

    Raises:
        WireError: it is no YAML, or says nothing of the application.
    """
    if not text:
        return {}
    try:
        read = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise WireError(f"cannot parse settings data: {error}", "not valid") from error
    settings = read.get(application) if isinstance(read, dict) else None
    if not isinstance(settings, dict):
        raise WireError(f'no settings found for "{application}"', "not valid")
    # Options are texts from here on, and YAML's true is not Python's True.
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in settings.items()
    }


@FACADE.method("UnsetApplicationsConfig", "write", changes=True)
async def unset_config(call: Call) -> dict[str, Any]:
    """Give options their defaults again."""

    def one(request: dict[str, Any]) -> dict[str, Any]:
        names = [str(name) for name in field(request, "options", [])]
        call.model.unset_config(str(field(request, "application", "")), names, call.by)
        return {}

    return each(call.get("args"), one)


@FACADE.method("GetCharmURLOrigin", "write")
async def charm_url_origin(call: Call) -> dict[str, Any]:
    """Return the charm URL and origin; needs write in Juju too."""
    app = call.model.application(str(call.get("application", "")))
    return {"url": app.charm_url, "charm-origin": app.origin}


@FACADE.method("SetCharm", "write", changes=True)
async def set_charm(call: Call) -> dict[str, Any]:
    """Give an application the charm that AddCharm has added."""
    name, url = str(call.get("application", "")), str(call.get("charm-url", ""))
    app = call.model.application(name)
    origin = dict(call.get("charm-origin", {}))
    channel = _channel(origin) if origin.get("source") == "charm-hub" else ""
    if url not in call.model.charms:
        raise ModelError(f'charm "{url}" not found', "not found")
    revision = find_revision(call, url, channel, app.series)
    values = dict(call.get("config-settings", {}))
    if values:
        configs.parse_values(revision.definition, values)
    call.model.set_charm(name, revision, _stored_origin(origin, url, app), channel, call.by)
    if values:
        call.model.set_config(name, values, call.by)
    return {}


def _channel(origin: dict[str, Any]) -> str:
    return charmurl.join_channel(origin.get("track"), origin.get("risk"), origin.get("branch"))


def _stored_origin(origin: dict[str, Any], url: str, app: Application) -> dict[str, Any]:
    """Return the origin as the controller stores it: the id stays the application's charm's."""
    parsed = charmurl.parse_url(url)
    full = charmurl.origin_of(url, _channel(origin) if parsed.schema == "ch" else "", app.series)
    return (
        full
        | {key: value for key, value in origin.items() if value not in (None, "")}
        | {
            "revision": parsed.revision,
            "id": full["id"],
            "hash": full["hash"],
        }
    )


def find_revision(call: Call, url: str, channel: str, series: str) -> Revision:
    """Find the exact revision of a URL in the store.

    Raises:
        WireError: the store does not have it.
    """
    parsed = charmurl.parse_url(url)
    number = parsed.revision if parsed.revision >= 0 else None
    try:
        found = call.model.store.resolve(parsed.name, channel, series, number)
    except NotInStore as error:
        raise WireError(str(error), "not found") from error
    return found


@FACADE.method("ResolveUnitErrors", "write", changes=True)
async def resolve_unit_errors(call: Call) -> dict[str, Any]:
    """Resolve hook errors of units, or of all that have one."""
    retry = bool(call.get("retry", False))
    entities = field(call.get("tags", {}), "entities", [])
    if call.get("all", False):
        entities = [
            {"tag": unit_tag(unit.name)}
            for unit in call.model.units.values()
            if unit.agent.current == "error"
        ]

    def one(entity: dict[str, Any]) -> dict[str, Any]:
        call.model.resolve(untag(field(entity, "tag"), "unit"), retry, call.by)
        return {}

    return each(entities, one)


@FACADE.method("UnitsInfo", "read")
async def units_info(call: Call) -> dict[str, Any]:
    """Return what is known of units, or of all units of applications."""
    entities: list[dict[str, Any]] = []
    for entity in call.get("entities", []):
        tag = str(field(entity, "tag", ""))
        if tag.startswith("application-"):
            names = [unit.name for unit in call.model.units_of(untag(tag, "application"))]
            entities += [{"tag": unit_tag(name)} for name in names]
        else:
            entities.append(entity)

    def one(entity: dict[str, Any]) -> dict[str, Any]:
        unit = call.model.unit(untag(field(entity, "tag"), "unit"))
        return {
            "result": {
                "tag": unit_tag(unit.name),
                "workload-version": unit.workload_version,
                "machine": unit.machine,
                "opened-ports": list(unit.open_ports),
                "public-address": unit.address,
                "address": unit.address,
                "charm": unit.charm_url,
                "leader": unit.leader,
                "life": "alive",
                "provider-id": "",
                "relation-data": [],
            }
        }

    return each(entities, one)


@FACADE.method("ApplicationsInfo", "read")
async def applications_info(call: Call) -> dict[str, Any]:
    """Return what is known of applications."""

    def one(entity: dict[str, Any]) -> dict[str, Any]:
        app = call.model.application(untag(field(entity, "tag"), "application"))
        return {
            "result": {
                "tag": f"application-{app.name}",
                "charm": app.definition.name,
                "base": charmurl.base_of(app.series),
                "channel": app.channel,
                "constraints": {"arch": "amd64"},
                "principal": not app.definition.subordinate,
                "exposed": app.exposed,
                "remote": False,
                "life": "alive",
                "endpoint-bindings": {"": "alpha"},
                "exposed-endpoints": {},
            }
        }

    return each(call.get("entities"), one)


@FACADE.method("Leader", "read")
async def leader(call: Call) -> dict[str, Any]:
    """Return the leader's unit name of an application."""
    name = untag(call.get("tag"), "application")
    for unit in call.model.units_of(name):
        if unit.leader:
            return {"result": unit.name}
    raise ModelError(f'leadership of "{name}" not found', "not found")
