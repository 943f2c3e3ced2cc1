"""ModelConfig: the configuration of the model."""

from __future__ import annotations

from typing import Any

from ...model.state import DEFAULT_CONFIG
from .facade import Call, Facade

FACADE = Facade("ModelConfig", (3,))


@FACADE.method("ModelGet", "read")
async def model_get(call: Call) -> dict[str, Any]:
    """Return every attribute with its source."""
    return {
        "config": {
            key: {
                "value": value,
                "source": "default" if DEFAULT_CONFIG.get(key) == value else "model",
            }
            for key, value in sorted(call.model.config.items())
        }
    }


@FACADE.method("ModelSet", "write", changes=True)
async def model_set(call: Call) -> dict[str, Any]:
    """Set attributes; booleans may come as texts, as the command line sends them."""
    values = dict(call.get("config", {}))
    call.model.asked("ModelConfig.ModelSet", call.by, config=values)
    for key, value in values.items():
        if isinstance(call.model.config.get(key), bool) and isinstance(value, str):
            value = value.lower() == "true"
        call.model.config[key] = value
    return {}


@FACADE.method("ModelUnset", "write", changes=True)
async def model_unset(call: Call) -> dict[str, Any]:
    """Give attributes their defaults again."""
    keys = [str(key) for key in call.get("keys", [])]
    call.model.asked("ModelConfig.ModelUnset", call.by, keys=keys)
    for key in keys:
        if key in DEFAULT_CONFIG:
            call.model.config[key] = DEFAULT_CONFIG[key]
        else:
            call.model.config.pop(key, None)
    return {}


@FACADE.method("GetModelConstraints", "read")
async def get_model_constraints(call: Call) -> dict[str, Any]:
    """Return the model's constraints; machines here are all alike."""
    return {"constraints": dict(call.model.constraints)}


@FACADE.method("SetModelConstraints", "write", changes=True)
async def set_model_constraints(call: Call) -> dict[str, Any]:
    """Keep constraints of the model; those not named are unset, as in Juju."""
    given = dict(call.get("constraints", {}))
    call.model.asked("ModelConfig.SetModelConstraints", call.by, constraints=given)
    call.model.constraints = {key: value for key, value in given.items() if value is not None}
    return {}
