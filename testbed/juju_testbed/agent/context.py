"""What a hook tool may see and change while one hook, action or command runs."""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..model.entities import Application, Task, Unit
from .peers import PeerRelations

if TYPE_CHECKING:
    from ..model.model import Model


@dataclasses.dataclass
class Kept:
    """What an agent keeps for a unit from hook to hook.

    Attributes:
        labels: label -> URI of a secret, as ``secret-get --label`` set them.
        state: ``state-set``'s keys; ops keeps its own state there if it is told to.
    """

    labels: dict[str, str] = dataclasses.field(default_factory=dict)
    state: dict[str, str] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass
class HookContext:
    """One context, valid only while its process runs.

    Attributes:
        task: the task of an action, else None.
        results, failed, message: what action-set and action-fail gave.
        reboot: juju-reboot was called; ``now`` if the hook must not go on.
    """

    model: Model
    unit: Unit
    peers: PeerRelations
    kept: Kept
    name: str
    variables: Mapping[str, str]
    task: Task | None = None
    results: dict[str, Any] = dataclasses.field(default_factory=dict)
    failed: bool = False
    message: str = ""
    reboot: str = ""
    id: str = ""

    def __post_init__(self) -> None:
        if not self.id:
            number = secrets.randbelow(1 << 63)
            self.id = f"{self.unit.name}-{self.name}-{number}"

    @property
    def application(self) -> Application:
        """The unit's application."""
        return self.model.applications[self.unit.application]
