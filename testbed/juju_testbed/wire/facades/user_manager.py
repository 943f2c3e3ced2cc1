"""UserManager: users and their passwords."""

from __future__ import annotations

from typing import Any

from ...model.access import User, permission_denied
from ..shapes import each, field, stamp
from .facade import Call, Facade

FACADE = Facade("UserManager", (3,), scope="controller")


@FACADE.method("AddUser", "superuser")
async def add_user(call: Call) -> dict[str, Any]:
    """Add users; without a password one is set later."""

    def one(request: dict[str, Any]) -> dict[str, Any]:
        name, password = str(field(request, "username", "")), str(field(request, "password", ""))
        user = call.controller.add_user(name, password)
        user.display_name = str(field(request, "display-name", ""))
        answer: dict[str, Any] = {"tag": f"user-{name}"}
        if not password:
            answer["secret-key"] = list(name.encode().ljust(32, b"\0")[:32])
        return answer

    return each(call.get("users"), one)


@FACADE.method("SetPassword")
async def set_password(call: Call) -> dict[str, Any]:
    """Set passwords: one's own, or anybody's as a superuser."""

    def one(change: dict[str, Any]) -> dict[str, Any]:
        user = call.controller.user(str(field(change, "tag", "")))
        if user is not call.user and call.user.controller_access != "superuser":
            raise permission_denied()
        user.password = str(field(change, "password", ""))
        return {}

    return each(call.get("changes"), one)


@FACADE.method("UserInfo")
async def user_info(call: Call) -> dict[str, Any]:
    """Describe users, or all of them."""
    entities = call.get("entities", [])
    if not entities:
        return {"results": [{"result": _shown(user)} for user in call.controller.users.values()]}

    def one(entity: dict[str, Any]) -> dict[str, Any]:
        user = call.controller.user(str(field(entity, "tag", "")))
        if user is not call.user and call.user.controller_access != "superuser":
            raise permission_denied()
        return {"result": _shown(user)}

    return each(entities, one)


def _shown(user: User) -> dict[str, Any]:
    return {
        "username": user.name,
        "display-name": user.display_name,
        "access": user.controller_access,
        "created-by": "admin",
        "date-created": stamp(user.created),
        "last-connection": stamp(user.last_connection),
        "disabled": user.disabled,
    }


def _switch(disabled: bool) -> Any:
    async def handler(call: Call) -> dict[str, Any]:
        def one(entity: dict[str, Any]) -> dict[str, Any]:
            call.controller.user(str(field(entity, "tag", ""))).disabled = disabled
            return {}

        return each(call.get("entities"), one)

    return handler


FACADE.method("DisableUser", "superuser")(_switch(True))
FACADE.method("EnableUser", "superuser")(_switch(False))
