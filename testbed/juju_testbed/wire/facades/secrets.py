"""Secrets: user secrets; managing them needs admin on the model."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from ...model.errors import ModelError
from ...model.secrets import Secret
from ..errors import WireError
from ..shapes import each, field, stamp
from .facade import Call, Facade

FACADE = Facade("Secrets", (1, 2))


def _content(request: dict[str, Any]) -> dict[str, str]:
    """Return the content of a request; on the wire values are base64 (juju core/secrets)."""
    data = field(field(request, "content", {}), "data", {})
    try:
        return {
            key: base64.b64decode(value, validate=True).decode() for key, value in data.items()
        }
    except (binascii.Error, UnicodeDecodeError) as error:
        raise WireError(f"secret data not valid: {error}", "not valid") from error


@FACADE.method("CreateSecrets", "admin", changes=True, since=2)
async def create_secrets(call: Call) -> dict[str, Any]:
    """Add user secrets; the results are their URIs."""
    return each(
        call.get("args"),
        lambda one: {
            "result": call.model.add_secret(str(field(one, "label", "")), _content(one), call.by)
        },
    )


@FACADE.method("UpdateSecrets", "admin", changes=True, since=2)
async def update_secrets(call: Call) -> dict[str, Any]:
    """Give secrets a new content, and a new name where one is asked for."""

    def one(request: dict[str, Any]) -> dict[str, Any]:
        name = str(field(request, "uri", "") or field(request, "existing-label", ""))
        if _content(request):
            call.model.update_secret(name, _content(request), call.by)
        label = field(request, "label", "")
        if label:
            call.model.find_secret(name).name = str(label)
        return {}

    return each(call.get("args"), one)


@FACADE.method("GrantSecret", "admin", changes=True, since=2)
async def grant_secret(call: Call) -> dict[str, Any]:
    """Let applications read a secret."""
    name = str(call.get("uri", "") or call.get("label", ""))

    def one(application: str) -> dict[str, Any]:
        call.model.grant_secret(name, application, call.by)
        return {}

    return each(call.get("applications"), one)


@FACADE.method("RevokeSecret", "admin", changes=True, since=2)
async def revoke_secret(call: Call) -> dict[str, Any]:
    """Take a secret from applications."""
    name = str(call.get("uri", "") or call.get("label", ""))

    def one(application: str) -> dict[str, Any]:
        call.model.revoke_secret(name, application, call.by)
        return {}

    return each(call.get("applications"), one)


@FACADE.method("RemoveSecrets", "admin", changes=True, since=2)
async def remove_secrets(call: Call) -> dict[str, Any]:
    """Remove secrets altogether."""

    def one(request: dict[str, Any]) -> dict[str, Any]:
        name = str(field(request, "uri", "") or field(request, "label", ""))
        secret = call.model.find_secret(name)
        if field(request, "revisions", []):
            raise ModelError("removing revisions of a secret is not supported", "not supported")
        call.model.asked("Secrets.RemoveSecrets", call.by, secret=secret.id)
        del call.model.secrets[secret.id]
        return {}

    return each(call.get("args"), one)


@FACADE.method("ListSecrets", "read")
async def list_secrets(call: Call) -> dict[str, Any]:
    """List secrets; with values only for an admin who asks for them."""
    show = bool(call.get("show-secrets", False))
    if show and not call.user.may(call.model.uuid, "admin"):
        raise ModelError("permission denied", "unauthorized access")
    wanted = call.get("filter", {})
    uri, label = field(wanted, "uri", ""), field(wanted, "label", "")
    revision = int(field(wanted, "revision", 0))
    return {
        "results": [
            _shown(call, secret, show, revision)
            for secret in call.model.secrets.values()
            if (not uri or secret.id == uri.removeprefix("secret:"))
            and (not label or secret.name == label)
            and revision <= len(secret.revisions)
        ]
    }


def _shown(call: Call, secret: Secret, show: bool, revision: int) -> dict[str, Any]:
    """Return a secret; its value is that of a revision, 0 for the newest."""
    tag = f"model-{call.model.uuid}"
    shown: dict[str, Any] = {
        "uri": secret.uri,
        "version": 1,
        "owner-tag": tag,
        "rotate-policy": "never",
        "label": secret.name,
        "description": "",
        "latest-revision": len(secret.revisions),
        "create-time": stamp(secret.created),
        "update-time": stamp(secret.updated),
        "revisions": [
            {
                "revision": number + 1,
                "backend-name": "internal",
                "create-time": stamp(secret.created),
                "update-time": stamp(secret.updated),
            }
            for number in range(len(secret.revisions))
        ],
        "access": [
            {"target-tag": f"application-{name}", "scope-tag": tag, "role": "view"}
            for name in sorted(secret.grants)
        ],
    }
    if show:
        data = secret.revisions[revision - 1]
        encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
        shown["value"] = {"data": encoded}
    return shown
