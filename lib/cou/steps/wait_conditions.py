"""What waits wait for, as pure checks of one look at the model."""

from __future__ import annotations

import dataclasses
import datetime
import math
from collections.abc import Sequence

from ..errors import StepFailed
from ..juju.port import ApplicationStatus, HistoryEntry, ModelStatus, Status, UnitStatus
from ..openstack.workload_status import SEALED, is_sealed
from ..wording import text
from .context import History, LookTime, PendingWait, StateBefore, Wait


def hooks_ended(
    application: str,
    hooks: Sequence[str],
    before: StateBefore,
    *,
    timeout_s: float,
    grace_s: float,
    charm_url: str = "",
) -> Wait:
    """Wait until hooks that a change caused have ended on every unit of an application.

    Proof, per unit: the agent's history has ``running <hook> hook`` for each
    hook, in order, later than `before`; the agent has been idle since a later time; the workload
    is in no error. After a refresh the unit must also run `charm_url`.

    Where the controller's clock was set back meanwhile, stamps may be earlier by as much. An agent
    that shows what it showed before has then done nothing, and a hook has ended where a later look
    than the one that showed it shows an idle agent. A hook of the same name that ran before the
    change, within the time that the clock was set back by, cannot be told from one after it.

    Args:
        grace_s: how long a hook error may last; 0 fails at once.
        charm_url: what the application must run, or empty.
    """

    errors = HookErrors(grace_s)
    began: dict[str, datetime.datetime] = {}  # unit -> when its last hook did, as a look showed

    def since(look: LookTime) -> datetime.datetime:
        return before.at - datetime.timedelta(seconds=look.set_back_s(before))

    def settled(unit: UnitStatus, look: LookTime) -> bool:
        was = before.agents.get(unit.name) if look.set_back_s(before) else None
        return _idle_after(unit, since(look)) and (was is None or unit.agent.since != was)

    def needs(status: ModelStatus, look: LookTime) -> list[str]:
        app = status.applications.get(application)
        units = app.units.values() if app else ()
        return [unit.name for unit in units if settled(unit, look)]

    def check(status: ModelStatus, history: History, look: LookTime) -> PendingWait | None:
        app = _application(status, application)
        back = datetime.timedelta(seconds=look.set_back_s(before))
        for unit in app.units.values():
            errors.check(unit, look)
            if charm_url and (unit.charm_url not in ("", charm_url)):
                return _of(unit, "wait/other-charm", charm=unit.charm_url)
            if not settled(unit, look):
                return _of(unit, "wait/hook-not-finished", hook=hooks[-1])
            entries = history.get(unit.name, ())
            last = _last_hook(entries, hooks, before.at, back, before.agents.get(unit.name))
            if last is None:
                return _of(unit, "wait/hooks-not-run", hooks=" and ".join(hooks))
            if back and began.get(unit.name) != last:
                began[unit.name] = last
                return _of(unit, "wait/hook-run", due_s=0.0, hook=hooks[-1])
            if not back and not _idle_after(unit, last):
                return _of(unit, "wait/still-busy")
            if unit.workload.current == "error":
                return _of(unit, "wait/in-error")
        return None

    return Wait(
        check=check,
        applications=(application,),
        timeout_s=timeout_s,
        history_since=since,
        needs_history=needs,
    )


def idle(applications: Sequence[str], *, quiet_s: float, timeout_s: float, grace_s: float) -> Wait:
    """Wait until applications are active and their units idle, and have been for a while.

    The quiet period counts from the last activity that any status shows, so where nothing has
    changed one look is enough. It is measured by our own clock (`LookTime.quiet_s`).
    """

    errors = HookErrors(grace_s)

    def check(status: ModelStatus, history: History, look: LookTime) -> PendingWait | None:
        found: list[PendingWait] = []
        quiet_for = math.inf
        for name in applications:
            app = _application(status, name)
            for unit in app.units.values():
                errors.check(unit, look)
                found.extend(_not_idle(unit))
                quiet_for = min(quiet_for, look.quiet_s(unit.name))
            if not found and app.status.current not in ("active", "unknown"):
                found.append(_not_active(name, app.status))
        if found:
            return _worst(found)
        if quiet_for < quiet_s:
            # Times, since nobody looks again before the end: a count would stand still.
            since = status.controller_time - datetime.timedelta(seconds=quiet_for)
            until = since + datetime.timedelta(seconds=quiet_s)
            return PendingWait(
                text("wait/quiet", since=f"{since:%H:%M:%S}", until=f"{until:%H:%M:%S}"),
                settled=True,
                due_s=quiet_s - quiet_for,
            )
        return None

    return Wait(check=check, applications=tuple(applications), timeout_s=timeout_s)


