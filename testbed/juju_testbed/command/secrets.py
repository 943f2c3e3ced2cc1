"""User secrets: add-secret, update-secret, grant-secret, secrets, show-secret, ..."""

from __future__ import annotations

import base64
import datetime
import re
from typing import Any

from . import output
from .command import Command, Context, Parser, key_value, names, read_text
from .errors import CommandError, usage

XID = re.compile(r"^(?:secret:)?(?:[0-9a-f-]{36}/)?[0-9a-v]{20}$")


def _content(context: Context, words: list[str], path: str) -> dict[str, str]:
    """Read the content, base64 as on the wire; ``key#file=path`` and ``key#base64=...`` too."""
    values: dict[str, bytes] = {}
    if path:
        import yaml

        content = yaml.safe_load(read_text(path))
        if not isinstance(content, dict):
            raise CommandError(f"reading secrets from YAML file {path!r}: it holds no mapping")
        words = [*(f"{key}={value}" for key, value in content.items()), *words]
    for word in words:
        key, value = key_value(word)
        key, _, kind = key.partition("#")
        if kind == "file":
            with open(value, "rb") as file:
                values[key] = file.read()
        elif kind == "base64":
            values[key] = base64.b64decode(value)
        else:
            values[key] = value.encode()
    return {key: base64.b64encode(value).decode() for key, value in values.items()}


def _identifier(text: str) -> dict[str, str]:
    """Return ``uri`` or ``label`` for what may be a URI, an id or a name."""
    if XID.match(text):
        return {"uri": text if text.startswith("secret:") else f"secret:{text}"}
    return {"label": text}


def _write_arguments(parser: Parser) -> None:
    parser.add_argument("--file", default="")
    parser.add_argument("--info", default="")
    parser.add_argument("--name", default="")
    parser.add_argument("--auto-prune", action="store_true")
    parser.add_argument("secret")
    parser.add_argument("words", nargs="*")


def add_secret(context: Context) -> int:
    """Add a secret; print its URI."""
    options = context.options
    data = _content(context, options.words, options.file)
    if not data:
        raise usage("missing secret value or filename")
    request = {
        "owner-tag": f"model-{context.target[1].uuid}",
        "label": options.secret,
        "description": options.info,
        "content": {"data": data},
    }
    print(context.model_api.one("Secrets", "CreateSecrets", {"args": [request]})["result"])
    return 0


def update_secret(context: Context) -> int:
    """Give a secret a new content, name or description."""
    options = context.options
    data = _content(context, options.words, options.file)
    if not data and not options.name and not options.info:
        raise usage("must specify a new name, description or content")
    name = _identifier(options.secret)
    request: dict[str, Any] = {"content": {"data": data}, "auto-prune": options.auto_prune}
    if "uri" in name:
        request["uri"] = name["uri"]
    else:
        request["existing-label"] = name["label"]
    if options.name:
        request["label"] = options.name
    if options.info:
        request["description"] = options.info
    context.model_api.one("Secrets", "UpdateSecrets", {"args": [request]})
    return 0


def _grant_arguments(parser: Parser) -> None:
    parser.add_argument("secret")
    parser.add_argument("applications")


def _grant(method: str, context: Context) -> int:
    request = {
        **_identifier(context.options.secret),
        "applications": names(context.options.applications),
    }
    results = context.model_api.call("Secrets", method, request).get("results") or []
    errors = [result["error"]["message"] for result in results if result.get("error")]
    if errors:
        raise CommandError("\n".join(errors))
    return 0


def grant_secret(context: Context) -> int:
    """Let applications read a secret."""
    return _grant("GrantSecret", context)


def revoke_secret(context: Context) -> int:
    """Take a secret from applications."""
    return _grant("RevokeSecret", context)


def _remove_arguments(parser: Parser) -> None:
    parser.add_argument("--revision", type=int, default=0)
    parser.add_argument("secret")


def remove_secret(context: Context) -> int:
    """Remove a secret."""
    request: dict[str, Any] = _identifier(context.options.secret)
    if context.options.revision:
        request["revisions"] = [context.options.revision]
    context.model_api.one("Secrets", "RemoveSecrets", {"args": [request]})
    return 0


def _listed(
    context: Context, wanted: dict[str, Any], reveal: bool, revisions: bool, access: bool
) -> dict[str, Any]:
    params = {"show-secrets": reveal, "filter": wanted}
    found = context.model_api.call("Secrets", "ListSecrets", params).get("results") or []
    return {
        secret["uri"].removeprefix("secret:"): _shown(secret, reveal, revisions, access)
        for secret in found
    }


