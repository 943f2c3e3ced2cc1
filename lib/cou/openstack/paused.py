"""What a unit says when it is paused: the one place that reads it.

charm-helpers sets ``maintenance`` with "Paused. Use 'resume' action to resume normal service.". A
unit whose services should be paused and run is ``blocked`` with another message: it is not paused.
"""

from __future__ import annotations


def is_paused(state: str, message: str) -> bool:
    """Whether a unit's workload status says that it is paused.

    Args:
        state: ``maintenance``, ``active``...
        message: what stands beside it.
    """
    return state == "maintenance" and message.lower().startswith("paused")
