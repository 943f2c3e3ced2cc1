"""Charms: resolving against the store, adding to the controller, describing."""

from __future__ import annotations

from typing import Any

from ...model import charmurl
from ...model.charm import ActionDefinition, CharmDefinition
from ...model.store import NotInStore, Revision
from ..errors import WireError
from ..shapes import each, field
from .facade import Call, Facade

FACADE = Facade("Charms", (5, 6, 7))


@FACADE.method("ResolveCharms", "read")
async def resolve_charms(call: Call) -> dict[str, Any]:
    """Pick the revision for an origin as Juju does.

    With an id: newest of the requested channel. Without an id but with a revision: exactly that
    revision, the channel only becomes the one followed. Without both: newest of the channel.
    """

    def one(request: dict[str, Any]) -> dict[str, Any]:
        reference = str(field(request, "reference", ""))
        origin = dict(field(request, "charm-origin", {}))
        url = charmurl.parse_url(reference)
        if url.schema == "cs":
            raise WireError(
                f'"cs" is not supported: charm store URL "{reference}" not valid', "not valid"
            )
        if url.schema == "local":
            raise WireError(f'local charm "{reference}" cannot be resolved', "not supported")
        wanted = origin.get("revision")
        pinned = wanted if not origin.get("id") and wanted is not None and wanted >= 0 else None
        channel = charmurl.join_channel(
            origin.get("track"), origin.get("risk"), origin.get("branch")
        )
        series = charmurl.series_of(origin.get("base")) or url.series
        revision = _resolve(call, url.name, channel, series, pinned)
        found = charmurl.parse_url(revision.url)
        answer = charmurl.origin_of(revision.url, channel, found.series or series)
        shown: dict[str, Any] = {"url": revision.url, "charm-origin": answer}
        if call.version < 7:
            return shown | {"supported-series": [found.series or series]}
        return shown | {"supported-bases": [charmurl.base_of(found.series or series)]}

    return each(call.get("resolve"), one, "Results")  # without a JSON tag in Go


def _resolve(call: Call, name: str, channel: str, series: str, revision: int | None) -> Revision:
    try:
        return call.model.store.resolve(name, channel, series, revision)
    except NotInStore as error:
        raise WireError(str(error), "not found") from error


@FACADE.method("AddCharm", "write", changes=True)
async def add_charm(call: Call) -> dict[str, Any]:
    """Add a charm to the controller, which fetches the archive later; idempotent."""
    url = str(call.get("url", ""))
    origin = dict(call.get("charm-origin", {}))
    parsed = charmurl.parse_url(url)
    series = parsed.series or charmurl.series_of(origin.get("base"))
    channel = charmurl.join_channel(origin.get("track"), origin.get("risk"), origin.get("branch"))
    _resolve(call, parsed.name, channel, series, parsed.revision if parsed.revision >= 0 else None)
    call.model.add_charm(url, call.by)
    full = charmurl.origin_of(url, channel, series)
    return {"charm-origin": full | {k: v for k, v in origin.items() if v not in (None, "")}}


@FACADE.method("CharmInfo", "read")
async def charm_info(call: Call) -> dict[str, Any]:
    """Describe a charm: metadata, options, actions."""
    url = str(call.get("url", ""))
    definition = _definition(call, url)
    parsed = charmurl.parse_url(url)
    return {
        "url": url,
        "revision": parsed.revision,
        "config": {
            name: {"type": option.type, "description": option.description}
            | ({} if option.default is None else {"default": option.default})
            for name, option in definition.options.items()
        },
        "meta": {
            "name": definition.name,
            "summary": definition.summary,
            "description": definition.summary,
            "subordinate": definition.subordinate,
            "series": [parsed.series] if parsed.series else [],
            "resources": {},
        },
        "actions": {"specs": action_specs(definition.actions)},
        "manifest": {},
    }


def _definition(call: Call, url: str) -> CharmDefinition:
    for app in call.model.applications.values():
        if app.charm_url == url:
            return app.definition
    parsed = charmurl.parse_url(url)
    number = parsed.revision if parsed.revision >= 0 else None
    return _resolve(call, parsed.name, "", parsed.series, number).definition


def action_specs(actions: Any) -> dict[str, Any]:
    """Return actions with their JSON schemas, as the controller shows them."""
    return {name: _spec(name, action) for name, action in actions.items()}


def _spec(name: str, action: ActionDefinition) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "title": name,
        "description": action.description,
        "type": "object",
        "properties": dict(action.params),
        "additionalProperties": action.additional_properties,
    }
    if action.required:
        schema["required"] = list(action.required)
    return {"description": action.description, "params": schema}


@FACADE.method("List", "read")
async def list_charms(call: Call) -> dict[str, Any]:
    """List the charms that the controller has."""
    names = set(call.get("names", []))
    urls = [url for url in call.model.charms if not names or charmurl.parse_url(url).name in names]
    return {"charm-urls": sorted(urls)}


@FACADE.method("IsMetered", "read")
async def is_metered(call: Call) -> dict[str, Any]:
    """Tell that no charm is metered."""
    return {"metered": False}


@FACADE.method("ListCharmResources", "read")
async def list_charm_resources(call: Call) -> dict[str, Any]:
    """Tell that no charm has resources."""
    return {"results": [[] for _ in call.get("entities", [])]}
