"""What the uniter needs of a charm, be it simulated or a real one in a process of its own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .entities import Task, Unit


@dataclasses.dataclass(frozen=True)
class Option:
    """A charm option; `type` is string, int, float, boolean or secret."""

    type: str
    default: Any = None
    description: str = ""


@dataclasses.dataclass(frozen=True)
class ActionDefinition:
    """An action of a charm; `params` is its JSON schema's ``properties``."""

    description: str = ""
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    required: tuple[str, ...] = ()
    additional_properties: bool = True
    parallel: bool = False
    execution_group: str = ""


@dataclasses.dataclass(frozen=True)
class CharmDefinition:
    """What a charm archive declares: ``metadata.yaml``, ``config.yaml``, ``actions.yaml``."""

    name: str
    options: Mapping[str, Option] = dataclasses.field(default_factory=dict)
    actions: Mapping[str, ActionDefinition] = dataclasses.field(default_factory=dict)
    subordinate: bool = False
    summary: str = ""
    version: str = ""


@dataclasses.dataclass
class Outcome:
    """How a hook, action or command ended.

    Attributes:
        code: exit code; 0 is good.
        failed: an action called action-fail.
        message: the text of action-fail, or the exit error.
        results: what action-set gave, nested where keys had dots.
        stdout, stderr: what was printed.
    """

    code: int = 0
    failed: bool = False
    message: str = ""
    results: dict[str, Any] = dataclasses.field(default_factory=dict)
    stdout: str = ""
    stderr: str = ""


class Charm(Protocol):
    """One charm deployed on one unit.

    The uniter calls one method at a time for a unit and awaits it; the time it takes is the time
    the unit is executing. ``kill`` may be called while one of the others is awaited.

    A simulated charm is nothing but its coroutine: when the process is to die (cancel of a
    running action, a command's time limit, death of the agent) the coroutine is cancelled. A
    charm that runs real processes sets ``has_processes = True`` on its class: it is then told by
    ``kill`` and by ``timeout_s`` alone, and returns by itself when the process has ended; only
    when the agent dies is its coroutine cancelled as well.
    """

    async def hook(self, unit: Unit, name: str, context: Mapping[str, str]) -> Outcome:
        """Run a hook (``config-changed``, ``upgrade-charm``, ``update-status``...).

        `context` holds what the hook is about: secret id and label, relation...
        """
        ...

    async def action(self, unit: Unit, task: Task) -> Outcome:
        """Run an action; results and failure in the outcome."""
        ...

    async def command(self, unit: Unit, command: str, timeout_s: float | None) -> Outcome:
        """Run a shell command as `juju exec` does: as root, in a hook context."""
        ...

    def kill(self, unit: Unit) -> None:
        """SIGKILL the direct child that runs now, if any (a running task was cancelled)."""
        ...
