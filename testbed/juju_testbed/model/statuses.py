"""Statuses: what a unit shows, since when, and the history of it."""

from __future__ import annotations

import datetime
from typing import Any

from .entities import Status, Unit
from .state import ModelState

# The worst status of its units is an application's, in this order (juju core/status).
_SEVERITY = ("error", "blocked", "maintenance", "waiting", "active", "terminated", "unknown")


class Statuses(ModelState):
    """What charms and agents report."""

    def set_workload(self, unit: str, current: str, message: str = "") -> None:
        """Set a unit's workload status, as `status-set` does."""
        self._set(self.unit(unit), "workload", current, message, {})

    def set_agent(
        self, unit: str, current: str, message: str = "", data: dict[str, Any] | None = None
    ) -> None:
        """Set what the unit's agent reports: idle, executing, error, lost..."""
        self._set(self.unit(unit), "agent", current, message, data or {})

    def set_application_status(self, application: str, current: str, message: str = "") -> None:
        """Set an application's own status, as `status-set --application` does."""
        app = self.application(application)
        before = app.status
        if before is None or (before.current, before.message) != (current, message):
            app.status = Status(current, message, self.clock.now())
            app.history.append(app.status)

    def set_workload_version(self, unit: str, version: str) -> None:
        """Set the version that a unit's charm reports, as `application-version-set` does."""
        entity = self.unit(unit)
        if entity.workload_version != version:
            entity.workload_version = version

    def _set(
        self, unit: Unit, kind: str, current: str, message: str, data: dict[str, Any]
    ) -> None:
        """Store a status; an equal one keeps its `since` and only moves the history's last."""
        now = self.clock.now()
        history: list[Status] = getattr(unit, f"{kind}_history")
        before: Status = getattr(unit, kind)
        if (before.current, before.message) == (current, message) and before.since is not None:
            if history:
                history[-1] = Status(current, message, now, history[-1].data)
            return
        status = Status(current, message, now, data)
        setattr(unit, kind, status)
        history.append(status)

    def shown(self, unit: str) -> tuple[Status, Status]:
        """Return what the API shows as (agent, workload).

        A failed hook shows as an idle agent and a workload in error (juju state/unitagent.go).
        """
        entity = self.unit(unit)
        agent, workload = entity.agent, entity.workload
        if agent.current == "error":
            workload = Status("error", agent.message, agent.since, agent.data)
            agent = Status("idle", "", agent.since)
        uniter = self.uniters[unit]
        if self.running and not uniter.alive and agent.current not in ("allocating", "failed"):
            agent = Status("lost", "agent is not communicating with the server", agent.since)
            if workload.current != "error":
                hint = f"agent lost, see 'juju show-status-log {unit}'"
                workload = Status("unknown", hint, workload.since)
        return agent, workload

    def application_status(self, application: str) -> Status:
        """Return an application's own status, else the worst of its units'."""
        own = self.application(application).status
        if own is not None:
            return own
        shown = [self.shown(unit.name)[1] for unit in self.units_of(application)]
        shown.sort(key=lambda s: _SEVERITY.index(s.current) if s.current in _SEVERITY else 99)
        return shown[0] if shown else Status("unknown")

    def application_version(self, application: str) -> str:
        """Return the workload version of the newest unit that has set one."""
        versions = [u.workload_version for u in self.units_of(application) if u.workload_version]
        return versions[-1] if versions else ""

    def application_history(self, application: str) -> list[tuple[str, Status]]:
        """Return what an application's leader has set, oldest first, else what it shows now."""
        kept = self.application(application).history
        return [("application", one) for one in kept or [self.application_status(application)]]

    def history(self, unit: str, kind: str) -> list[tuple[str, Status]]:
        """Return (kind, status) entries, oldest first.

        Args:
            unit: its name.
            kind: ``juju-unit`` (the agent), ``workload``, or ``unit`` for both, merged.
        """
        entity = self.unit(unit)
        entries: list[tuple[str, Status]] = []
        if kind in ("juju-unit", "unit"):
            entries += [("juju-unit", status) for status in entity.agent_history]
        if kind in ("workload", "unit"):
            entries += [("workload", status) for status in entity.workload_history]
        oldest = datetime.datetime.min.replace(tzinfo=datetime.timezone.utc)
        return sorted(entries, key=lambda entry: entry[1].since or oldest)
