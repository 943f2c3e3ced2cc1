"""Watchers: AllWatcher for the whole model, StringsWatcher for the progress of a task."""

from __future__ import annotations

import json
from typing import Any

from ...model import charmurl
from ...model.entities import Status, Task
from ...model.model import Model
from ...model.state import Relation
from ..errors import WireError
from ..shapes import stamp
from .facade import Call, Facade

ALL = Facade("AllWatcher", (3,))
STRINGS = Facade("StringsWatcher", (1,))
# World seconds; the real one is fed by the database's change stream. Each look goes over the whole
# model, so a large one is looked at more rarely.
LOOK_EVERY_S, LOOK_PER_ENTITY_S = 0.1, 0.0004


class AllWatcher:
    """Compares the model with what it has told before.

    Attributes:
        stopped: Stop was called; whoever waits gets "watcher was stopped".
    """

    def __init__(self, model: Model):
        self.model = model
        self.stopped = False
        self._told: dict[tuple[str, str], str] = {}

    async def next(self) -> list[list[Any]]:
        """Wait for a change and return the deltas; the first answer is the whole model."""
        while not self.stopped:
            deltas = self._deltas()
            if deltas:
                return deltas
            await self.model.clock.sleep(max(LOOK_EVERY_S, LOOK_PER_ENTITY_S * len(self._told)))
        raise WireError("watcher was stopped", "stopped")

    def _deltas(self) -> list[list[Any]]:
        now = {(kind, key): data for kind, key, data in _entities(self.model)}
        deltas: list[list[Any]] = []
        for place, data in now.items():
            text = json.dumps(data, sort_keys=True)
            if self._told.get(place) != text:
                self._told[place] = text
                deltas.append([place[0], "change", data])
        for gone in [place for place in self._told if place not in now]:
            del self._told[gone]
            deltas.append([gone[0], "remove", _identity(*gone)])
        return deltas


def _identity(kind: str, key: str) -> dict[str, Any]:
    """Return the fields that name an entity which is gone."""
    if kind == "relation":
        return {"key": key}
    return {"name": key, "id": key}


def _entities(model: Model) -> list[tuple[str, str, dict[str, Any]]]:
    """Return (kind, key, data) of everything that libjuju's model keeps."""
    found: list[tuple[str, str, dict[str, Any]]] = [("model", model.uuid, _model(model))]
    found += [("machine", id, _machine(model, id)) for id in model.machines]
    found += [("application", name, _application(model, name)) for name in model.applications]
    found += [("unit", name, _unit(model, name)) for name in model.units]
    found += [("relation", one.key, _relation(model, one)) for one in model.relations]
    found += [("action", str(id), _action(model, task)) for id, task in model.tasks.items()]
    return found


def _status(status: Status) -> dict[str, Any]:
    return {
        "current": status.current,
        "message": status.message,
        "since": stamp(status.since),
        "version": "",
        "data": dict(status.data),
    }


def _model(model: Model) -> dict[str, Any]:
    return {
        "model-uuid": model.uuid,
        "name": model.name,
        "life": "alive",
        "owner": "admin",
        "controller-uuid": "",
        "is-controller": False,
        "config": dict(model.config),
        "status": _status(Status("available", since=model.created)),
        "constraints": {},
        "sla": {"level": "unsupported", "owner": ""},
    }


def _machine(model: Model, id: str) -> dict[str, Any]:
    machine = model.machines[id]
    return {
        "model-uuid": model.uuid,
        "id": id,
        "instance-id": id,
        "agent-status": _status(machine.agent),
        "instance-status": _status(machine.instance),
        "life": "alive",
        "base": "ubuntu@" + charmurl.base_of(machine.series)["channel"],
        "series": machine.series,
        "container-type": id.split("/")[-2] if "/" in id else "",
        "supported-containers": [],
        "supported-containers-known": False,
        "hardware-characteristics": {
            "arch": "amd64",
            **({"availability-zone": machine.zone} if machine.zone else {}),
        },
        "jobs": ["JobHostUnits"],
        "addresses": [{"value": machine.address, "type": "ipv4", "scope": "local-cloud"}],
        "has-vote": False,
        "wants-vote": False,
        "hostname": f"juju-{model.uuid[-6:]}-{id.replace('/', '-')}",
    }


