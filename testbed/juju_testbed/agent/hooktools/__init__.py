"""The hook tools, as the agent answers them.

Names, flags, formats and texts as in Juju (juju worker/uniter/runner/jujuc, docs
reference/hook-command); checked against what ops.hookcmds sends and reads.
"""

from __future__ import annotations

from . import actions, configuration, machine, relations, secrets, statuses
from .tool import Call, Tool

TOOLS: dict[str, Tool] = {
    **actions.TOOLS,
    **configuration.TOOLS,
    **machine.TOOLS,
    **relations.TOOLS,
    **secrets.TOOLS,
    **statuses.TOOLS,
}

__all__ = ["TOOLS", "Call", "Tool"]
