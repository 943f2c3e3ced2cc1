"""Everything that can be made to go wrong while a testbed runs, by name."""

from __future__ import annotations

import asyncio
import dataclasses
import inspect
import typing
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from ..model import charmurl
from ..model.errors import ModelError
from ..model.model import Model
from ..model.troubles import Mode, Trouble
from ..wire.breakage import REFUSALS, Breakage, Kind, Rule
from ..wire.facades.deploying import machine_for
from ..wire.server import Server


class Agents(Protocol):
    """What can restart agents: a model, or the host of its real charms."""

    def restart_agent(self, unit: str, down_s: float = 0.0) -> None:
        """Restart a unit's agent."""
        ...

    def reboot(self, machine: str, down_s: float = 0.0) -> None:
        """Reboot a machine."""
        ...


class FaultError(Exception):
    """There is no such fault, or not with these options; the text says what is allowed."""


class Faults:
    """The faults of one controller and one model.

    Each public method is a fault; its name with dashes is what `apply` takes. Seconds of
    machines and agents are the world's, those of the network are real.

    Args:
        server: whose connections break; its `faults` are replaced.
        model: whose charms, agents and machines break.
        agents: what restarts them; the model by default.
    """

    def __init__(self, server: Server, model: Model, agents: Agents | None = None):
        self._server = server
        self._model = model
        self._agents: Agents = agents or model
        self._tasks: set[asyncio.Task[Any]] = set()
        self._coming: set[asyncio.Task[Any]] = set()  # those of them that only bring faults
        self._return: asyncio.Task[None] | None = None
        self.breakage = Breakage()
        server.faults = self.breakage
        self.moved: Callable[[], None] = lambda: None  # called when the addresses have changed

    # -- calls ------------------------------------------------------------------------------

    async def call(
        self,
        kind: str,
        facade: str = "*",
        method: str = "*",
        user: str = "*",
        seconds: float = 1.0,
        refusal: str = "upgrading",
        count: int = 1,
    ) -> None:
        """Break the next `count` calls that fit (-1: all); see `breakage.Kind` for the kinds."""
        _one_of("kind", kind, [one.value for one in Kind])
        _one_of("refusal", refusal, list(REFUSALS))
        rule = Rule(Kind(kind), facade, method, user, seconds, refusal, count)
        self.breakage.add(rule)

    async def disconnect(self) -> None:
        """Cut every connection."""
        self._server.drop_all()

    async def restart_controller(self, seconds: float = 1.0) -> None:
        """Cut every connection, refuse new ones for a while, then accept again."""
        if self._return is not None:
            self._return.cancel()  # that of an earlier restart would come too early
        try:
            await self._server.refuse()
        finally:
            self._return = self.later(self._server.accept(), seconds)

    async def add_controller(self) -> dict[str, Any]:
        """Serve at one more address, as another controller of a cluster does."""
        address = await self._server.add_address()
        self.moved()
        return {"address": address}

    async def lose_controller(self, address: str) -> None:
        """Serve no longer at one of several addresses."""
        await self._server.remove_address(address)
        self.moved()

    async def move_controller(self) -> dict[str, Any]:
        """Serve at another address only."""
        old = list(self._server.controller.addresses)
        address = await self._server.add_address()
        for one in old:
            await self._server.remove_address(one)
        self.moved()
        return {"address": address}

    # -- charms and agents ------------------------------------------------------------------

    async def hook(
        self, unit: str = "*", name: str = "*", mode: str = "fail", count: int = 1
    ) -> None:
        """Have the next `count` hooks that fit ``fail``, ``hang``, ``lie`` or ``hold``."""
        self._trouble("hook", unit, name, mode, count)

    async def action(
        self, unit: str = "*", name: str = "*", mode: str = "fail", count: int = 1
    ) -> None:
        """Have the next `count` actions that fit ``fail``, ``hang``, ``lie`` or ``hold``."""
        self._trouble("action", unit, name, mode, count)

    async def command(
        self, unit: str = "*", name: str = "*", mode: str = "fail", count: int = 1
    ) -> None:
        """Have the next `count` commands that fit ``fail``, ``hang``, ``lie`` or ``hold``."""
        self._trouble("command", unit, name, mode, count)

    def _trouble(self, kind: str, unit: str, name: str, mode: str, count: int) -> None:
        _one_of("mode", mode, [one.value for one in Mode])
        self._model.troubles.add(Trouble(kind, unit, name, Mode(mode), count))

    async def lose_agent(self, unit: str) -> None:
        """Kill a unit's agent; it stays away until `restart-agent`."""
        self._model.unit(unit)
        ending = self._model.uniters[unit].kill()
        if ending is not None:
            await asyncio.gather(ending, return_exceptions=True)

    async def restart_agent(self, unit: str, down: float = 0.0) -> None:
        """Restart a unit's agent, with what it runs."""
        self._model.unit(unit)
        self._agents.restart_agent(unit, down)

    async def reboot(self, machine: str, down: float = 0.0) -> None:
        """Reboot a machine with its containers."""
        self._machine(machine)
        self._agents.reboot(machine, down)

    def _machine(self, machine: str) -> None:
        if machine not in self._model.machines:
            raise ModelError(f'machine "{machine}" not found', "not found")

    async def leader(self, unit: str) -> None:
        """Move the leadership of an application to a unit."""
        self._model.elect(unit)

    # -- other hands ------------------------------------------------------------------------

    async def add_unit(self, application: str, by: str = "someone") -> dict[str, Any]:
        """Add a unit on a new machine."""
        app = self._model.application(application)
        self._model.asked("Application.AddUnits", by, application=application, units=1)
        machine = machine_for(self._model, None, app.series)
        return {"unit": self._model.add_unit(application, machine, settled=False).name}

    async def remove_unit(self, unit: str, by: str = "someone") -> None:
        """Remove a unit."""
        self._model.remove_unit(unit, by)

    async def configure(self, application: str, key: str, value: str, by: str = "someone") -> None:
        """Set an option."""
        self._model.set_config(application, {key: value}, by)

    async def refresh(self, application: str, channel: str, by: str = "someone") -> None:
        """Refresh an application to a channel."""
        app = self._model.application(application)
        name = charmurl.parse_url(app.charm_url).name
        found = self._model.store.resolve(name, channel, app.series, None)
        origin = charmurl.origin_of(found.url, channel, app.series)
        self._model.set_charm(application, found, origin, channel, by)

    async def revoke(self, user: str, level: str = "read") -> None:
        """Take a level of access to the model away, and those above it."""
        self._server.controller.revoke(user, level, self._model.uuid)

    async def grant(self, user: str, level: str = "admin") -> None:
        """Give a user access to the model."""
        self._server.controller.grant(user, level, self._model.uuid)

    async def block(self, kind: str = "BlockChange", message: str = "") -> None:
        """Put a change block in force."""
        _one_of("kind", kind, ["BlockChange", "BlockRemove", "BlockDestroy"])
        self._model.blocks[kind] = message

    async def unblock(self) -> None:
        """Lift all change blocks."""
        self._model.blocks.clear()

    # -- time and place ---------------------------------------------------------------------

    async def jump(self, seconds: float) -> None:
        """Set the controller's clock forward, or back with a negative number."""
        self._model.clock.jump(seconds)

    async def migrate(self, address: str = "192.0.2.1:17070") -> None:
        """Answer logins to the model as after a migration: with a redirect to an address."""
        controller, (host, _, port) = self._server.controller, address.rpartition(":")
        entry = {"value": host, "type": "ipv4", "scope": "public", "port": int(port)}
        controller.redirects[self._model.uuid] = {
            "servers": [[entry]],
            "ca-cert": controller.ca,
            "controller-tag": f"controller-{controller.uuid}",
            "controller-alias": "elsewhere",
        }
        self._server.drop_all()

    async def clear(self) -> None:
        """Take back wishes that have not struck yet, storms, redirects and blocks.

        A controller that restarts is there again at once, and what is held goes on.
        """
        for task in self._coming:
            task.cancel()
        self.breakage.clear()
        self._model.troubles.clear()
        self._model.blocks.clear()
        self._server.controller.redirects.pop(self._model.uuid, None)
        await self._server.accept()

    # -- by name ----------------------------------------------------------------------------

    async def apply(self, name: str, options: dict[str, Any]) -> dict[str, Any]:
        """Make a fault happen, by name and with options as texts.

        Raises:
            FaultError: there is no such fault, or not with these options.
            ModelError: there is no such unit, application, machine or user.
        """
        converted = checked(name, options)
        try:
            return await faults()[name](self, **converted) or {}
        except ValueError as error:
            raise FaultError(str(error)) from error

    def come(self, faults: Coroutine[Any, Any, Any]) -> None:
        """Let faults come one after the other, until they are cleared."""
        task = self.later(faults)
        self._coming.add(task)
        task.add_done_callback(self._coming.discard)

    def later(self, work: Coroutine[Any, Any, Any], seconds: float = 0.0) -> asyncio.Task[None]:
        """Do something after some real seconds, unless the testbed ends before."""

        async def wait() -> None:
            await asyncio.sleep(seconds)
            await work

        task = asyncio.get_running_loop().create_task(wait())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: work.close())  # it may be cancelled before it begins
        return task

    async def close(self) -> None:
        """End what is still to come."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


_NO_FAULTS = ("apply", "close")


def faults() -> dict[str, Callable[..., Any]]:
    """Return name -> method of every fault."""
    return {
        name.replace("_", "-"): method
        for name, method in inspect.getmembers(Faults, inspect.iscoroutinefunction)
        if not name.startswith("_") and name not in _NO_FAULTS
    }


@dataclasses.dataclass(frozen=True)
class Option:
    """An option of a fault; one without a default must be given."""

    name: str
    type: type
    default: Any


def options_of(method: Callable[..., Any]) -> list[Option]:
    """Return a fault's options."""
    types = typing.get_type_hints(method)
    return [
        Option(name, types[name], parameter.default)
        for name, parameter in inspect.signature(method).parameters.items()
        if name != "self"
    ]


def checked(name: str, given: dict[str, Any]) -> dict[str, Any]:
    """Return a fault's options in their types.

    Raises:
        FaultError: there is no such fault, or not with these options.
    """
    if name not in faults():
        raise FaultError(f"no fault {name!r}; there are {', '.join(faults())}")
    known = {option.name: option for option in options_of(faults()[name])}
    for key in given:
        if key not in known:
            raise FaultError(f"no option {key!r}; there are {', '.join(known) or 'none'}")
    for option in known.values():
        if option.default is inspect.Parameter.empty and option.name not in given:
            raise FaultError(f"the option {option.name!r} is missing")
    try:
        return {key: known[key].type(value) for key, value in given.items()}
    except ValueError as error:
        raise FaultError(str(error)) from error


def _one_of(name: str, value: str, allowed: list[str]) -> None:
    if value not in allowed:
        raise FaultError(f"{name} {value!r} is not one of {', '.join(allowed)}")
