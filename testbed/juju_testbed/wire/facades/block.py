"""Block: change blocks of the model (`juju disable-command`)."""

from __future__ import annotations

from typing import Any

from ...model.errors import ModelError
from .facade import Call, Facade

FACADE = Facade("Block", (2,))


@FACADE.method("List", "read")
async def list_blocks(call: Call) -> dict[str, Any]:
    """List the blocks in force."""
    tag = f"model-{call.model.uuid}"
    return {
        "results": [
            {"result": {"id": str(index), "tag": tag, "type": kind, "message": message}}
            for index, (kind, message) in enumerate(sorted(call.model.blocks.items()))
        ]
    }


@FACADE.method("SwitchBlockOn", "write")
async def on(call: Call) -> dict[str, Any]:
    """Put a block in force: BlockChange, BlockRemove or BlockDestroy."""
    kind = str(call.get("type", ""))
    if kind in call.model.blocks:
        raise ModelError(f"block {kind} is already ON")
    call.model.asked("Block.SwitchBlockOn", call.by, type=kind)
    call.model.blocks[kind] = str(call.get("message", ""))
    return {}


@FACADE.method("SwitchBlockOff", "write")
async def off(call: Call) -> dict[str, Any]:
    """Take a block away."""
    kind = str(call.get("type", ""))
    if kind not in call.model.blocks:
        raise ModelError(f"block {kind} is already OFF")
    call.model.asked("Block.SwitchBlockOff", call.by, type=kind)
    del call.model.blocks[kind]
    return {}
