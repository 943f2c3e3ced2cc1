"""ModelManager: models of the controller, and who may use them."""

from __future__ import annotations

import re
from typing import Any

from ...model.access import User, permission_denied
from ...model.errors import ModelError
from ...model.model import Model
from ..errors import WireError, element
from ..shapes import each, field, stamp, untag
from .facade import Call, Facade

FACADE = Facade("ModelManager", (9, 10), scope="controller")


def visible(call: Call) -> list[Model]:
    """Return the models that the caller may read."""
    models = call.controller.models.values()
    return [model for model in models if call.user.may(model.uuid, "read")]


def owner_tag() -> str:
    """Return the tag of who owns every model here."""
    return "user-admin"


@FACADE.method("ListModels")
async def list_models(call: Call) -> dict[str, Any]:
    """List models that the caller may read."""
    return {
        "user-models": [
            {
                "model": {
                    "name": model.name,
                    "uuid": model.uuid,
                    "type": "iaas",
                    "owner-tag": owner_tag(),
                },
                "last-connection": stamp(call.user.last_connection),
            }
            for model in visible(call)
        ]
    }


@FACADE.method("ListModelSummaries")
async def list_model_summaries(call: Call) -> dict[str, Any]:
    """Summarise models that the caller may read, as `juju models` shows them."""
    return {"results": [{"result": _summary(call, model)} for model in visible(call)]}


def _summary(call: Call, model: Model) -> dict[str, Any]:
    return {
        "name": model.name,
        "uuid": model.uuid,
        "type": "iaas",
        "controller-uuid": call.controller.uuid,
        "is-controller": False,
        "provider-type": "manual",
        "cloud-tag": "cloud-testbed",
        "cloud-region": "",
        "cloud-credential-tag": "",
        "owner-tag": owner_tag(),
        "life": "alive",
        "status": {"status": "available", "info": "", "data": {}, "since": stamp(model.created)},
        "user-access": call.user.access(model.uuid),
        "last-connection": stamp(call.user.last_connection),
        "counts": [
            {"entity": "machines", "count": len(model.machines)},
            {"entity": "cores", "count": 8 * len(model.machines)},
            {"entity": "units", "count": len(model.units)},
        ],
        "agent-version": str(model.config["agent-version"]),
        "sla": {"level": "unsupported", "owner": ""},
    }


@FACADE.method("ModelInfo")
async def model_info(call: Call) -> dict[str, Any]:
    """Describe models; users and machines as far as the caller may see them."""

    def one(entity: dict[str, Any]) -> dict[str, Any]:
        uuid = untag(field(entity, "tag"), "model")
        model = call.controller.models.get(uuid)
        if model is None or not call.user.may(uuid, "read"):
            raise permission_denied()
        return {"result": _info(call, model)}

    return each(call.get("entities"), one)


def _info(call: Call, model: Model) -> dict[str, Any]:
    everyone = call.user.may(model.uuid, "admin")
    users = [
        user
        for user in call.controller.users.values()
        if user.access(model.uuid) and (everyone or user is call.user)
    ]
    info = _summary(call, model)
    for key in ("counts", "user-access", "last-connection"):
        del info[key]
    return info | {
        "default-base": "ubuntu@22.04/stable",
        "users": [_user(model, user) for user in users],
        "machines": [
            {
                "id": machine.id,
                "instance-id": machine.id,
                "display-name": "",
                "status": machine.agent.current,
                "has-vote": False,
                "wants-vote": False,
            }
            for machine in model.machines.values()
        ],
        "cloud-credential-validity": True,
        "secret-backends": [],
        "supported-features": [],
    }


def _user(model: Model, user: User) -> dict[str, Any]:
    return {
        "model-tag": f"model-{model.uuid}",
        "user": user.name,
        "display-name": user.display_name,
        "last-connection": stamp(user.last_connection),
        "access": user.access(model.uuid),
    }


@FACADE.method("ModifyModelAccess")
async def modify_model_access(call: Call) -> dict[str, Any]:
    """Grant or revoke access to a model; needs admin on it."""

    def one(change: dict[str, Any]) -> dict[str, Any]:
        uuid = untag(field(change, "model-tag"), "model")
        if not call.user.may(uuid, "admin"):
            raise permission_denied()
        model = call.controller.model(uuid)
        user, level = str(field(change, "user-tag", "")), str(field(change, "access", ""))
        action = field(change, "action")
        model.asked("ModelManager.ModifyModelAccess", call.by, user=user, access=level)
        if action == "grant":
            call.controller.grant(user, level, uuid)
        elif action == "revoke":
            call.controller.revoke(user, level, uuid)
        else:
            raise ModelError(f'unknown action "{action}"', "not valid")
        return {}

    return each(call.get("changes"), one)


_NAME = re.compile(r"^[a-z0-9]+(?:-[a-z0-9]+)*$")


@FACADE.method("CreateModel", "superuser")
async def create_model(call: Call) -> dict[str, Any]:
    """Add a model of the caller's; cloud, region and credential are the only ones there are."""
    name = str(call.get("name", ""))
    if not _NAME.match(name):
        raise ModelError(f'"{name}" is not a valid name: model names may only contain lowercase '
                         "letters, digits and hyphens", "not valid")  # fmt: skip
    if call.controller.make_model is None:
        raise ModelError("this controller keeps the models that it has", "not supported")
    return _info(call, await call.controller.make_model(name, dict(call.get("config", {}))))


@FACADE.method("DestroyModels", "superuser")
async def destroy_models(call: Call) -> dict[str, Any]:
    """Remove models with all that is in them, at once; `force` and the waits change nothing."""
    answers: list[dict[str, Any]] = []
    for one in call.get("models", []):
        try:
            await _destroy(call, untag(field(one, "model-tag"), "model"))
            answers.append({})
        except (ModelError, WireError) as error:
            answers.append({"error": element(error)})
    return {"results": answers}


async def _destroy(call: Call, uuid: str) -> None:
    model = call.controller.model(uuid)
    blocked = {"BlockDestroy", "BlockChange", "BlockRemove"} & set(model.blocks)
    if blocked:
        text = model.blocks[sorted(blocked)[0]] or "the operation has been blocked"
        raise ModelError(text, "operation is blocked")
    if call.controller.end_model is None:
        raise ModelError("this controller keeps the models that it has", "not supported")
    model.asked("ModelManager.DestroyModels", call.by)
    await call.controller.end_model(model)
