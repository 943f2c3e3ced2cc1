"""How the simulated charms react: the one object behind every unit of every such charm."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from ..model.charm import Outcome
from . import actions, hooks, shell
from .profile import Profile
from .site import Place
from .world import CloudWorld

if TYPE_CHECKING:
    from ..model.entities import Task, Unit


class OpenStackCharm:
    """Runs hooks, actions and commands of units whose charm is in the catalogue.

    Attributes:
        cloud: the world they live in; tests and the demo may look into it and change it.
        profile: how long things take.
    """

    def __init__(self, profile: Profile):
        self.profile = profile
        self.cloud = CloudWorld()
        self._place: Place | None = None
        self._running: dict[str, asyncio.Task[Any]] = {}
        self._killed: set[str] = set()

    def attach(self, model: Any) -> None:
        """Say which model the units are of.

        Raises:
            ValueError: they are of another already.
        """
        if self._place is not None and self._place.model is not model:
            raise ValueError("a store of simulated charms serves one model")
        dice: random.Random = self.profile.dice()
        self._place = self._place or Place(model, self.cloud, self.profile, dice)

    @property
    def place(self) -> Place:
        """What the units share; RuntimeError before `attach`."""
        if self._place is None:
            raise RuntimeError("the simulated charms are attached to no model")
        return self._place

    async def hook(self, unit: Unit, name: str, context: Mapping[str, str]) -> Outcome:
        """Run a hook; one that the charm does not have passes at once."""
        return await hooks.run(self.place.site(unit.name), name, context)

    async def action(self, unit: Unit, task: Task) -> Outcome:
        """Run an action."""
        site = self.place.site(unit.name)
        return await self._watched(unit, actions.run(site, task.name, task.parameters))

    async def command(self, unit: Unit, command: str, timeout_s: float | None) -> Outcome:
        """Run a shell command in the simulated unit; the uniter minds the time limit."""
        del timeout_s
        site = self.place.site(unit.name)
        self.cloud.commands.append((unit.name, command))
        return await self._watched(unit, shell.run(site, command))

    def kill(self, unit: Unit) -> None:
        """End the action or command of a unit at once, as SIGKILL would."""
        task = self._running.get(unit.name)
        if task is not None:
            self._killed.add(unit.name)
            task.cancel()

    async def _watched(self, unit: Unit, work: Coroutine[Any, Any, Outcome]) -> Outcome:
        """Await something where `kill` can reach it: in the task that the agent made for it."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a simulated charm runs in a task")
        self._running[unit.name] = task
        try:
            return await work
        except asyncio.CancelledError:
            if unit.name not in self._killed:  # the agent itself is being stopped
                raise
            return Outcome(code=-1, message="signal: killed")
        finally:
            self._running.pop(unit.name, None)
            self._killed.discard(unit.name)
