"""Annotations: small texts that clients hang on entities."""

from __future__ import annotations

from typing import Any

from ...model.errors import ModelError
from ..shapes import each, field, untag
from .facade import Call, Facade

FACADE = Facade("Annotations", (2,))


def _entity(call: Call, tag: str) -> str:
    """Return the tag of an entity that is there."""
    model = call.model
    if tag.startswith("model-"):
        if untag(tag, "model") != model.uuid:
            raise ModelError("permission denied", "unauthorized access")
    elif tag.startswith("application-"):
        model.application(untag(tag, "application"))
    elif tag.startswith("unit-"):
        model.unit(untag(tag, "unit"))
    elif tag.startswith("machine-"):
        id = untag(tag, "machine").replace("-", "/")
        if id not in model.machines:
            raise ModelError(f'machine "{id}" not found', "not found")
    else:
        raise ModelError(f'"{tag}" is not a valid tag')
    return tag


@FACADE.method("Get", "read", fresh=True)
async def get(call: Call) -> dict[str, Any]:
    """Return the annotations of entities."""

    def one(entity: dict[str, Any]) -> dict[str, Any]:
        tag = _entity(call, str(field(entity, "tag", "")))
        return {"entity": tag, "annotations": dict(call.model.annotations.get(tag, {}))}

    answered = each(call.get("entities"), one)
    for answer in answered["results"]:  # here an error stands inside an ErrorResult
        answer["error"] = {"error": answer["error"]} if "error" in answer else {}
    return answered


@FACADE.method("Set", "write", changes=True, fresh=True)
async def set_annotations(call: Call) -> dict[str, Any]:
    """Set annotations; an empty text removes one. Only failures appear in the results."""

    def one(request: dict[str, Any]) -> dict[str, Any]:
        tag = _entity(call, str(field(request, "entity", "")))
        values = {str(key): str(value) for key, value in field(request, "annotations", {}).items()}
        call.model.set_annotations(tag, values, call.by)
        return {}

    answered = each(call.get("annotations"), one)
    return {"results": [answer for answer in answered["results"] if answer]}
