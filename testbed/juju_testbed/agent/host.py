"""The agents of all units that run real charms: their files, sockets, contexts and children.

One host stands for the jujud of every machine; it outlives refreshes, each of which brings a
`RealCharm` of another revision.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import shutil
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from ..model.entities import Task, Unit
from . import environment, survivors
from .context import HookContext, Kept
from .environment import Surroundings
from .hooktools import TOOLS
from .peers import PeerRelations
from .places import Places, UnitPlaces
from .process import Child
from .sockets import UnitSockets

if TYPE_CHECKING:
    from ..model.model import Model

SCRIPT = pathlib.Path(__file__).parent / "data" / "jujud"
EXEC_NAMES = ("juju-exec", "juju-run")


class AgentHost:
    """Keeps what agents keep.

    Args:
        model: whose units these are.
        places: where their files lie.
        surroundings: what every agent knows.
        python: starts hook tools, and charms without dispatch.
        enter: a program that is put before every hook, action and command, and brings it to the
            unit's machine; none where that is this one.
    """

    def __init__(
        self,
        model: Model,
        places: Places,
        surroundings: Surroundings,
        python: str,
        enter: str = "",
    ):
        self.model = model
        self.places = places
        self.surroundings = surroundings
        self.python = python
        self.enter = (enter,) if enter else ()
        self.peers = PeerRelations()
        self.contexts: dict[str, HookContext] = {}
        self.children: dict[str, Child] = {}
        self._kept: dict[str, Kept] = {}
        self._sockets: dict[str, UnitSockets] = {}

    def kept(self, unit: Unit) -> Kept:
        """Return what is kept for a unit between hooks."""
        return self._kept.setdefault(unit.name, Kept())

    async def prepare(self, unit: Unit) -> UnitPlaces:
        """Make sure that a unit has its folder, configuration, tools and sockets."""
        places = self.places.unit(unit.name)
        if unit.name in self._sockets:
            return places
        places.agent.mkdir(parents=True, exist_ok=True)
        self._link_tools(places)
        self._write_conf(places)
        sockets = UnitSockets(self.model, self.contexts, places)
        await sockets.open()
        self._sockets[unit.name] = sockets
        return places

    def _write_conf(self, places: UnitPlaces) -> None:
        environment.write_agent_conf(
            places.conf,
            self.surroundings,
            places.tag,
            self.model.uuid,
            str(self.places.data_dir),
        )

    def learn_addresses(self, addresses: tuple[str, ...]) -> None:
        """Let agents know that the controller is elsewhere: `agent.conf` and later hooks say so.

        A real agent's own worker does it (juju worker/apiaddressupdater).
        """
        self.surroundings = dataclasses.replace(self.surroundings, api_addresses=addresses)
        for unit in self._sockets:
            self._write_conf(self.places.unit(unit))

    def _link_tools(self, places: UnitPlaces) -> None:
        script = self.places.tools / "jujud"
        if not script.is_file():
            self.places.tools.mkdir(parents=True, exist_ok=True)
            # A shell line that is a Python text too: it starts any interpreter path, with two
            # flags, which a plain first line could not.
            head = f"#!/bin/sh\n'''exec' '{self.python}' -I -S \"$0\" \"$@\"\n' '''\n"
            script.write_text(head + SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
            script.chmod(0o755)
        places.tools.mkdir(parents=True, exist_ok=True)
        for name in (*TOOLS, *EXEC_NAMES):
            with contextlib.suppress(FileExistsError):
                (places.tools / name).symlink_to("../jujud")

    def environment(self, unit: Unit, variables: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of a unit's processes, without a context."""
        shared = environment.agent_environment(
            self.surroundings,
            self.places.unit(unit.name),
            unit,
            (self.model.uuid, self.model.name),
            self.model.machines[unit.machine].zone,
        )
        return {**shared, **variables}

    @contextlib.contextmanager
    def context(
        self, unit: Unit, name: str, variables: Mapping[str, str], task: Task | None = None
    ) -> Iterator[HookContext]:
        """Open a context; its id works until this ends."""
        kept = self.kept(unit)
        context = HookContext(self.model, unit, self.peers, kept, name, variables, task)
        self.contexts[context.id] = context
        try:
            yield context
        finally:
            del self.contexts[context.id]

    def kill(self, unit: str) -> None:
        """SIGKILL the unit's direct child, if one runs."""
        child = self.children.get(unit)
        if child is not None:
            child.kill()

    def restart_agent(self, unit: str, down_s: float = 0.0) -> None:
        """Restart a unit's agent, with what its service would take along.

        That is all that hooks left in the agent's session. What has left the session (setsid)
        stands for a service of its own and stays.
        """
        self.model.restart_agent(unit, down_s)
        own = os.getsid(0)
        found = survivors.find(self.surroundings.testbed, self.places.data_dir, unit)
        survivors.kill([pid for pid in found if survivors.session_of(pid) == own])

    def reboot(self, machine: str, down_s: float = 0.0) -> None:
        """Reboot a machine: every process of its units and of its containers' is killed."""
        self.model.reboot(machine, down_s)
        for unit in list(self._sockets):
            where = self.model.units[unit].machine
            if where == machine or where.startswith(f"{machine}/"):
                found = survivors.find(self.surroundings.testbed, self.places.data_dir, unit)
                survivors.kill(list(found))

    async def forget(self, unit: str) -> None:
        """Close a removed unit's sockets and delete its folder."""
        sockets = self._sockets.pop(unit, None)
        if sockets is not None:
            await sockets.close()
        self._kept.pop(unit, None)
        shutil.rmtree(self.places.unit(unit).agent, ignore_errors=True)
        shutil.rmtree(self.places.unit(unit).tools, ignore_errors=True)

    async def close(self) -> None:
        """Kill the children that run, and close all sockets."""
        for child in list(self.children.values()):
            child.kill()
        for sockets in self._sockets.values():
            await sockets.close()
        self._sockets.clear()
