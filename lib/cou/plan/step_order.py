"""Which steps come after which: by need, not by their place on the page.

A plan is written in the documented order. What really has to wait for what stands in each step's
``after``: ids of the steps and groups that must be over before it begins. It is closed below a
group: a group's steps wait for what the group waits for. Only pairs that `overlaps.csv` declares
may overlap, and of those none that share a machine, a quorum or an application's units.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from ..checks.plan_context import PlanContext
from ..cloud.cloud import Application
from ..openstack import charms, overlaps
from ..options.options import NonEmpty
from .step import Part, Step

_APPLICATION, _HOST = Part.APPLICATION.value, Part.HOST.value


def ordered(context: PlanContext, sections: Iterable[Step]) -> tuple[Step, ...]:
    """Return a plan's sections with what each of their steps comes after."""
    return StepOrder(context).below(tuple(sections), None)


class StepOrder:
    """What overlaps in one cloud."""

    def __init__(self, context: PlanContext):
        self._apps = {app.name: app for app in context.cloud.applications}
        self._with_instances = context.options.non_empty_hypervisors is NonEmpty.UPGRADE
        self._on = {app.name: app.machines for app in context.cloud.applications}
        self._home: dict[str, str] = {}  # unit -> machine
        self._zone: dict[str, str] = {}  # machine -> zone
        self._there: dict[str, set[str]] = {}  # machine -> principals on it
        self._hosts_on: dict[str, frozenset[str]] = {}  # id of a host's group -> its machines
        for app in context.cloud.applications:
            for unit in app.units:
                self._home[unit.name] = unit.machine
                self._zone[unit.machine] = unit.zone
                if not app.subordinate:
                    self._there.setdefault(unit.machine, set()).add(app.name)

    def below(self, steps: tuple[Step, ...], parent: Step | None) -> tuple[Step, ...]:
        """Return siblings with what each of them, and all below it, comes after."""
        if parent is not None and parent.parallel:
            return steps
        found: list[Step] = []
        behind: dict[str, set[str]] = {}  # all that a sibling comes after, also by way of others
        for place, step in enumerate(steps):
            after: list[str] = []
            over: set[str] = set()
            # The nearest first: what it comes after itself need not be looked at again, so a
            # chain of hundreds costs each of them one look.
            for one in reversed(steps[:place]):
                if one.id not in over and not self._overlap(one, step):
                    after.append(one.id)
                    over |= behind[one.id]
            behind[step.id] = over.union(after)
            below = self.below(step.steps, step)
            found.append(dataclasses.replace(step, after=tuple(reversed(after)), steps=below))
        return tuple(found)

    def _overlap(self, one: Step, other: Step) -> bool:
        part = one.params.get("part")
        if part != other.params.get("part"):
            return False
        if part == _APPLICATION:
            return self._applications(self._apps.get(one.target), self._apps.get(other.target))
        return part == _HOST and self._hosts(one, other)

    def _applications(self, one: Application | None, other: Application | None) -> bool:
        if one is None or other is None or self._on[one.name] & self._on[other.name]:
            return False
        # Two applications of one charm may be one service in two parts.
        alike = one.charm.name == other.charm.name and not one.charm.subordinate_kind
        return not alike and overlaps.may(one.charm.name, other.charm.name)

    def _hosts(self, one: Step, other: Step) -> bool:
        """Whether two hypervisors may overlap: they must not share what stands on both.

        An upgrade of a host moves every package on its machine, so what matters is what is there,
        not what is upgraded: members of a quorum, and units of one service that is not
        nova-compute. OSDs may share a zone, for there Ceph counts with losing all of them.
        Where hosts are upgraded with instances on them, each goes alone: which of them run some
        changes until they are reached.
        """
        if self._with_instances or not overlaps.may(overlaps.HOST, overlaps.HOST):
            return False
        here, there = self._machines(one), self._machines(other)
        if here & there:
            return False
        both = self._standing(here) & self._standing(there)
        zones = {self._zone[machine] for machine in here | there}
        fine = {charms.NOVA_COMPUTE}
        if len(zones) == 1 and "" not in zones:
            fine.add(charms.CEPH_OSD)
        return all(self._apps[name].charm.name in fine for name in both)

    def _standing(self, machines: frozenset[str]) -> set[str]:
        return {name for machine in machines for name in self._there.get(machine, ())}

    def _machines(self, host: Step) -> frozenset[str]:
        if host.id not in self._hosts_on:
            units = (step.target for step in host.single_steps())
            self._hosts_on[host.id] = frozenset(
                self._home[unit] for unit in units if unit in self._home
            )
        return self._hosts_on[host.id]
