"""The part of JSON Schema that the published schema uses; no further package is needed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_TYPES: dict[str, type] = {"object": dict, "array": list, "string": str, "boolean": bool}
_KNOWN = {
    *("$ref", "$defs", "$schema", "title", "description", "type", "required", "properties"),
    *("items", "const", "enum", "pattern", "minimum", "minItems", "maxItems"),
    *("additionalProperties", "allOf", "if", "then", "else"),
}


def faults(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str = "$") -> list[str]:
    """Return where a value is not what a schema says; empty where it is.

    Raises:
        AssertionError: the schema uses a word that is not known here.
    """
    assert set(schema) <= _KNOWN, set(schema) - _KNOWN
    if "$ref" in schema:
        return faults(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, at)
    found = [f"{at}: {text}" for text in _own(value, schema)]
    if isinstance(value, dict):
        for key, inner in schema.get("properties", {}).items():
            if key in value:
                found += faults(value[key], inner, root, f"{at}.{key}")
    if isinstance(value, dict) and "additionalProperties" in schema:
        for key in value.keys() - schema.get("properties", {}).keys():
            found += faults(value[key], schema["additionalProperties"], root, f"{at}.{key}")
    if isinstance(value, list) and "items" in schema:
        for number, inner in enumerate(value):
            found += faults(inner, schema["items"], root, f"{at}[{number}]")
    for part in schema.get("allOf", ()):
        branch = "else" if faults(value, part["if"], root, at) else "then"
        found += faults(value, part[branch], root, at)
    return found


def _own(value: Any, schema: dict[str, Any]) -> Iterator[str]:
    kind = schema.get("type")
    if kind == "integer" and (isinstance(value, bool) or not isinstance(value, int)):
        yield f"{value!r} is no integer"
    if kind in _TYPES and not isinstance(value, _TYPES[kind]):
        yield f"{value!r} is no {kind}"
    if "const" in schema and value != schema["const"]:
        yield f"{value!r} is not {schema['const']!r}"
    if "enum" in schema and value not in schema["enum"]:
        yield f"{value!r} is none of {schema['enum']}"
    if "pattern" in schema and isinstance(value, str) and not re.search(schema["pattern"], value):
        yield f"{value!r} does not match {schema['pattern']}"
    if "minimum" in schema and isinstance(value, int) and value < schema["minimum"]:
        yield f"{value!r} is too small"
    if isinstance(value, dict):
        for key in schema.get("required", ()):
            if key not in value:
                yield f"{key} is missing"
    if isinstance(value, list):
        if len(value) < schema.get("minItems", 0):
            yield "too few items"
        if len(value) > schema.get("maxItems", len(value)):
            yield "too many items"
