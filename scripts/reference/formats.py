"""The pages of the plan's and the snapshot's format, made from their JSON schemas."""

from __future__ import annotations

import json
import pathlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from cou.kinds import Kind

PLAN = """# The plan as JSON

What `plan format=json` gives under the key `plan`, and `cou plan --format json` prints. Keys may
be added in later versions, never changed. The schema is [plan.schema.json](plan.schema.json).

This page is generated from it: `make reference` writes it.
"""
SNAPSHOT = """# The snapshot of a model

What `cou snapshot` writes for a [rehearsal](../how-to/rehearse.md). It holds no secret. Keys may
be added in later versions, never changed. The schema is
[snapshot.schema.json](snapshot.schema.json).

This page is generated from it: `make reference` writes it.
"""


_KINDS = re.compile(r'("kind": \{\s*"enum": )\[[^]]*\]')


def schema_of_plans(source: pathlib.Path) -> str:
    """Return the schema of plans with the kinds of steps that there are."""
    kinds = json.dumps([kind.value for kind in Kind])
    return _KINDS.sub(rf"\g<1>{kinds}", source.read_text(encoding="utf-8"))


def page(text: str, head: str) -> str:
    """Return the page of a schema: a table for the whole, and one for each of its parts."""
    schema = json.loads(text)
    lines = [head, "## The whole\n", *_table(schema)]
    for name, part in schema.get("$defs", {}).items():
        lines += [f"\n## {name.capitalize()}\n", *_table(part)]
    return "\n".join([*lines, ""])


def _table(schema: Mapping[str, Any]) -> Iterator[str]:
    yield "| Key | Type | Always | What it is |"
    yield "|---|---|---|---|"
    for key, one in schema["properties"].items():
        always = "yes" if key in schema.get("required", ()) else "no"
        yield f"| `{key}` | {_type(one)} | {always} | {one.get('description', '')} |"


def _type(schema: Mapping[str, Any]) -> str:
    if "const" in schema:
        return f"always {schema['const']}"
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        return f"[{name}](#{name})"
    if schema.get("type") == "array":
        return f"list of {_type(schema['items'])}"
    if "additionalProperties" in schema:
        return f"object of {_type(schema['additionalProperties'])}"
    return str(schema["type"])
