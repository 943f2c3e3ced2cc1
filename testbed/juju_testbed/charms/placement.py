"""Puts the units of a bundle on machines, by its placement directives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bundle_source import BundleError
from .bundle_text import AppSpec, Bundle

if TYPE_CHECKING:
    from ..model.model import Model


class Placement:
    """Puts units on machines, by the bundle's ``to``; containers are numbered per host."""

    def __init__(self, model: Model, bundle: Bundle):
        self.model = model
        self.bundle = bundle
        self.containers: dict[str, int] = {}

    def add_machines(self, zones: bool) -> None:
        """Add the bundle's machines; `zones` gives hypervisors zones in turn."""
        hypervisors = [m for m in self.bundle.machines if self._hosts_nova(m)]
        for machine in self.bundle.machines.values():
            zone = machine.zone
            if zones and not zone and machine.id in hypervisors:
                zone = f"az{hypervisors.index(machine.id) % 3 + 1}"
            self.model.add_machine(machine.id, machine.series or self.bundle.series, zone)

    def _hosts_nova(self, machine: str) -> bool:
        return any(
            spec.charm == "nova-compute" and machine in spec.to
            for spec in self.bundle.applications.values()
        )

    def ordered(self) -> list[AppSpec]:
        """Return the applications so that those that others are placed beside come first."""
        done: list[AppSpec] = []
        left = list(self.bundle.applications.values())
        while left:
            names = {spec.name for spec in left}
            ready = [spec for spec in left if not _beside(spec) & (names - {spec.name})]
            if not ready:
                raise BundleError("cycle in placements: " + ", ".join(sorted(names)))
            done += ready
            left = [spec for spec in left if spec not in ready]
        return done

    def add_units(self, spec: AppSpec) -> None:
        """Add an application's units; those without a placement of their own get new machines,
        unless the last one named an application (juju charm/bundlechanges).
        """
        last = spec.to[-1] if spec.to else "new"
        names_unit = last.rpartition(":")[2].isdigit() or "/" in last
        for number in range(spec.num_units):
            further = "new" if names_unit else last
            place = spec.to[number] if number < len(spec.to) else further
            self.model.add_unit(spec.name, self._machine(place, spec, number))

    def _machine(self, place: str, spec: AppSpec, number: int) -> str:
        kind, _, target = place.rpartition(":")
        if target == "new":
            base = self._new_machine(spec.series)
        elif target in self.model.machines:
            base = target
        else:
            owner, _, index = target.partition("/")
            units = self.model.units_of(owner)
            base = units[int(index) if index else number % len(units)].machine
        if not kind:
            return base
        host = base.split("/")[0]
        slot = self.containers.get(host, 0)
        self.containers[host] = slot + 1
        return self.model.add_machine(f"{host}/{kind}/{slot}", spec.series).id

    def _new_machine(self, series: str) -> str:
        number = 0
        while str(number) in self.model.machines:
            number += 1
        return self.model.add_machine(str(number), series).id


def _beside(spec: AppSpec) -> set[str]:
    """Return the applications that a placement refers to."""
    targets = [place.rpartition(":")[2].partition("/")[0] for place in spec.to]
    return {target for target in targets if not target.isdigit() and target != "new"}
