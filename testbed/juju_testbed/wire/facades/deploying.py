"""The part of the Application facade that adds and removes applications and units."""

from __future__ import annotations

from typing import Any

from ...model import charmurl
from ...model.errors import ModelError
from ...model.model import Model
from ..errors import WireError
from ..shapes import each, field, unit_tag, untag
from .application import FACADE, find_revision
from .facade import Call


@FACADE.method("Deploy", "write", changes=True)
async def deploy(call: Call) -> dict[str, Any]:
    """Deploy applications whose charm AddCharm has added; their units run install and start."""

    def one(request: dict[str, Any]) -> dict[str, Any]:
        model, name = call.model, str(field(request, "application", ""))
        url = str(field(request, "charm-url", ""))
        origin = dict(field(request, "charm-origin", {}))
        series = charmurl.series_of(origin.get("base")) or charmurl.parse_url(url).series
        if url not in model.charms:
            raise ModelError(f'charm "{url}" not found', "not found")
        channel = charmurl.join_channel(
            origin.get("track"), origin.get("risk"), origin.get("branch")
        )
        revision = find_revision(call, url, channel, series)
        model.asked("Application.Deploy", call.by, application=name, url=url, channel=channel)
        model.add_application(name, revision, series, dict(field(request, "config", {})))
        places = list(field(request, "placement", []))
        if not revision.definition.subordinate:
            for index in range(int(field(request, "num-units", 1))):
                place = places[index] if index < len(places) else None
                model.add_unit(name, machine_for(model, place, series), settled=False)
        return {}

    return each(call.get("applications"), one)


@FACADE.method("AddUnits", "write", changes=True)
async def add_units(call: Call) -> dict[str, Any]:
    """Add units to an application."""
    model, name = call.model, str(call.get("application", ""))
    app = model.application(name)
    if app.definition.subordinate:
        raise WireError("cannot add units to a subordinate application", "not supported")
    places = list(call.get("placement", []))
    number = int(call.get("num-units", 1))
    model.asked("Application.AddUnits", call.by, application=name, units=number)
    added: list[str] = []
    for index in range(number):
        place = places[index] if index < len(places) else None
        machine = machine_for(model, place, app.series)
        added.append(model.add_unit(name, machine, settled=False).name)
    return {"units": added}


def machine_for(model: Model, place: dict[str, Any] | None, series: str) -> str:
    """Return the machine that a placement names, made where it does not stand yet.

    A placement is ``{"scope": "#", "directive": "3"}`` for a machine, ``{"scope": "lxd",
    "directive": "3"}`` for a new container on it; none is a new machine.
    """
    scope, directive = str(field(place, "scope", "")), str(field(place, "directive", ""))
    if scope == "#":
        if directive not in model.machines:
            raise ModelError(f'machine "{directive}" not found', "not found")
        return directive
    if scope in ("lxd", "kvm"):
        host = directive or _new_machine(model, series)
        if host not in model.machines:
            raise ModelError(f'machine "{host}" not found', "not found")
        inner = [m for m in model.machines if m.startswith(f"{host}/{scope}/")]
        return model.add_machine(f"{host}/{scope}/{len(inner)}", series).id
    return _new_machine(model, series)


def _new_machine(model: Model, series: str) -> str:
    numbers = [int(id) for id in model.machines if id.isdecimal()]
    return model.add_machine(str(max(numbers, default=-1) + 1), series).id


@FACADE.method("AddRelation", "write", changes=True)
async def add_relation(call: Call) -> dict[str, Any]:
    """Relate two applications."""
    ends = [str(end) for end in call.get("endpoints", [])]
    if len(ends) != 2:
        raise WireError("a relation must have two endpoints", "bad request")
    relation = call.model.relate(*ends)
    call.model.asked("Application.AddRelation", call.by, endpoints=ends)
    return {
        "endpoints": {
            application: {
                "name": endpoint,
                "role": role,
                "interface": "",
                "optional": False,
                "limit": 0,
                "scope": relation.scope,
            }
            for (application, endpoint), role in zip(
                relation.endpoints, ("provider", "requirer"), strict=True
            )
        }
    }


@FACADE.method("DestroyRelation", "write", changes=True)
async def destroy_relation(call: Call) -> dict[str, Any]:
    """Remove a relation, by its two ends or by its id."""
    ends = [str(end) for end in call.get("endpoints", [])]
    if not ends:
        id = int(call.get("relation-id", -1))
        known = {one.id: one.endpoints for one in call.model.relations}
        if id not in known:
            raise ModelError(f"relation {id} not found", "not found")
        ends = [f"{application}:{endpoint}" for application, endpoint in known[id]]
    if len(ends) != 2:
        raise WireError("a relation must have two endpoints", "bad request")
    call.model.unrelate(ends[0], ends[1], call.by)
    return {}


@FACADE.method("Expose", "write", changes=True)
async def expose(call: Call) -> dict[str, Any]:
    """Expose an application."""
    app = call.model.application(str(call.get("application", "")))
    call.model.asked("Application.Expose", call.by, application=app.name)
    app.exposed = True
    return {}


@FACADE.method("MergeBindings", "write", changes=True)
async def merge_bindings(call: Call) -> dict[str, Any]:
    """Accept bindings; there is one space only."""
    return each(call.get("args"), lambda one: {})


@FACADE.method("DestroyUnit", "write", changes=True)
async def destroy_unit(call: Call) -> dict[str, Any]:
    """Remove units; their agents run stop and remove first."""

    def one(request: dict[str, Any]) -> dict[str, Any]:
        name = untag(field(request, "unit-tag"), "unit")
        call.model.remove_unit(name, call.by)
        return {"info": {"destroyed-storage": [], "detached-storage": []}}

    return each(call.get("units"), one)


@FACADE.method("DestroyApplication", "write", changes=True)
async def destroy_application(call: Call) -> dict[str, Any]:
    """Remove applications with their units."""

    def one(request: dict[str, Any]) -> dict[str, Any]:
        name = untag(field(request, "application-tag"), "application")
        units = [{"tag": unit_tag(unit.name)} for unit in call.model.units_of(name)]
        call.model.remove_application(name, call.by)
        return {"info": {"destroyed-units": units}}

    return each(call.get("applications"), one)
