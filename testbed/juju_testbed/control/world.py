"""Puts a testbed together: controller, models, stores, agents; no network yet."""

from __future__ import annotations

import dataclasses
import pathlib
import secrets
import uuid
from typing import Any

from ..agent import survivors
from ..agent.environment import Surroundings
from ..agent.host import AgentHost
from ..agent.local import ChainedStore, LocalStore
from ..agent.places import Places
from ..charms.profile import PROFILES
from ..charms.store import OpenStackStore
from ..model.clock import Clock
from ..model.controller import Controller
from ..model.errors import ModelError
from ..model.model import Model
from ..model.oplog import OperationLog
from ..wire.facades import releases


@dataclasses.dataclass(frozen=True)
class Settings:
    """What `up` may choose.

    Attributes:
        profile: name of the charms' durations.
        scale: world seconds per real second, for everything but real processes.
        seed: of the spread of durations.
        zones: give hypervisors zones where the bundle names none.
        update_status: interval of that hook, a Go duration.
        juju: the release of Juju to stand for, ``3.3`` to ``4.0``; it chooses the facades.
        enter: a program that is put before every process of a unit agent (`AgentHost`).
    """

    model: str = "openstack"
    profile: str = "demo"
    scale: float = 1.0
    seed: int = 0
    port: int = 0
    zones: bool = False
    update_status: str = "5m"
    juju: str = releases.NEWEST
    enter: str = ""


# How late agents notice, and how long charms download and unpack: (watch, download, unpack) in
# world seconds. The real profile keeps the model's own defaults; all are assumed.
DELAYS = {"fast": (0.05, 0.1, 0.05), "instant": (0.0, 0.0, 0.0), "demo": (0.1, 0.3, 0.1)}


class Room:
    """One model with its stores and, once it has started, its agents."""

    def __init__(self, world: World, name: str, data_dir: pathlib.Path, config: dict[str, Any]):
        settings = world.settings
        profile = dataclasses.replace(PROFILES[settings.profile], seed=settings.seed)
        self.store = OpenStackStore(profile)
        self.local = LocalStore()
        self.data_dir = data_dir
        self.host: AgentHost | None = None
        self.model = Model(
            name,
            store=ChainedStore(self.local, self.store),
            clock=world.controller.clock,
            log=world.log,
            config={"update-status-hook-interval": settings.update_status, **config},
        )
        if settings.profile in DELAYS:
            watch, download, unpack = DELAYS[settings.profile]
            self.model.watch_delay_s = watch
            self.model.charm_download_s, self.model.charm_unpack_s = download, unpack
        self.store.attach(self.model)

    def start(self, surroundings: Surroundings, python: str, enter: str) -> AgentHost:
        """Start the agents."""
        self.host = AgentHost(self.model, Places(self.data_dir), surroundings, python, enter)
        self.local.attach(self.host)
        self.model.start()
        return self.host

    async def stop(self) -> None:
        """Stop the agents, killing the hooks that run."""
        await self.model.stop()
        if self.host is not None:
            await self.host.close()


class World:
    """Everything that one server process holds.

    Attributes:
        rooms: model uuid -> its room; the first is the model of the settings.
    """

    def __init__(self, settings: Settings, data_dir: pathlib.Path, log: pathlib.Path):
        self.settings = settings
        self.testbed = str(uuid.uuid4())
        self.password = secrets.token_urlsafe(18)
        self.log = OperationLog(log)
        self.controller = Controller(
            clock=Clock(settings.scale),
            admin_password=self.password,
            version=releases.AGENTS[settings.juju],
        )
        self.rooms: dict[str, Room] = {}
        self._data_dir = data_dir
        self._python = ""
        first = Room(self, settings.model, data_dir, {})
        self.model = self.controller.add_model(first.model)
        self.rooms[self.model.uuid] = first
        self.controller.make_model = self.add_model
        self.controller.end_model = self.remove_model

    def start(self, python: str) -> AgentHost:
        """Start the agents; the controller is served by now, so its addresses are known."""
        self._python = python
        return self._start(self.rooms[self.model.uuid])

    def _start(self, room: Room) -> AgentHost:
        surroundings = Surroundings(
            self.controller.uuid,
            tuple(self.controller.addresses),
            self.controller.ca,
            self.controller.version,
            self.testbed,
        )
        return room.start(surroundings, self._python, self.settings.enter)

    def learn_addresses(self) -> None:
        """Let the agents of all models know where the controller is now."""
        for room in self.rooms.values():
            if room.host is not None:
                room.host.learn_addresses(tuple(self.controller.addresses))

    async def add_model(self, name: str, config: dict[str, Any]) -> Model:
        """Add an empty model and start it.

        Raises:
            ModelError: the name is taken.
        """
        number = len(list(self._data_dir.glob("models/*")))
        folder = self._data_dir / "models" / str(number)
        room = Room(self, name, folder, config)
        model = self.controller.add_model(room.model)
        folder.mkdir(parents=True)
        self.rooms[model.uuid] = room
        self._start(room)
        return model

    async def remove_model(self, model: Model) -> None:
        """Remove a model with all that its charms have left running.

        Raises:
            ModelError: it is the testbed's first, which stays.
        """
        if model is self.model:
            raise ModelError(f'the model "{model.name}" goes with the testbed', "not supported")
        room = self.rooms.pop(model.uuid)
        del self.controller.models[model.uuid]
        await room.stop()
        # Its processes are known by its folder; the mark in their environment is the testbed's.
        survivors.sweep("", room.data_dir)

    async def stop(self) -> None:
        """Stop the agents, killing the hooks that run, and close the log."""
        for room in self.rooms.values():
            await room.stop()
        self.log.close()
