"""Checking an action's parameters against its schema, and inserting defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .charm import ActionDefinition
from .errors import ModelError

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def check(name: str, action: ActionDefinition, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the parameters with the schema's defaults inserted, as the server stores them.

    Checks what the charms here use of JSON Schema draft 4: type, enum, minimum, maximum,
    required, additionalProperties.

    Raises:
        ModelError: with the shape of juju's validation text.
    """
    params = dict(given)
    for key, schema in action.params.items():
        if key not in params and "default" in schema:
            params[key] = schema["default"]
    for key in action.required:
        if key not in params:
            raise _invalid("(root)", f'"{key}" property is missing and required', params)
    for key, value in params.items():
        schema = action.params.get(key)
        if schema is not None:
            _check_value(key, schema, value)
        elif not action.additional_properties:
            raise _invalid("(root)", f'additional property "{key}" is not allowed', params)
    return params


def _check_value(key: str, schema: Mapping[str, Any], value: Any) -> None:
    kind = schema.get("type")
    kinds = [kind] if isinstance(kind, str) else list(kind or [])
    if kinds and not any(_is(value, one) for one in kinds):
        raise _invalid(f"(root).{key}", f"must be of type {', '.join(kinds)}", value)
    if "enum" in schema and value not in schema["enum"]:
        allowed = ", ".join(str(item) for item in schema["enum"])
        raise _invalid(f"(root).{key}", f"must match one of the enum values [{allowed}]", value)
    if _is(value, "number"):
        if "minimum" in schema and value < schema["minimum"]:
            raise _invalid(f"(root).{key}", f"must be at least {schema['minimum']}", value)
        if "maximum" in schema and value > schema["maximum"]:
            raise _invalid(f"(root).{key}", f"must be at most {schema['maximum']}", value)


def _is(value: Any, kind: str) -> bool:
    if isinstance(value, bool) and kind != "boolean":  # True is an int in Python, not in JSON
        return False
    return isinstance(value, _TYPES.get(kind, (object,)))


def _invalid(where: str, problem: str, given: Any) -> ModelError:
    return ModelError(f"validation failed: {where} : {problem}, given {given!r}")
