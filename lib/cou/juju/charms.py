"""Refresh of a charm, and what its charm offers (reference D.6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..errors import BadInput, JujuError
from . import names
from .reply import Reply
from .request import Requester


async def actions(requester: Requester, applications: Sequence[str]) -> dict[str, frozenset[str]]:
    """Read the names of the actions of applications' charms, in one call."""
    if not applications:
        return {}
    entities = [{"tag": f"application-{name}"} for name in applications]
    reply = await requester.read("Action", "ApplicationsCharmsActions", {"entities": entities})
    found: dict[str, frozenset[str]] = {}
    for name, result in zip(applications, reply.results(len(applications)), strict=True):
        found[name] = frozenset(result.good(name).table("actions"))
    return found


async def refresh(requester: Requester, application: str, channel: str, switch: str = "") -> str:
    """Move an application's charm to the newest revision of a channel.

    Juju's own command sends an origin without id and revision; with a revision the charm would
    stay where it is and only follow another channel.

    Returns:
        The charm URL read back afterwards.

    Raises:
        BadInput: `channel` is no channel.
        JujuError: ``local-charm`` for a local charm without a switch; others as everywhere.
    """
    try:
        wanted = names.channel(channel)
    except ValueError as error:
        raise BadInput("bad-channel", error=error) from None
    url, origin = await requester.again(lambda: _found(requester, application, wanted, switch))
    added = await requester.change(
        "Charms", "AddCharm", {"url": url, "charm-origin": origin, "force": False}
    )
    # The answer holds the id and hash under which the charm was stored.
    origin = added.plain("charm-origin") or origin
    resources = await _resources(requester, application, url, origin)
    await requester.change(
        "Application",
        "SetCharm",
        {
            "application": application,
            "charm-url": url,
            "charm-origin": origin,
            "channel": channel,
            "generation": "",
            "force": False,
            "force-base": False,
            "force-units": False,
            "config-settings": None,
            "config-settings-yaml": "",
            "resource-ids": resources or None,
            "storage-constraints": None,
            "endpoint-bindings": None,
        },
    )
    return await _read_back(requester, application)


async def _read_back(requester: Requester, application: str) -> str:
    """Read the URL after the change; a failure here does not mean that nothing was done."""
    try:
        return (await _origin(requester, application)).needed("url")
    except JujuError as error:
        raise JujuError(
            error.code, error.seen, error.remedy, juju_code=error.juju_code, sent=None
        ) from error


async def _origin(requester: Requester, application: str) -> Reply:
    return await requester.read("Application", "GetCharmURLOrigin", {"application": application})


async def _found(
    requester: Requester, application: str, wanted: names.Channel, switch: str
) -> tuple[str, dict[str, Any]]:
    """Return URL and origin of the charm that a channel holds for an application."""
    now = await _origin(requester, application)
    resolved = await _resolve(requester, application, now, wanted, switch)
    return resolved.needed("url"), resolved.plain("charm-origin")


async def _resolve(
    requester: Requester, application: str, now: Reply, wanted: names.Channel, switch: str
) -> Reply:
    """Ask which charm a channel holds for the architecture and base that the application has."""
    current = names.charm_url(now.needed("url"))
    if current.scheme == "local" and not switch:
        raise JujuError("local-charm", application=application)
    old = now.at("charm-origin")
    origin: dict[str, Any] = {
        "source": "charm-hub",
        "track": wanted.track,
        "risk": wanted.risk,
        "architecture": old.text("architecture"),
        "base": old.plain("base"),
    }
    if wanted.branch:
        origin["branch"] = wanted.branch
    name = names.charm_url(switch).name if switch else current.name
    question = {
        "reference": f"ch:{name}",
        "charm-origin": origin,
        "switch-charm": bool(switch),
    }
    reply = await requester.read(
        "Charms", "ResolveCharms", {"resolve": [question], "macaroon": None}
    )
    return reply.only(application)


async def _resources(
    requester: Requester, application: str, url: str, origin: dict[str, Any]
) -> dict[str, str]:
    """Make the charm's resources known before it is set; return their pending ids by name.

    A resource that the operator uploaded stays; all others move to what the channel holds.
    """
    tag = f"application-{application}"
    wanted = await requester.again(lambda: _offered(requester, tag, application, url))
    if not wanted:
        return {}
    added = await requester.change(
        "Resources",
        "AddPendingResources",
        {
            "tag": tag,
            "url": url,
            "charm-origin": origin,
            "macaroon": None,
            "resources": [*wanted.values()],
        },
    )
    ids = added.texts("pending-ids")
    if len(ids) != len(wanted):
        raise added.wrong("pending-ids", f"a list of {len(wanted)}")
    return dict(zip(wanted, ids, strict=True))


async def _offered(
    requester: Requester, tag: str, application: str, url: str
) -> dict[str, dict[str, Any]]:
    """Return the resources of a charm that no operator has uploaded, by name, for the request."""
    info = await requester.read("Charms", "CharmInfo", {"url": url})
    offered = info.at("meta").table("resources")
    if not offered:
        return {}
    reply = await requester.read("Resources", "ListResources", {"entities": [{"tag": tag}]})
    listed = reply.only(application)
    uploaded = {
        each.text("name") for each in listed.each("resources") if each.text("origin") == "upload"
    }
    names_left = [name for name in sorted(offered) if name not in uploaded]
    return {name: _resource(name, offered[name]) for name in names_left}


def _resource(name: str, offered: Reply) -> dict[str, Any]:
    return {
        "name": name,
        "type": offered.text("type"),
        "path": offered.text("path"),
        "description": offered.text("description"),
        "origin": "store",
        "revision": -1,  # the newest
        "fingerprint": None,
        "size": 0,
    }
