"""What a model holds, shared by the modules that act on it."""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import datetime
import functools
import uuid as uuids
from typing import TYPE_CHECKING, Any, NamedTuple

from .clock import Clock
from .entities import Application, Machine, Operation, Task, Unit
from .errors import not_found
from .locks import MachineLocks
from .oplog import OperationLog
from .store import Store
from .troubles import Troubles

if TYPE_CHECKING:
    from .secrets import Secret
    from .uniter import Uniter

# Defaults of a fresh model that clients look at (juju environs/config/config.go).
DEFAULT_CONFIG: dict[str, Any] = {
    "agent-version": "3.6.14",
    "automatically-retry-hooks": True,
    "charmhub-url": "https://api.charmhub.io",
    "default-base": "",
    "development": False,
    "logging-config": "<root>=INFO",
    "max-action-results-age": "336h",
    "max-action-results-size": "5G",
    "mode": "requires-prompts",
    "type": "manual",
    "update-status-hook-interval": "5m",
}


@dataclasses.dataclass(frozen=True)
class Relation:
    """A relation; `endpoints` are (application, endpoint) pairs, one for a peer relation."""

    id: int
    endpoints: tuple[tuple[str, str], ...]
    scope: str = "global"

    @functools.cached_property
    def applications(self) -> tuple[str, ...]:
        """The names of the applications it joins."""
        return tuple(application for application, _ in self.endpoints)

    @functools.cached_property
    def key(self) -> str:
        """The relation's key: ``keystone:shared-db mysql:shared-db``."""
        return " ".join(f"{application}:{endpoint}" for application, endpoint in self.endpoints)


class LogLine(NamedTuple):
    """A line of the model's debug log."""

    at: datetime.datetime
    entity: str  # unit-keystone-0
    level: str
    module: str
    message: str


class ModelState:
    """The data of a model, and how its agents are told that something changed.

    Attributes:
        watch_delay_s: world seconds between an API write and an agent noticing it.
        charm_download_s: how long the controller takes to fetch a charm's archive; until then
            its actions are unknown and agents cannot stage it.
        charm_unpack_s: how long an agent unpacks a charm; no status shows it.
        blocks: change blocks in force: kind (``all-changes``) -> message.
    """

    def __init__(
        self,
        name: str = "openstack",
        *,
        store: Store,
        clock: Clock | None = None,
        log: OperationLog | None = None,
        uuid: str = "",
        config: dict[str, Any] | None = None,
    ):
        self.name = name
        self.uuid = uuid or str(uuids.uuid4())
        self.store = store
        self.clock = clock or Clock()
        self.log = log or OperationLog()
        self.created = self.clock.now()
        self.config: dict[str, Any] = {**DEFAULT_CONFIG, "name": name, "uuid": self.uuid}
        self.config.update(config or {})
        self.constraints: dict[str, Any] = {}
        self.machines: dict[str, Machine] = {}
        self.applications: dict[str, Application] = {}
        self.units: dict[str, Unit] = {}
        self.members: dict[str, list[Unit]] = {}  # application -> its units, by number
        self.relations: list[Relation] = []
        self.leaving: set[str] = set()  # applications that are being removed
        self.doomed: set[str] = set()  # principals that wait for their subordinates to go
        self.tasks: dict[int, Task] = {}
        self.operations: dict[int, Operation] = {}
        self.secrets: dict[str, Secret] = {}
        self.annotations: dict[str, dict[str, str]] = {}
        self.charms: dict[str, datetime.datetime] = {}  # URL -> when its archive is here (steady)
        self.debug_log: collections.deque[LogLine] = collections.deque(maxlen=20_000)
        self.logged = 0  # how many lines ever; the buffer forgets the oldest
        self.blocks: dict[str, str] = {}
        self.watch_delay_s = 0.2
        self.charm_download_s = 1.0
        self.charm_unpack_s = 0.5
        self.uniters: dict[str, Uniter] = {}
        self.locks = MachineLocks()
        self.troubles = Troubles()
        self.running = False
        self.machine_work: set[asyncio.Task[None]] = set()  # commands that run on machines
        self._counters: collections.Counter[str] = collections.Counter()

    def next_id(self, kind: str) -> int:
        """Count: one counter per kind; tasks and operations share ``task``."""
        self._counters[kind] += 1
        return self._counters[kind]

    def application(self, name: str) -> Application:
        """Return an application, or raise what Juju says when there is none."""
        found = self.applications.get(name)
        if found is None:
            raise not_found("application", name)
        return found

    def unit(self, name: str) -> Unit:
        """Return a unit, or raise what Juju says when there is none."""
        found = self.units.get(name)
        if found is None:
            raise not_found("unit", name)
        return found

    def units_of(self, application: str) -> list[Unit]:
        """Return the units of an application, by number."""
        return list(self.members.get(application, ()))

    def say(self, unit: str, message: str, level: str = "INFO", module: str = "juju-log") -> None:
        """Add lines to the debug log, as `juju-log` and the agent do."""
        entity = f"unit-{unit.replace('/', '-')}" if "/" in unit else unit
        at = self.clock.now()
        for line in message.splitlines() or [""]:
            self.debug_log.append(LogLine(at, entity, level, module, line))
            self.logged += 1

    def touch(self, units: list[str]) -> None:
        """Let agents notice, after the watch delay, that something of theirs has changed."""
        for name in units:
            uniter = self.uniters.get(name)
            if uniter is not None:
                uniter.notice_later()

    def forget_unit(self, unit: Unit) -> None:
        """Take a unit out of the model; its pending tasks are for `operations` to end."""
        del self.units[unit.name]
        self.members[unit.application].remove(unit)
        del self.uniters[unit.name]
        if unit.principal in self.units:
            self.units[unit.principal].subordinates.remove(unit.name)

    def asked(self, call: str, by: str, error: str = "", **data: Any) -> None:
        """Write that a call asked to change the model; `error` says why it was refused."""
        unit, application = data.pop("unit", ""), data.pop("application", "")
        task = data.pop("task", None)
        if error:
            data["error"] = error
        self.log.write(
            self.clock.now(),
            "asked",
            by=by,
            unit=unit,
            application=application,
            task=task,
            call=call,
            accepted=not error,
            **data,
        )
