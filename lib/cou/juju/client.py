"""The client of the engine: what `port.Juju` promises, done over facade calls."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any

from . import charms, config, status, tasks
from .port import ConfigValue, HistoryEntry, ModelStatus, Task
from .request import PAUSES_S, Requester
from .transport import Transport


class Client:
    """Juju over any transport. `port.Juju` says what each method does and raises.

    Replies are read with care: one that is not of the expected form raises `JujuError`
    ``bad-reply``, which names facade, method and field. Where nothing is changed, it is asked for
    again before. `refresh` also raises `BadInput` for a
    text that is no channel.
    """

    def __init__(self, transport: Transport, pauses_s: tuple[float, ...] = PAUSES_S):
        self._transport = transport
        self._requester = Requester(transport, pauses_s)
        self._looks = status.StatusReader()

    async def full_status(self, applications: Sequence[str] = ()) -> ModelStatus:
        """Read the whole model's status, or that of some applications."""
        session = await self._transport.session()
        return await self._requester.again(
            lambda: self._looks.full_status(self._requester, session.model_uuid, applications)
        )

    async def status_history(
        self, units: Sequence[str], since: datetime.datetime
    ) -> Mapping[str, tuple[HistoryEntry, ...]]:
        """Read the agent history of units; empty for a unit that Juju does not know."""
        return await self._requester.again(lambda: status.history(self._requester, units, since))

    async def config(self, applications: Sequence[str]) -> Mapping[str, Mapping[str, ConfigValue]]:
        """Read the options of applications."""
        return await self._requester.again(
            lambda: config.charm_config(self._requester, applications)
        )

    async def actions(self, applications: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Read the names of applications' actions."""
        return await self._requester.again(lambda: charms.actions(self._requester, applications))

    async def model_config(self) -> Mapping[str, Any]:
        """Read the model's configuration."""
        return await self._requester.again(lambda: config.model_config(self._requester))

    async def model_access(self) -> str:
        """Return the account's access to the model, as the last login told it.

        A superuser of the controller has every right on every model without being granted any.
        """
        session = await self._transport.session()
        return "admin" if session.controller_access == "superuser" else session.model_access

    async def set_config(self, application: str, values: Mapping[str, str]) -> None:
        """Set options."""
        await config.set_config(self._requester, application, values)

    async def refresh(self, application: str, channel: str, switch: str = "") -> str:
        """Move a charm to a channel; return the URL read back."""
        return await charms.refresh(self._requester, application, channel, switch)

    async def enqueue(self, unit: str, action: str, params: Mapping[str, Any]) -> int:
        """Enqueue an action; return its task id."""
        return await tasks.enqueue(self._requester, unit, action, params)

    async def run_command(self, unit: str, command: str, timeout_s: float) -> int:
        """Enqueue a command; return its task id."""
        return await tasks.run_command(self._requester, unit, command, timeout_s)

    async def tasks(self, ids: Sequence[int]) -> Mapping[int, Task]:
        """Read tasks with their output."""
        return await self._requester.again(lambda: tasks.tasks(self._requester, ids))

    async def tasks_after(self, units: Sequence[str], name: str, after: int) -> tuple[Task, ...]:
        """List tasks with an id above `after`."""
        return await self._requester.again(
            lambda: tasks.tasks_after(self._requester, units, name, after)
        )

    async def last_task_id(self, unit: str, name: str) -> int:
        """Return the highest task id of a unit and action."""
        return await self._requester.again(lambda: tasks.last_task_id(self._requester, unit, name))

    async def cancel_tasks(self, ids: Sequence[int]) -> Mapping[int, str]:
        """Cancel tasks."""
        return await tasks.cancel(self._requester, ids)

    async def annotations(self, tag: str) -> Mapping[str, str]:
        """Read annotations."""
        return await self._requester.again(lambda: config.read_annotations(self._requester, tag))

    async def set_annotations(self, tag: str, values: Mapping[str, str]) -> None:
        """Set annotations."""
        await config.set_annotations(self._requester, tag, values)

    async def close(self) -> None:
        """Drop the connection; the next call makes a new one."""
        await self._transport.close()
