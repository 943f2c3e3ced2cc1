"""What the workload status of a unit or application says: the one place that reads it.

charm-helpers sets ``maintenance`` with "Paused. Use 'resume' action to resume normal service.". A
unit whose services should be paused and run is ``blocked`` with another message: it is not paused.
"""

from __future__ import annotations

from typing import Protocol

SEALED = "Unit is sealed"


class Workload(Protocol):
    """A status as Juju shows it."""

    @property
    def current(self) -> str:
        """The status."""
        ...

    @property
    def message(self) -> str:
        """What stands beside it."""
        ...


def is_paused(workload: Workload) -> bool:
    """Whether a unit is paused."""
    return workload.current == "maintenance" and workload.message.lower().startswith("paused")


def is_sealed(workload: Workload) -> bool:
    """Whether a vault is sealed."""
    return workload.current == "blocked" and SEALED in workload.message