def _shown(secret: dict[str, Any], reveal: bool, revisions: bool, access: bool) -> dict[str, Any]:
    of_model = secret["owner-tag"].startswith("model-")
    policy = secret.get("rotate-policy", "")
    shown: dict[str, Any] = {
        "revision": secret["latest-revision"],
        "checksum": secret.get("latest-revision-checksum", "") if reveal else "",
        "rotation": policy if policy != "never" else "",
        "owner": "<model>" if of_model else secret["owner-tag"].partition("-")[2],
        "description": secret.get("description", ""),
        "name" if of_model else "label": secret.get("label", ""),
        "created": secret["create-time"],
        "updated": secret["update-time"],
    }
    if reveal and secret.get("value"):
        data = secret["value"].get("data") or {}
        plain = {k: base64.b64decode(v).decode("utf-8", "replace") for k, v in data.items()}
        # The key is Go's name of an inlined field; only YAML inlines it really.
        shown["content"] = {"Data": plain}
    if revisions:
        shown["revisions"] = [
            {
                "revision": revision["revision"],
                "backend": revision.get("backend-name", ""),
                "created": revision["create-time"],
                "updated": revision["update-time"],
            }
            for revision in secret.get("revisions") or []
        ]
    if access:
        shown["access"] = [
            {"target": a["target-tag"], "scope": a["scope-tag"], "role": a["role"]}
            for a in secret.get("access") or []
        ]
    return {k: v for k, v in shown.items() if v not in ("", [])}


def _list_arguments(parser: Parser) -> None:
    parser.add_argument("--owner", default="")
    parser.add_argument("--revisions", action="store_true")


def secrets(context: Context) -> int:
    """List the model's secrets."""
    wanted = {"owner-tag": context.options.owner} if context.options.owner else {}
    shown = _listed(context, wanted, False, context.options.revisions, False)
    output.write(context, shown, _table)
    return 0


def _table(shown: dict[str, Any]) -> str:
    rows = [["ID", "Name", "Owner", "Rotation", "Revision", "Last updated"]]
    for id, secret in sorted(shown.items(), key=lambda item: -item[1]["revision"]):
        age = _age(secret["updated"])
        number = str(secret["revision"])
        rows.append([id, secret.get("name", "-"), secret["owner"], "never", number, age])
    return output.table(rows, right=(4,))


def _age(text: str) -> str:
    """Say how long ago something was, as Juju's lists do."""
    when = output.moment(text)
    if when is None:
        return "never"
    age = datetime.datetime.now(datetime.timezone.utc) - when
    seconds = int(age.total_seconds())
    if age.days > 14:
        return when.strftime("%Y-%m-%d")
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            number = seconds // size
            return f"{number} {name}{'s' if number > 1 else ''} ago"
    return "just now"


def _show_arguments(parser: Parser) -> None:
    parser.add_argument("--reveal", action="store_true")
    parser.add_argument("--revisions", action="store_true")
    parser.add_argument("-r", "--revision", type=int, default=0)
    parser.add_argument("secret")


def show_secret(context: Context) -> int:
    """Show one secret; its content only when asked for."""
    options = context.options
    if options.reveal and options.revisions:
        raise usage("specify either --revisions or --reveal but not both")
    wanted: dict[str, Any] = _identifier(options.secret)
    if options.revision:
        wanted["revision"] = options.revision
    shown = _listed(context, wanted, options.reveal, options.revisions, True)
    if not shown:
        raise CommandError(f'secret "{options.secret}" not found')
    if options.format == "yaml":
        for secret in shown.values():
            if "content" in secret:
                secret["content"] = secret["content"]["Data"]
    output.write(context, shown)
    return 0


COMMANDS = {
    "add-secret": Command("Add a new secret.", add_secret, _write_arguments),
    "grant-secret": Command("Grant access to a secret.", grant_secret, _grant_arguments),
    "remove-secret": Command("Remove a existing secret.", remove_secret, _remove_arguments),
    "revoke-secret": Command("Revoke access to a secret.", revoke_secret, _grant_arguments),
    "secrets": Command(
        "Lists secrets available in the model.",
        secrets,
        _list_arguments,
        ("tabular", "json", "yaml"),
    ),
    "show-secret": Command(
        "Shows details for a specific secret.", show_secret, _show_arguments, ("yaml", "json")
    ),
    "update-secret": Command("Update an existing secret.", update_secret, _write_arguments),
}
