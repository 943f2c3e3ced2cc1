"""Resources: charms here have none."""

from __future__ import annotations

from typing import Any

from ..shapes import each, field, untag
from .facade import Call, Facade

FACADE = Facade("Resources", (3,))


@FACADE.method("ListResources")
async def list_resources(call: Call) -> dict[str, Any]:
    """Return empty lists for applications that are there."""

    def one(entity: dict[str, Any]) -> dict[str, Any]:
        call.model.application(untag(field(entity, "tag"), "application"))
        return {"resources": [], "charm-store-resources": [], "unit-resources": []}

    return each(call.get("entities"), one)


@FACADE.method("AddPendingResources")
async def add_pending_resources(call: Call) -> dict[str, Any]:
    """Return one pending id for each resource asked for."""
    asked = call.get("resources", [])
    return {"pending-ids": [f"pending-{index}" for index in range(len(asked))]}
