"""One unit as its charm sees it: the model around it, its world, its configuration, its time."""

from __future__ import annotations

import dataclasses
import random
from typing import TYPE_CHECKING, Any, NamedTuple

from . import tables
from .channels import split_channel
from .facts import CharmFacts, catalogue
from .profile import Profile
from .world import CephCluster, CloudWorld, MachineWorld, UnitWorld

if TYPE_CHECKING:
    from ..model.entities import Application, Unit
    from ..model.model import Model

_TRUE = ("true", "yes", "1", "on")


@dataclasses.dataclass(frozen=True)
class Place:
    """What all units of a model share.

    Attributes:
        model: the model.
        cloud: its machines and clusters.
        profile: how long things take.
        dice: the source of the spread of durations.
    """

    model: Model
    cloud: CloudWorld
    profile: Profile
    dice: random.Random

    def site(self, name: str) -> Site:
        """Return a unit's site; the unit's world is made where it has none."""
        unit = self.model.units[name]
        application = self.model.applications[unit.application]
        facts = catalogue()[charm_name(application)]
        machine = self.cloud.host(unit.machine, application.series)
        if not isinstance(unit.world, UnitWorld):
            unit.world = UnitWorld(facts.name, split_channel(application.channel)[0], "")
            unit.world.running = machine.installed
            for service in facts.services:
                machine.services.setdefault(service, "active")
            site = Site(self, unit, application, facts, unit.world, machine)
            unit.world.origin = site.origin
        return Site(self, unit, application, facts, unit.world, machine)

    def sites(self, application: str) -> list[Site]:
        """Return the sites of an application's units, by number."""
        return [self.site(unit.name) for unit in self.model.units_of(application)]

    def applications(self, charm: str) -> list[Application]:
        """Return the applications of a charm."""
        every = self.model.applications.values()
        return [app for app in every if charm_name(app) == charm]

    def cluster(self, application: str) -> CephCluster:
        """Return the Ceph cluster of a ceph-mon application."""
        clusters = self.cloud.clusters
        if application not in clusters:
            running = self.sites(application)[0].world.running
            clusters[application] = CephCluster(tables.ceph_name(running))
        return clusters[application]


class Site(NamedTuple):
    """One unit and all that its charm can reach.

    A tuple, because every hook makes one, and that is half of what a frozen dataclass costs.
    """

    place: Place
    unit: Unit
    app: Application
    facts: CharmFacts
    world: UnitWorld
    machine: MachineWorld

    @property
    def name(self) -> str:
        """The unit's name."""
        return self.unit.name

    def config(self, key: str) -> Any:
        """Return an option's value as `config-get` does; None where unset."""
        if key in self.app.config:
            return self.app.config[key]
        option = self.app.definition.options.get(key)
        return None if option is None else option.default

    def enabled(self, key: str) -> bool:
        """Whether a boolean option is true."""
        return str(self.config(key)).lower() in _TRUE

    @property
    def origin(self) -> str:
        """The value of its origin option; empty where it has none or it is unset."""
        return str(self.config(self.facts.origin) or "") if self.facts.origin else ""

    @property
    def automatic(self) -> bool:
        """Whether its services restart by themselves when they need to."""
        return "deferrable" not in self.facts.traits or self.enabled("enable-auto-restarts")

    def version(self, release: str = "") -> str:
        """Return the workload version for a release; that of its machine by default."""
        return tables.version(
            self.facts.key,
            self.machine.series,
            release or self.machine.installed,
            self.world.track,
        )

    async def spend(self, kind: str) -> None:
        """Let the time pass that something of this kind takes."""
        seconds = self.place.profile.spread(kind, self.place.dice)
        await self.place.model.clock.sleep(seconds)

    def log(self, event: str, **data: Any) -> None:
        """Write to the log of operations, as this unit's own doing."""
        self.place.model.log.write(
            self.place.model.clock.now(),
            event,
            by=self.name,
            unit=self.name,
            application=self.app.name,
            **data,
        )

    def status(self, current: str, message: str = "") -> None:
        """Set the workload status."""
        self.place.model.set_workload(self.name, current, message)

    def related(self, charm: str) -> list[str]:
        """Return the related applications that are of a charm."""
        names = {name for others in self.app.relations.values() for name in others}
        every = self.place.model.applications
        return sorted(n for n in names if n in every and charm_name(every[n]) == charm)


def charm_name(application: Application) -> str:
    """Return the name of an application's charm."""
    return application.definition.name
