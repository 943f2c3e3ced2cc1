"""secret-get and secret-info-get for user secrets; secrets of a charm's own are refused."""

from __future__ import annotations

from ..flags import FORMAT, ToolError, parse, show
from .tool import Call, Tool, at_most


def secret_get(call: Call) -> str:
    """Print a secret's content, or one key of it.

    An id together with a label gives the secret that label for this unit; later the label alone
    is enough (docs reference/hook-command secret-get).
    """
    known = {**FORMAT, "label": str, "refresh": bool, "peek": bool}
    parsed = parse(call.arguments, known)
    at_most(parsed.rest, 2)
    labels = call.context.kept.labels
    label, given = parsed.flags.get("label", ""), parsed.rest[0] if parsed.rest else ""
    if not given and not label:
        raise ToolError("require either a secret URI or label", 2)
    if not given and label not in labels:
        raise ToolError(f'consumer label "{label}" not found')
    uri = given or labels[label]
    if not uri.startswith("secret:"):
        uri = f"secret:{uri}"
    content = call.context.model.read_secret(
        uri,
        call.context.unit.name,
        refresh=bool(parsed.flags.get("refresh")),
        peek=bool(parsed.flags.get("peek")),
    )
    if label:
        labels[label] = uri
    if len(parsed.rest) > 1:
        key = parsed.rest[1].removesuffix("#base64")
        if key not in content:
            raise ToolError(f'secret key value "{key}" not found')
        return show(content[key], parsed.flags)
    if "format" not in parsed.flags:
        parsed.flags["format"] = "yaml"
    return show(content, parsed.flags)


def secret_info_get(call: Call) -> str:
    """Refuse: only the owner of a secret sees its metadata, and users own all secrets here."""
    parsed = parse(call.arguments, {**FORMAT, "label": str})
    name = parsed.rest[0] if parsed.rest else parsed.flags.get("label", "")
    if not name:
        raise ToolError("require either a secret URI or label to fetch metadata", 2)
    raise ToolError(f'secret "{name.removeprefix("secret:")}" not found')


def secret_ids(call: Call) -> str:
    """Print the secrets that the application owns: none."""
    return show([], parse(call.arguments, FORMAT).flags)


def _refuse(call: Call) -> str:
    raise ToolError("secrets owned by a charm are not supported by this testbed")


TOOLS: dict[str, Tool] = {
    "secret-add": _refuse,
    "secret-get": secret_get,
    "secret-grant": _refuse,
    "secret-ids": secret_ids,
    "secret-info-get": secret_info_get,
    "secret-remove": _refuse,
    "secret-revoke": _refuse,
    "secret-set": _refuse,
}
