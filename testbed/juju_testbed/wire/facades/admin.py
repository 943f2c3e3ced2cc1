"""Admin: logging in; Pinger: staying in."""

from __future__ import annotations

from typing import Any

from ...model.access import bad_login, permission_denied
from ..errors import WireError
from ..shapes import stamp
from .facade import Call, Facade

FACADE = Facade("Admin", (3,), scope="both")
PINGER = Facade("Pinger", (1,), scope="both")


@FACADE.method("Login")
async def login(call: Call) -> dict[str, Any]:
    """Log in with a user's tag and password.

    Raises:
        WireError: wrong password, no access to the model, or the redirect of a migrated model.
    """
    session, controller = call.session, call.controller
    if session.user is not None:
        raise WireError("already logged in", "bad request")
    tag = str(call.get("auth-tag", ""))
    client = str(call.get("client-version", "3.6.0"))
    if client.split(".")[0].isdecimal() and abs(int(client.split(".")[0]) - 3) > 1:
        raise WireError(
            f'client with version "{client}" not supported by controller with version '
            f'"{controller.version}"',
            "incompatible client",
        )
    if not tag.startswith("user-"):
        raise bad_login()  # agents have no business with the client facades
    user = controller.login(tag, str(call.get("credentials", "")))
    model = session.model
    if model is not None:
        redirect = controller.redirects.get(model.uuid)
        if redirect is not None:
            raise WireError(
                f'redirection to alternative server required for model "{model.name}"',
                "redirection required",
                redirect,
            )
        if not user.may(model.uuid, "read"):
            raise permission_denied()
    session.user = user
    return {
        "servers": [[_address(address)] for address in controller.addresses],
        "public-dns-name": "",
        "model-tag": f"model-{model.uuid}" if model else "",
        "controller-tag": f"controller-{controller.uuid}",
        "user-info": {
            "display-name": user.display_name,
            "identity": f"user-{user.name}",
            "last-connection": stamp(user.last_connection),
            "controller-access": user.controller_access,
            "model-access": user.access(model.uuid) if model else "",
        },
        "facades": session.facades(),
        "server-version": controller.version,
    }


def _address(address: str) -> dict[str, Any]:
    host, _, port = address.rpartition(":")
    return {
        "value": host,
        "type": "ipv4" if host[:1].isdecimal() else "hostname",
        "scope": "local-cloud",
        "port": int(port),
    }


@PINGER.method("Ping")
async def ping(call: Call) -> dict[str, Any]:
    """Answer; users are never dropped for not pinging."""
    return {}
