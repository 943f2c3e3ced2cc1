"""FullStatus and status history, read into frozen data.

Fields: Juju rpc/params/status.go; reference F.1 and D.8.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import shlex
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, TypeVar

from ..errors import JujuError
from . import names, timestamps
from .port import ApplicationStatus, HistoryEntry, MachineStatus, ModelStatus, Status, UnitStatus
from .reply import Reply
from .request import Requester

T = TypeVar("T")
_STAMP = "controller-timestamp"


class StatusReader:
    """Reads the status of a model again and again.

    Most looks see what the one before saw. A reply that differs from the last in nothing but the
    controller's time is not taken apart again, nor is a unit or machine that is as it was:
    comparing costs a tenth of that.
    """

    def __init__(self) -> None:
        self._asked: tuple[str, ...] | None = None
        self._reply: object = None
        self._status: ModelStatus | None = None
        self._parts = StatusCache()

    async def full_status(
        self, requester: Requester, model_uuid: str, applications: Sequence[str] = ()
    ) -> ModelStatus:
        """Read the status, all of it or some applications with the machines they are on."""
        asked = (model_uuid, *applications)
        reply = await requester.read("Client", "FullStatus", {"patterns": list(applications)})
        stamp = _controller_time(reply)
        rest = {**reply.value, _STAMP: None}
        if self._status is None or asked != self._asked or rest != self._reply:
            self._status = parse(reply, model_uuid, frozenset(applications), self._parts)
            self._asked, self._reply = asked, rest
            return self._status
        return dataclasses.replace(self._status, controller_time=stamp)


class StatusCache:
    """What parts of earlier replies were read as, by their way to them."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[Any, Any]] = {}

    def read(self, name: str, reply: Reply, read: Callable[[str, Reply], T]) -> T:
        """Return what a named part is read as, without reading it again if it is as it was."""
        raw, found = self._read.get(reply.path, (None, None))
        if found is None or raw != reply.value:
            found = read(name, reply)
            self._read[reply.path] = (reply.value, found)
        return found


def parse(
    reply: Reply, model_uuid: str, wanted: Collection[str] = (), parts: StatusCache | None = None
) -> ModelStatus:
    """Read a FullStatus reply.

    Args:
        model_uuid: the model's, which the reply does not tell.
        wanted: the applications asked for; empty for all. Juju adds those that share units with
            them, which are left out here.
        parts: what earlier replies were read as.

    Raises:
        JujuError: ``bad-reply``.
    """
    parts = parts or StatusCache()
    stamp = _controller_time(reply)
    model = reply.at("model")
    applications = reply.table("applications")
    units = _by_application(applications, parts)
    shown = [name for name in applications if not wanted or name in wanted]
    return ModelStatus(
        name=model.text("name"),
        uuid=model_uuid,
        version=model.text("version"),
        controller_time=stamp,
        applications={
            name: _application(name, applications[name], units.get(name, {})) for name in shown
        },
        machines={
            machine.id: machine
            for name, host in reply.table("machines").items()
            for machine in parts.read(name, host, _host)
        },
    )


def _controller_time(reply: Reply) -> datetime.datetime:
    stamp = reply.time(_STAMP)
    if stamp is None:
        raise reply.wrong(_STAMP, "a time")
    return stamp


def _status(reply: Reply) -> Status:
    return Status(
        current=reply.text("status"),
        message=reply.text("info"),
        since=reply.time("since"),
        data=reply.plain("data"),
    )


def _application(name: str, reply: Reply, units: Mapping[str, UnitStatus]) -> ApplicationStatus:
    if not names.APPLICATION.fullmatch(name):
        raise reply.wrong("", "named as an application")
    url = reply.text("charm")
    parts = names.charm_url(url)
    base, series = _base(reply)
    relations = reply.at("relations")
    return ApplicationStatus(
        name=name,
        charm_url=url,
        charm=parts.name,
        scheme=parts.scheme,
        revision=parts.revision,
        channel="" if parts.scheme == "local" else reply.text("charm-channel"),
        can_upgrade_to=reply.text("can-upgrade-to"),
        base=base,
        series=series,
        subordinate_to=reply.texts("subordinate-to"),
        status=_status(reply.at("status")),
        workload_version=reply.text("workload-version"),
        units=units,
        relations={endpoint: relations.texts(endpoint) for endpoint in relations.value},
        life=reply.text("life"),
    )