def unsealed(application: str, *, timeout_s: float) -> Wait:
    """Wait until no unit of a vault application is sealed; without a deadline while one is."""

    def check(status: ModelStatus, history: History, look: LookTime) -> PendingWait | None:
        units = _application(status, application).units.values()
        sealed = sorted(unit.name for unit in units if is_sealed(unit.workload))
        if sealed:
            return _sealed(sealed)
        for unit in units:
            if unit.agent.current != "idle":
                return _of(unit, "wait/not-idle")
        return None

    return Wait(check=check, applications=(application,), timeout_s=timeout_s)


def told(unit: UnitStatus) -> str:
    """Return what a unit says of itself, for people."""
    parts = [f"agent {unit.agent.current}"]
    if unit.agent.message:
        parts.append(f"({unit.agent.message})")
    parts.append(f"workload {unit.workload.current}")
    if unit.workload.message:
        parts.append(f"({unit.workload.message})")
    settled = unit.agent.current == "idle" and unit.workload.current not in ("", "active")
    since = unit.workload.since if settled else unit.agent.since
    if since:
        parts.append(f"since {since:%H:%M:%S}")
    return " ".join(parts)


class HookErrors:
    """Gives a unit up whose hook error outlives the grace; one for each wait.

    The grace counts from the first look of the wait that shows the error, not from the error's
    own date: Juju retries a hook that has failed for long (because vault was sealed over night)
    only every five minutes, and each retry dates the error anew. An error is over when the unit
    is idle without one.
    """

    def __init__(self, grace_s: float):
        self._grace_s = grace_s
        self._first: dict[str, float] = {}  # unit -> when the wait saw its error, by our clock

    def check(self, unit: UnitStatus, look: LookTime) -> None:
        """Look at one unit.

        Raises:
            StepFailed: naming unit, hook, and since when.
        """
        if unit.workload.current != "error":
            if unit.agent.current == "idle":
                self._first.pop(unit.name, None)
            return
        first = self._first.setdefault(unit.name, look.now_s)
        if look.now_s - first < self._grace_s:
            return
        since = f" (since {unit.workload.since:%H:%M:%S})" if unit.workload.since else ""
        raise StepFailed("hook-error", unit=unit.name, message=unit.workload.message, since=since)


def _application(status: ModelStatus, name: str) -> ApplicationStatus:
    try:
        return status.applications[name]
    except KeyError:
        raise StepFailed("application-gone", name=name) from None


def _idle_after(unit: UnitStatus, when: datetime.datetime) -> bool:
    since = unit.agent.since
    return unit.agent.current == "idle" and since is not None and since > when


def _last_hook(
    entries: Sequence[HistoryEntry],
    hooks: Sequence[str],
    since: datetime.datetime,
    back: datetime.timedelta,
    was: datetime.datetime | None,
) -> datetime.datetime | None:
    """Return when the last of the hooks began, if they all ran in this order after `since`.

    Args:
        since: by the model's clock.
        back: what it was set back by meanwhile: what came later may be stamped as much earlier.
        was: the stamp of what the agent did last before.
    """
    at: datetime.datetime | None = since
    for hook in hooks:
        at = next(
            (
                entry.since
                for entry in entries
                if at is not None
                and entry.current == "executing"
                and entry.message == f"running {hook} hook"
                and entry.since > at - back
                and entry.since != was
            ),
            None,
        )
    return at


def _not_idle(unit: UnitStatus) -> list[PendingWait]:
    if unit.agent.current != "idle":
        return [_of(unit, "wait/busy")]
    if is_sealed(unit.workload):
        return [_sealed([unit.name])]
    if unit.workload.current not in ("active", "unknown"):
        return [_of(unit, "wait/not-active", settled=True)]
    return []


def _of(
    unit: UnitStatus, key: str, *, settled: bool = False, due_s: float | None = None, **values: str
) -> PendingWait:
    what = text(key, unit=unit.name, status=told(unit), **values)
    return PendingWait(what, (unit.name,), settled=settled, due_s=due_s)


def _sealed(units: Sequence[str]) -> PendingWait:
    what = text("wait/sealed", units=units, message=SEALED)
    return PendingWait(what, tuple(units), text("operator/unseal", units=units), settled=True)


def _not_active(name: str, status: Status) -> PendingWait:
    values = {"application": name, "status": status.current, "message": status.message}
    if status.since:
        what = text("wait/application-since", since=f"{status.since:%H:%M:%S}", **values)
    else:
        what = text("wait/application", **values)
    return PendingWait(what, (name,), settled=True)


def _worst(found: Sequence[PendingWait]) -> PendingWait:
    """Return what is worth telling first; settled only where everything is."""
    busy = [pending for pending in found if not pending.settled]
    if busy:
        return busy[0]
    waiting = [pending for pending in found if pending.operator]
    if waiting:
        units = [unit for pending in waiting for unit in pending.about]
        return dataclasses.replace(waiting[0], operator=text("operator/unseal", units=units))
    return found[0]
