"""The entities of a model, as the controller keeps them. Plain mutable data, times in UTC."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping
from typing import Any, NamedTuple

from .charm import CharmDefinition


class Counted:
    """What is shown of a model; every write to it is counted."""

    writes = 0  # to any of them in this process

    def __setattr__(self, name: str, value: Any) -> None:
        """Write."""
        Counted.writes += 1
        object.__setattr__(self, name, value)


class Status(NamedTuple):
    """A status value; `since` changes only when status or message change."""

    current: str
    message: str = ""
    since: datetime.datetime | None = None
    data: Mapping[str, Any] = {}


@dataclasses.dataclass
class Machine(Counted):
    """A machine or container (``0``, ``0/lxd/1``)."""

    id: str
    series: str
    zone: str = ""
    address: str = ""
    agent: Status = dataclasses.field(default_factory=lambda: Status("started"))
    instance: Status = dataclasses.field(default_factory=lambda: Status("running"))
    base_machine: str = ""  # the host of a container, else empty


@dataclasses.dataclass
class Unit(Counted):
    """A unit. Its simulated world (packages, services, files) hangs at `world`."""

    name: str
    application: str
    machine: str
    number: int
    principal: str = ""
    subordinates: list[str] = dataclasses.field(default_factory=list)
    workload: Status = dataclasses.field(default_factory=lambda: Status("waiting"))
    agent: Status = dataclasses.field(default_factory=lambda: Status("allocating"))
    workload_version: str = ""
    charm_url: str = ""  # what the agent has registered; differs while it lags behind
    leader: bool = False
    address: str = ""
    open_ports: list[str] = dataclasses.field(default_factory=list)
    agent_history: list[Status] = dataclasses.field(default_factory=list)
    workload_history: list[Status] = dataclasses.field(default_factory=list)
    world: Any = None  # owned by the simulated charm


@dataclasses.dataclass
class Application(Counted):
    """An application."""

    name: str
    charm_url: str  # ch:amd64/focal/keystone-500
    definition: CharmDefinition
    origin: dict[str, Any]  # charm-origin as on the wire: source, id, revision, track, risk...
    channel: str  # ussuri/stable; empty for a local charm
    series: str
    config: dict[str, Any] = dataclasses.field(default_factory=dict)  # only what was set
    exposed: bool = False
    trust: bool = False
    can_upgrade_to: str = ""
    charm_version: str = ""
    status: Status | None = None  # set by the charm with status-set --application, else derived
    history: list[Status] = dataclasses.field(default_factory=list)  # of what was set so
    subordinate_to: list[str] = dataclasses.field(default_factory=list)
    relations: dict[str, list[str]] = dataclasses.field(default_factory=dict)  # endpoint -> apps


@dataclasses.dataclass
class Task(Counted):
    """A task of an action or an exec (`juju-exec`); times have whole seconds."""

    id: int
    operation: int
    receiver: str  # unit name, or machine id
    name: str
    parameters: dict[str, Any]
    status: str  # pending, running, aborting, completed, failed, cancelled, aborted, error
    message: str = ""
    results: dict[str, Any] = dataclasses.field(default_factory=dict)
    log: list[tuple[datetime.datetime, str]] = dataclasses.field(default_factory=list)
    enqueued: datetime.datetime | None = None
    started: datetime.datetime | None = None
    completed: datetime.datetime | None = None
    parallel: bool = False
    execution_group: str = ""
    by: str = ""


@dataclasses.dataclass
class Operation:
    """An operation groups tasks; ids of both come from one counter per model."""

    id: int
    summary: str
    tasks: list[int] = dataclasses.field(default_factory=list)
    fail: str = ""
    enqueued: datetime.datetime | None = None
    started: datetime.datetime | None = None
    completed: datetime.datetime | None = None