def _application(model: Model, name: str) -> dict[str, Any]:
    app = model.applications[name]
    return {
        "model-uuid": model.uuid,
        "name": name,
        "exposed": app.exposed,
        "charm-url": app.charm_url,
        "owner-tag": "user-admin",
        "life": "alive",
        "min-units": 0,
        "constraints": {"arch": "amd64"},
        "config": dict(app.config),
        "subordinate": app.definition.subordinate,
        "status": _status(model.application_status(name)),
        "workload-version": model.application_version(name),
    }


def _unit(model: Model, name: str) -> dict[str, Any]:
    unit = model.units[name]
    agent, workload = model.shown(name)
    series = model.applications[unit.application].series
    return {
        "model-uuid": model.uuid,
        "name": name,
        "application": unit.application,
        "base": "ubuntu@" + charmurl.base_of(series)["channel"],
        "series": series,
        "charm-url": unit.charm_url,
        "life": "alive",
        "public-address": unit.address,
        "private-address": unit.address,
        "machine-id": unit.machine,
        "ports": [],
        "port-ranges": [_port_range(one) for one in unit.open_ports],
        "principal": unit.principal,
        "subordinate": bool(unit.principal),
        "workload-status": _status(workload),
        "agent-status": _status(agent),
    }


def _port_range(text: str) -> dict[str, Any]:
    """Read an opened port: ``80/tcp``, ``8000-8010/udp``, ``icmp``."""
    numbers, slash, protocol = text.partition("/")
    if not slash:
        return {"from-port": -1, "to-port": -1, "protocol": text}
    first, _, last = numbers.partition("-")
    return {"from-port": int(first), "to-port": int(last or first), "protocol": protocol}


def _relation(model: Model, relation: Relation) -> dict[str, Any]:
    roles = ("provider", "requirer") if len(relation.endpoints) > 1 else ("peer",)
    return {
        "model-uuid": model.uuid,
        "key": relation.key,
        "id": relation.id,
        "endpoints": [
            {
                "application-name": application,
                "relation": {
                    "name": endpoint,
                    "role": role,
                    "interface": "",
                    "optional": False,
                    "limit": 0,
                    "scope": relation.scope,
                },
            }
            for (application, endpoint), role in zip(relation.endpoints, roles, strict=True)
        ],
    }


def _action(model: Model, task: Task) -> dict[str, Any]:
    return {
        "model-uuid": model.uuid,
        "id": str(task.id),
        "receiver": task.receiver,
        "name": task.name,
        "parameters": task.parameters,
        "status": task.status,
        "message": task.message,
        "results": task.results,
        "enqueued": stamp(task.enqueued),
        "started": stamp(task.started),
        "completed": stamp(task.completed),
    }


class ProgressWatcher:
    """Gives the new log messages of a task, each a JSON text."""

    def __init__(self, model: Model, task: Task):
        self.model = model
        self.stopped = False
        self._task = task
        self._told = 0

    def fresh(self) -> list[str]:
        """Return what has not been told yet."""
        new = self._task.log[self._told :]
        self._told = len(self._task.log)
        return [json.dumps({"message": text, "timestamp": stamp(at)}) for at, text in new]

    async def next(self) -> list[str]:
        """Wait for messages."""
        while not self.stopped:
            changes = self.fresh()
            if changes:
                return changes
            await self.model.clock.sleep(LOOK_EVERY_S)
        raise WireError("watcher was stopped", "stopped")


def _watcher(call: Call, kind: type[Any]) -> Any:
    watcher = call.session.watchers.get(call.object_id)
    if not isinstance(watcher, kind):
        raise WireError(f'watcher "{call.object_id}" not found', "not found")
    return watcher


@ALL.method("Next", "read")
async def all_next(call: Call) -> dict[str, Any]:
    """Wait for what has changed in the model."""
    return {"deltas": await _watcher(call, AllWatcher).next()}


@ALL.method("Stop")
async def all_stop(call: Call) -> dict[str, Any]:
    """Stop a watcher; whoever waits on it is told."""
    _watcher(call, AllWatcher).stopped = True
    del call.session.watchers[call.object_id]
    return {}


@STRINGS.method("Next")
async def strings_next(call: Call) -> dict[str, Any]:
    """Wait for new log messages of a task."""
    return {"watcher-id": call.object_id, "changes": await _watcher(call, ProgressWatcher).next()}


@STRINGS.method("Stop")
async def strings_stop(call: Call) -> dict[str, Any]:
    """Stop a watcher."""
    _watcher(call, ProgressWatcher).stopped = True
    del call.session.watchers[call.object_id]
    return {}
