"""What the engine needs of Juju, as frozen data and one protocol.

The same engine runs against `client.Client` over python-libjuju and, in tests, against the same
client over a simulated controller in the same process.
Statuses, units and options are named tuples: a look makes hundreds, in half of a dataclass's time.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Protocol


class TaskStatus(enum.Enum):
    """Statuses of a task (Juju state/action.go)."""

    PENDING = "pending"  # enqueued; the agent has not begun
    RUNNING = "running"
    ABORTING = "aborting"  # cancelled while running; the process is being killed
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"  # cancelled before it began
    ABORTED = "aborted"
    ERROR = "error"  # never ran: bad parameters or an unknown action

    @property
    def final(self) -> bool:
        """Whether it will not change any more."""
        return self not in (TaskStatus.PENDING, TaskStatus.RUNNING, TaskStatus.ABORTING)


class Status(NamedTuple):
    """One status with its time (controller clock, UTC)."""

    current: str = ""
    message: str = ""
    since: datetime.datetime | None = None
    data: Mapping[str, Any] = {}


class UnitStatus(NamedTuple):
    """A unit as FullStatus shows it.

    Attributes:
        name: ``keystone/0``.
        application: ``keystone``.
        machine: machine id; for a subordinate that of its principal.
        principal: the principal unit's name, empty for a principal.
        workload: active, blocked, error...
        agent: idle, executing, lost...
        workload_version: what the charm last set; may be empty.
        charm_url: present while the unit still runs another charm than its application.
        life: empty while it is alive; dying or dead once it is to be removed.
    """

    name: str
    application: str
    machine: str
    principal: str = ""
    workload: Status = Status()
    agent: Status = Status()
    workload_version: str = ""
    charm_url: str = ""
    leader: bool = False
    life: str = ""


@dataclasses.dataclass(frozen=True)
class ApplicationStatus:
    """An application as FullStatus shows it.

    Attributes:
        charm_url: full URL with architecture, series and revision, as Juju gives it.
        charm: the charm's name, ``nova-compute``.
        scheme: ``ch``, ``cs`` or ``local``.
        revision: the revision deployed; -1 if the URL has none.
        channel: channel followed, ``ussuri/stable``; empty for local charms.
        can_upgrade_to: URL of a newer revision in the channel, or empty (a controller job that
            runs once a day, so it may be late).
        base: ``ubuntu@20.04`` style: name and channel.
        series: ``focal``, derived from the base.
        subordinate_to: applications it is subordinate to; empty for principals.
        workload_version: newest of its units.
        units: by name; for subordinates the units below their principals.
        relations: endpoint -> names of related applications.
        life: as a unit's.
    """

    name: str
    charm_url: str
    charm: str
    scheme: str
    revision: int
    channel: str
    can_upgrade_to: str
    base: str
    series: str
    subordinate_to: tuple[str, ...]
    status: Status
    workload_version: str
    units: Mapping[str, UnitStatus]
    relations: Mapping[str, tuple[str, ...]] = dataclasses.field(
        default_factory=dict[str, tuple[str, ...]]
    )
    life: str = ""


@dataclasses.dataclass(frozen=True)
class MachineStatus:
    """A machine or container; `id` as in ``0/lxd/1``; `zone` empty where unknown."""

    id: str
    zone: str


@dataclasses.dataclass(frozen=True)
class ModelStatus:
    """One FullStatus of the whole model, frozen.

    Attributes:
        controller_time: the clock to compare every `since` with.
    """

    name: str
    uuid: str
    version: str
    controller_time: datetime.datetime
    applications: Mapping[str, ApplicationStatus]
    machines: Mapping[str, MachineStatus]


@dataclasses.dataclass(frozen=True)
class HistoryEntry:
    """One entry of a unit's agent history (kind ``juju-unit``)."""

    current: str
    message: str
    since: datetime.datetime


@dataclasses.dataclass(frozen=True)
class Task:
    """A task of an action or an exec.

    Attributes:
        id: increasing number per model.
        unit: receiver, ``keystone/0``.
        name: the action's name, ``juju-exec`` for a command.
        parameters: as stored, with the defaults that the server inserted.
        output: results; an exec has ``return-code``, ``stdout``, ``stderr``.
    """

    id: int
    unit: str
    name: str
    parameters: Mapping[str, Any]
    status: TaskStatus
    message: str = ""
    output: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    enqueued: datetime.datetime | None = None
    started: datetime.datetime | None = None
    completed: datetime.datetime | None = None


class ConfigValue(NamedTuple):
    """One charm option: its value, and whether somebody set it."""

    value: Any
    is_set: bool


class Juju(Protocol):
    """What the engine asks of Juju.

    Every method raises `cou.errors.JujuError`. For a call that changes something, `sent` of the
    error tells whether it was certainly not done (``False``) or may have been (``None``).
    """

    async def full_status(self, applications: Sequence[str] = ()) -> ModelStatus:
        """Read the whole model's status, or that of some applications and their machines."""
        ...

    async def status_history(
        self, units: Sequence[str], since: datetime.datetime
    ) -> Mapping[str, tuple[HistoryEntry, ...]]:
        """Read the agent history of units since a controller time, oldest first, in one call."""
        ...

    async def config(self, applications: Sequence[str]) -> Mapping[str, Mapping[str, ConfigValue]]:
        """Read the options of applications, concurrently."""
        ...

    async def actions(self, applications: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Read the names of the actions that the charms of applications have, in one call."""
        ...

    async def model_config(self) -> Mapping[str, Any]:
        """Read the model's configuration (``automatically-retry-hooks``...)."""
        ...

    async def model_access(self) -> str:
        """Return the logged-in user's access to the model: read, write or admin; or empty."""
        ...

    async def set_config(self, application: str, values: Mapping[str, str]) -> None:
        """Set options. Repeating it changes nothing."""
        ...

    async def refresh(self, application: str, channel: str, switch: str = "") -> str:
        """Move an application's charm to a channel; return the charm URL it then has.

        Args:
            channel: ``victoria/stable``.
            switch: ``ch:<charm>`` for a crossgrade, else empty.
        """
        ...

    async def enqueue(self, unit: str, action: str, params: Mapping[str, Any]) -> int:
        """Enqueue an action and return its task id. Not idempotent."""
        ...

    async def run_command(self, unit: str, command: str, timeout_s: float) -> int:
        """Enqueue a shell command on a unit (root, hook context); return its task id.

        ``timeout_s`` 0 means none. Needs admin access. Not idempotent.
        """
        ...

    async def tasks(self, ids: Sequence[int]) -> Mapping[int, Task]:
        """Read tasks by id, with their output; ids that Juju does not know are left out."""
        ...

    async def tasks_after(self, units: Sequence[str], name: str, after: int) -> tuple[Task, ...]:
        """List tasks of some units and one action name with an id above `after`, oldest first.

        Outputs are left out; read them with `tasks`.
        """
        ...

    async def last_task_id(self, unit: str, name: str) -> int:
        """Return the highest task id of a unit and action name; 0 where there is none."""
        ...

    async def cancel_tasks(self, ids: Sequence[int]) -> Mapping[int, str]:
        """Cancel tasks; return the status of each after the call, or the error's text."""
        ...

    async def annotations(self, tag: str) -> Mapping[str, str]:
        """Read the annotations of an entity (``model-<uuid>``, ``application-x``)."""
        ...

    async def set_annotations(self, tag: str, values: Mapping[str, str]) -> None:
        """Set annotations; an empty value removes the key. Repeating it changes nothing."""
        ...

    async def close(self) -> None:
        """Drop the connection; the next call makes a new one."""
        ...
