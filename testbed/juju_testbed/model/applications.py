"""Machines, applications, units, relations; configuration and charm of an application."""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Sequence
from typing import Any

from . import charmurl, configs
from .entities import Application, Machine, Unit
from .errors import ModelError, not_found
from .machine_tasks import MachineTasks
from .state import Relation
from .store import Revision
from .uniter import Uniter


class Applications(MachineTasks):
    """Deploying and changing applications."""

    def add_machine(self, id: str, series: str, zone: str = "", address: str = "") -> Machine:
        """Add a machine, or a container (``0/lxd/1``) on one."""
        base = id.split("/")[0] if "/" in id else ""
        number = len(self.machines) + 10
        machine = Machine(
            id,
            series,
            zone or (self.machines[base].zone if base in self.machines else ""),
            address or f"10.{number // 65536}.{number // 256 % 256}.{number % 256}",
            base_machine=base,
        )
        now = self.clock.now()
        machine.agent = machine.agent._replace(since=now)
        machine.instance = machine.instance._replace(since=now)
        self.machines[id] = machine
        return machine

    def add_application(
        self,
        name: str,
        revision: Revision,
        series: str,
        config: dict[str, Any] | None = None,
        origin: dict[str, Any] | None = None,
        *,
        by: str = "admin",
    ) -> Application:
        """Deploy an application without units.

        Raises:
            ModelError: the name is taken, or the configuration does not fit the charm.
        """
        if name in self.applications:
            raise ModelError(f'application "{name}" already exists', "already exists")
        application = Application(
            name,
            revision.url,
            revision.definition,
            origin or charmurl.origin_of(revision.url, revision.channel, series),
            revision.channel,
            series,
            config=configs.parse_values(revision.definition, config or {}),
            charm_version=revision.definition.version,
        )
        self.applications[name] = application
        self.charms.setdefault(revision.url, self.clock.steady())
        return application

    def add_unit(
        self, application: str, machine: str, principal: str = "", settled: bool = True
    ) -> Unit:
        """Add a unit; the first of an application leads it.

        Args:
            application: its name.
            machine: where it goes; ignored for a subordinate, which goes to its principal's.
            principal: the principal unit of a subordinate.
            settled: it was installed long ago: active and idle, no hook is due. Otherwise its
                agent runs install, leader-elected, config-changed and start.
        """
        app = self.application(application)
        if principal:
            machine = self.unit(principal).machine
        if machine not in self.machines:
            raise not_found("machine", machine)
        number = self.next_id(f"unit-{application}") - 1
        unit = Unit(f"{application}/{number}", application, machine, number, principal)
        unit.leader = not self.units_of(application)
        unit.address = self.machines[machine].address
        self.units[unit.name] = unit
        self.members.setdefault(application, []).append(unit)
        if principal:
            host = self.unit(principal)
            host.subordinates.append(unit.name)
            if host.application not in app.subordinate_to:
                app.subordinate_to = sorted([*app.subordinate_to, host.application])
        self.uniters[unit.name] = uniter = Uniter(self, unit, settled)
        if settled:
            unit.charm_url = app.charm_url
            self.set_workload(unit.name, "active", "Unit is ready")
            self.set_agent(unit.name, "idle")
        else:
            self.set_workload(unit.name, "waiting", "waiting for machine")
            self.set_agent(unit.name, "allocating")
        if self.running:
            uniter.start()
        return unit

    def number_next_unit(self, application: str, number: int) -> None:
        """Have the next unit of an application bear this number."""
        self._counters[f"unit-{application}"] = number

    def relate(self, a: str, b: str, scope: str = "global") -> Relation:
        """Relate two applications, each given as ``app:endpoint`` or ``app``.

        A bare name takes the other's endpoint name, or the other application's name.
        """
        one, two = a.partition(":"), b.partition(":")
        ends = ((one[0], one[2] or two[2] or two[0]), (two[0], two[2] or one[2] or one[0]))
        for (name, endpoint), (other, _) in (ends, ends[::-1]):
            self.application(other)
            related = self.application(name).relations.setdefault(endpoint, [])
            if other not in related:
                related.append(other)
        relation = Relation(self.next_id("relation") - 1, ends, scope)
        self.relations.append(relation)
        return relation

    def unrelate(self, one: str, other: str, by: str) -> None:
        """Remove the relation between two ends, each ``app:endpoint`` or ``app``.

        Raises:
            ModelError: there is no such relation.
        """
        wanted = (one.partition(":"), other.partition(":"))
        for relation in self.relations:
            if any(_fit(ends, wanted) for ends in (relation.endpoints, relation.endpoints[::-1])):
                self.asked("Application.DestroyRelation", by, endpoints=[one, other])
                self.relations.remove(relation)
                for (name, endpoint), (peer, _) in itertools.permutations(relation.endpoints, 2):
                    related = self.applications[name].relations
                    related[endpoint].remove(peer)
                    if not related[endpoint]:
                        del related[endpoint]
                return
        raise not_found("relation", f"{one} {other}")

    def set_config(self, app: str, values: dict[str, Any], by: str) -> None:
        """Set options of an application; values are texts, as on the wire.

        Raises:
            ModelError: no such application or option, or a value of the wrong type.
        """
        application = self.application(app)
        parsed = configs.parse_values(application.definition, values)
        self.asked("Application.SetConfigs", by, application=app, config=dict(values))
        before = configs.effective(application)
        application.config.update(parsed)
        self._config_written(application, before, by)

    def unset_config(self, app: str, names: list[str], by: str) -> None:
        """Give options their default again.

        Raises:
            ModelError: no such application or option.
        """
        application = self.application(app)
        for name in names:
            if name not in application.definition.options:
                raise ModelError(f'unknown option "{name}"', "not found")
        self.asked("Application.UnsetApplicationsConfig", by, application=app, options=names)
        before = configs.effective(application)
        for name in names:
            application.config.pop(name, None)
        self._config_written(application, before, by)

    def _config_written(self, application: Application, before: dict[str, Any], by: str) -> None:
        after = configs.effective(application)
        for key in sorted(before.keys() | after.keys()):
            if before.get(key) != after.get(key):
                self.log.write(
                    self.clock.now(),
                    "config-changed",
                    by=by,
                    application=application.name,
                    key=key,
                    old=before.get(key),
                    new=after.get(key),
                )
        self.touch([unit.name for unit in self.units_of(application.name)])

    def add_charm(self, url: str, by: str) -> datetime.datetime:
        """Have the controller fetch a charm; return when its archive is here. Idempotent."""
        if url not in self.charms:
            delay = datetime.timedelta(seconds=self.charm_download_s)
            self.charms[url] = self.clock.steady() + delay
        return self.charms[url]

    def set_charm(
        self, app: str, revision: Revision, origin: dict[str, Any], channel: str, by: str
    ) -> None:
        """Give an application another charm, or only another channel of the same one.

        The same URL again changes the channel and runs no hook (juju state/application.go).

        Raises:
            ModelError: no such application, or the new charm lacks what the old one is.
        """
        application = self.application(app)
        if revision.definition.subordinate != application.definition.subordinate:
            raise ModelError("cannot change an application's subordinacy")
        self.asked("Application.SetCharm", by, application=app, url=revision.url, channel=channel)
        old, application.charm_url = application.charm_url, revision.url
        application.origin, application.channel = dict(origin), channel
        application.definition = revision.definition
        application.charm_version = revision.definition.version
        application.can_upgrade_to = ""
        self.add_charm(revision.url, by)
        self.log.write(
            self.clock.now(),
            "charm-changed",
            by=by,
            application=app,
            old=old,
            new=revision.url,
            channel=channel,
        )
        if old != revision.url:
            self.touch([unit.name for unit in self.units_of(app)])

    def resolve(self, unit: str, retry: bool, by: str) -> None:
        """Resolve a unit's hook error: run the hook again, or skip it.

        Raises:
            ModelError: it is in no error.
        """
        entity = self.unit(unit)
        if entity.agent.current != "error":
            raise ModelError(f'unit "{unit}" is not in an error state')
        self.asked("Application.ResolveUnitErrors", by, unit=unit, retry=retry)
        self.uniters[unit].resolved = "retry" if retry else "skip"
        self.touch([unit])

    def elect(self, unit: str) -> None:
        """Move the leadership of an application to a unit; its agent hears of it."""
        chosen = self.unit(unit)
        for other in self.units_of(chosen.application):
            other.leader = other is chosen
        self.queue_hook(unit, "leader-elected")

    def set_annotations(self, tag: str, values: dict[str, str], by: str) -> None:
        """Set annotations of an entity; an empty value removes the key."""
        self.asked("Annotations.Set", by, tag=tag, annotations=dict(values))
        kept = self.annotations.setdefault(tag, {})
        for key, value in values.items():
            if value == "":
                kept.pop(key, None)
            else:
                kept[key] = value


def _fit(ends: Sequence[tuple[str, str]], wanted: Sequence[tuple[str, str, str]]) -> bool:
    """Tell whether the ends of a relation are the wanted ones; no endpoint named fits any."""
    return len(ends) == len(wanted) and all(
        name == asked[0] and asked[2] in ("", endpoint)
        for (name, endpoint), asked in zip(ends, wanted, strict=True)
    )
