"""What `juju` and `juju-testbed` ask for that needs charms and agents: deploying, faults."""

from __future__ import annotations

import asyncio
import dataclasses
import pathlib
from collections.abc import Awaitable, Callable
from typing import Any

from ..agent.archive import BadCharm
from ..agent.host import AgentHost
from ..charms import bundle, rehearsal, snapshot
from ..charms.bundle_text import BundleError
from ..model import charmurl, configs
from ..model.errors import ModelError
from ..model.store import NotInStore
from ..wire.errors import WireError
from ..wire.facades.deploying import machine_for
from ..wire.facades.facade import Call
from . import storm
from .faults import FaultError, Faults
from .world import Room, World

Handler = Callable[[Call], Awaitable[dict[str, Any]]]
UNSEAL_KEYS = 3
DEFAULT_SERIES = "jammy"


class Handlers:
    """The handlers of one world: those of `juju` are registered with its controller.

    Args:
        world: what they act on.
        faults: what makes things go wrong.
    """

    def __init__(self, world: World, faults: Faults):
        self._world = world
        self._faults = faults

    def register(self) -> None:
        """Make what `juju` does by other ways than facades known to every session."""
        methods: dict[str, Handler] = {
            "DeployBundle": self.deploy_bundle,
            "DeployLocalCharm": self.deploy_local_charm,
            "RefreshLocalCharm": self.refresh_local_charm,
        }
        self._world.controller.extensions.update(methods)

    def control(self) -> dict[str, Handler]:
        """Return what the control interface offers."""
        return {
            "DeploySnapshot": self.deploy_snapshot,
            "Fault": self.fault,
            "RestartAgent": self.restart_agent,
            "Reboot": self.reboot,
            "Snapshot": self.snapshot,
            "Storm": self.storm,
            "Unseal": self.unseal,
        }

    async def deploy_bundle(self, call: Call) -> dict[str, Any]:
        """Deploy a bundle; params: ``bundle``, its text. All units are settled afterwards."""
        world = self._world
        try:
            bundle.deploy(
                call.model,
                str(call.get("bundle", "")),
                self._room(call).store,
                zones=world.settings.zones,
                by=call.by,
            )
        except (BundleError, NotInStore) as error:
            raise WireError(f"cannot deploy bundle: {error}") from error
        return {}

    async def deploy_snapshot(self, call: Call) -> dict[str, Any]:
        """Deploy a snapshot of a model; params: ``snapshot``, its text."""
        try:
            data = rehearsal.load(str(call.get("snapshot", "")))
            rehearsal.deploy(call.model, data, self._room(call).store, call.by)
        except BundleError as error:
            raise WireError(f"cannot deploy the snapshot: {error}") from error
        return {"left-out": rehearsal.left_out(data, self._room(call).store)}

    async def deploy_local_charm(self, call: Call) -> dict[str, Any]:
        """Deploy a charm directory.

        Params: ``path``, ``application``, ``config``, ``placement`` (list), ``num-units``,
        ``series``, ``trust``.
        """
        model, name = call.model, str(call.get("application", ""))
        if name in model.applications:
            raise ModelError(f'application "{name}" already exists', "already exists")
        places = list(call.get("placement", []))
        series = str(call.get("series", "")) or _series(call, places)
        _check_places(call, places)
        revision = await self._add(call, series)
        config = dict(call.get("config", {}))
        configs.parse_values(revision.definition, config)
        model.asked("Application.Deploy", call.by, application=name, url=revision.url, channel="")
        application = model.add_application(name, revision, series, config)
        application.trust = bool(call.get("trust", False))
        for index in range(int(call.get("num-units", 1))):
            place = places[index] if index < len(places) else None
            model.add_unit(name, machine_for(model, place, series), settled=False)
        return {"name": revision.name, "revision": revision.revision}

    def _room(self, call: Call) -> Room:
        return self._world.rooms[call.model.uuid]

    def _host(self, call: Call) -> AgentHost:
        host = self._room(call).host
        if host is None:
            raise WireError("the agents have not started yet", "try again")
        return host

    async def _add(self, call: Call, series: str) -> Any:
        path = pathlib.Path(str(call.get("path", "")))
        try:
            return await asyncio.to_thread(self._room(call).local.add, path, series)
        except BadCharm as error:
            raise WireError(str(error), "not valid") from error

    async def refresh_local_charm(self, call: Call) -> dict[str, Any]:
        """Refresh an application to a charm directory; params: ``path``, ``application``."""
        model = call.model
        application = model.application(str(call.get("application", "")))
        revision = await self._add(call, application.series)
        if revision.name != application.definition.name:
            raise ModelError(
                f'cannot refresh "{application.definition.name}" to "{revision.name}"'
            )
        origin = charmurl.origin_of(revision.url, "", application.series)
        model.set_charm(application.name, revision, origin, "", call.by)
        config = dict(call.get("config", {}))
        if config:
            model.set_config(application.name, config, call.by)
        return {"name": revision.name, "revision": revision.revision}

    async def restart_agent(self, call: Call) -> dict[str, Any]:
        """Restart a unit's agent; params: ``unit``, ``down`` (world seconds)."""
        name = call.model.unit(str(call.get("unit", ""))).name
        self._host(call).restart_agent(name, float(call.get("down", 0)))
        return {}

    async def reboot(self, call: Call) -> dict[str, Any]:
        """Reboot a machine; params: ``machine``, ``down`` (world seconds)."""
        machine = str(call.get("machine", ""))
        if machine not in call.model.machines:
            raise ModelError(f'machine "{machine}" not found', "not found")
        self._host(call).reboot(machine, float(call.get("down", 0)))
        return {}

    async def fault(self, call: Call) -> dict[str, Any]:
        """Make something go wrong; params: ``name``, and ``options`` (a map of texts)."""
        name, options = str(call.get("name", "")), dict(call.get("options", {}))
        try:
            return await self._faults.apply(name, options)
        except (FaultError, NotInStore) as error:
            raise WireError(str(error), "not valid") from error

    async def storm(self, call: Call) -> dict[str, Any]:
        """Draw faults by ``seed`` and let them happen: ``number`` over ``seconds`` (real)."""
        seed, number = int(call.get("seed", 0)), int(call.get("number", 10))
        seconds = float(call.get("seconds", 60))
        gusts = storm.draw(seed, number, seconds, list(call.model.units))
        self._faults.come(storm.blow(self._faults, call.model, gusts))
        return {"faults": [dataclasses.asdict(gust) for gust in gusts]}

    async def snapshot(self, call: Call) -> dict[str, Any]:
        """Write the whole cloud in short into the log of operations."""
        snapshot.write(self._room(call).store.charm.place, call.by)
        return {}

    async def unseal(self, call: Call) -> dict[str, Any]:
        """Unseal vault units with three keys, as its operator would; params: ``units``.

        Without units, all that are sealed. They are ordinary commands of the user that asks.
        """
        model = call.model
        wanted = [str(name) for name in call.get("units", [])]
        place = self._room(call).store.charm.place
        sites = [site for app in place.applications("vault") for site in place.sites(app.name)]
        sealed = [site.name for site in sites if site.world.sealed]
        chosen = [model.unit(name).name for name in wanted] or sealed
        for number in range(UNSEAL_KEYS if chosen else 0):
            model.run(f"vault operator unseal key-{number + 1}", chosen, 60, call.by)
        return {"units": chosen}


def _series(call: Call, places: list[dict[str, Any]]) -> str:
    """Return the series of the machine that a charm goes to, or a common one."""
    for place in places:
        machine = call.model.machines.get(str(place.get("directive", "")))
        if machine is not None:
            return machine.series
    return DEFAULT_SERIES


def _check_places(call: Call, places: list[dict[str, Any]]) -> None:
    """Refuse a placement on a machine that is not there, before anything is deployed."""
    for place in places:
        machine = str(place.get("directive", ""))
        if machine and machine not in call.model.machines:
            raise ModelError(f'machine "{machine}" not found', "not found")
        if place.get("scope") not in ("#", "lxd", "kvm"):
            raise ModelError(f'placement scope "{place.get("scope")}" not valid', "not valid")
