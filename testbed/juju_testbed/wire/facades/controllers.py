"""Controller: what concerns the controller as a whole."""

from __future__ import annotations

from typing import Any

from ..shapes import each, field
from .facade import Call, Facade
from .model_manager import list_models

FACADE = Facade("Controller", (11, 12), scope="controller")


@FACADE.method("AllModels", "superuser")
async def all_models(call: Call) -> dict[str, Any]:
    """List every model."""
    return await list_models(call)


@FACADE.method("ControllerConfig")
async def controller_config(call: Call) -> dict[str, Any]:
    """Return the controller's configuration, as far as clients look at it."""
    port = int(call.controller.addresses[0].rpartition(":")[2]) if call.controller.addresses else 0
    return {
        "config": {
            "api-port": port,
            "ca-cert": call.controller.ca,
            "controller-name": call.controller.name,
            "controller-uuid": call.controller.uuid,
        }
    }


@FACADE.method("ControllerVersion")
async def controller_version(call: Call) -> dict[str, Any]:
    """Return the version."""
    return {"version": call.controller.version, "git-commit": ""}


@FACADE.method("GetControllerAccess")
async def get_controller_access(call: Call) -> dict[str, Any]:
    """Return the controller access of users."""
    return each(
        call.get("entities"),
        lambda one: {
            "result": {
                "user-tag": field(one, "tag"),
                "access": call.controller.user(str(field(one, "tag", ""))).controller_access,
            }
        },
    )


@FACADE.method("ModifyControllerAccess", "superuser")
async def modify_controller_access(call: Call) -> dict[str, Any]:
    """Grant access to the controller."""

    def one(change: dict[str, Any]) -> dict[str, Any]:
        user, level = str(field(change, "user-tag", "")), str(field(change, "access", ""))
        call.controller.grant(user, level)
        return {}

    return each(call.get("changes"), one)