def _base(reply: Reply) -> tuple[str, str]:
    base = reply.at("base")
    found, series = names.base(base.text("name"), base.text("channel"))
    return found, series or reply.text("series")


def _by_application(
    applications: Mapping[str, Reply], parts: StatusCache
) -> dict[str, dict[str, UnitStatus]]:
    """Group all units by application; Juju shows subordinate units only below their principals."""
    found: dict[str, dict[str, UnitStatus]] = {}
    for application in applications.values():
        for name, reply in application.table("units").items():
            for unit in parts.read(name, reply, _principal):
                found.setdefault(unit.application, {})[unit.name] = unit
    return found


def _principal(name: str, reply: Reply) -> list[UnitStatus]:
    """Read a unit and the subordinates below it, which are on its machine."""
    principal = _unit(name, reply)
    found = [principal]
    for below, part in reply.table("subordinates").items():
        unit = _unit(below, part)
        found.append(unit._replace(machine=principal.machine, principal=name))
    return found


def _unit(name: str, reply: Reply) -> UnitStatus:
    if not names.UNIT.fullmatch(name):
        raise reply.wrong("", "named as a unit")
    application = name.rpartition("/")[0]
    return UnitStatus(
        name=name,
        application=application,
        machine=reply.text("machine"),
        workload=_status(reply.at("workload-status")),
        agent=_status(reply.at("agent-status")),
        workload_version=reply.text("workload-version"),
        charm_url=reply.text("charm"),
        leader=reply.flag("leader"),
        # Juju tells a unit's life with its agent's status (apiserver client/status.go).
        life=reply.at("agent-status").text("life"),
    )


def _host(name: str, machine: Reply, zone: str = "") -> list[MachineStatus]:
    """Read a machine and the containers below it, which are in the zone of their host."""
    own = _zone(machine.text("hardware")) or zone
    number = machine.text("id") or name
    if not names.MACHINE.fullmatch(number):
        raise machine.wrong("", "named as a machine")
    found = [MachineStatus(number, own)]
    for inner, container in machine.table("containers").items():
        found += _host(inner, container, own)
    return found


@functools.lru_cache(maxsize=1 << 12)
def _zone(hardware: str) -> str:
    """Find the zone in a line such as ``arch=amd64 cores=8 availability-zone=zone1``.

    A zone's name with a space is quoted; a stray quote must not make the whole status unreadable.
    """
    try:
        words = shlex.split(hardware)
    except ValueError:
        words = hardware.split()
    for word in words:
        key, _, value = word.partition("=")
        if key == "availability-zone":
            return value
    return ""


async def history(
    requester: Requester, units: Sequence[str], since: datetime.datetime
) -> dict[str, tuple[HistoryEntry, ...]]:
    """Read the agent history of units since a time, oldest first, in one call.

    Juju 4, on which an unfinished run can be abandoned, takes one unit a call. A unit that Juju
    does not know (any more) has no history.
    """
    if not units:
        return {}
    try:
        return await _histories(requester, units, since)
    except JujuError as error:
        if error.code != "not-supported" or len(units) == 1:
            raise
    return {unit: (await _histories(requester, (unit,), since))[unit] for unit in units}


async def _histories(
    requester: Requester, units: Sequence[str], since: datetime.datetime
) -> dict[str, tuple[HistoryEntry, ...]]:
    requests = [
        {
            "historyKind": "juju-unit",
            "tag": names.unit_tag(unit),
            # Exactly one of size, date and delta may be set (reference F.4).
            "filter": {"date": timestamps.show(since)},
        }
        for unit in units
    ]
    reply = await requester.read("Client", "StatusHistory", {"requests": requests})
    found: dict[str, tuple[HistoryEntry, ...]] = {}
    for unit, result in zip(units, reply.results(len(units)), strict=True):
        found[unit] = _unit_history(unit, result)
    return found


def _unit_history(unit: str, result: Reply) -> tuple[HistoryEntry, ...]:
    log = result.at("history")
    error = result.failure(unit) or log.failure(unit)
    if error is not None:
        if error.code == "not-found":
            return ()
        raise error
    return tuple(_entry(entry) for entry in log.each("statuses"))


def _entry(reply: Reply) -> HistoryEntry:
    since = reply.time("since")
    if since is None:
        raise reply.wrong("since", "a time")
    return HistoryEntry(reply.text("status"), reply.text("info"), since)
