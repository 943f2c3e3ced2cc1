"""Which hypervisors are upgraded, in which order, and which are left out and why.

Hosts are machines with a nova-compute unit. Their order is that of nova-compute applications and
of unit numbers (10 after 2; the peer sorts names as text); zones keep first-seen order.
"""

from __future__ import annotations

import dataclasses

from ..checks.application_changes import ApplicationChanges
from ..checks.plan_context import PlanContext
from ..checks.problem import Problem
from ..checks.problem_codes import problem
from ..cloud.cloud import Application, Cloud, Unit
from ..openstack import charms
from ..options.options import NonEmpty
from ..wording import join, own_command
from .single_steps import PER_UNIT_ACTIONS


@dataclasses.dataclass(frozen=True)
class Member:
    """An application whose units on hypervisors are upgraded one by one.

    Attributes:
        application_changes: its application-level changes.
        pending: its units that are not at the target yet, wherever they are.
    """

    app: Application
    changes: ApplicationChanges
    pending: tuple[Unit, ...]

    @property
    def is_compute(self) -> bool:
        """Whether it is a nova-compute."""
        return self.app.charm.name == charms.NOVA_COMPUTE


@dataclasses.dataclass(frozen=True)
class Host:
    """One hypervisor with something to do.

    Attributes:
        zone: the machine's availability zone; may be empty.
        name: its nova-compute unit.
        work: units to upgrade with their application, in the order of applications.
    """

    machine: str
    zone: str
    name: str
    work: tuple[tuple[Member, Unit], ...]

    @property
    def computes(self) -> tuple[Unit, ...]:
        """The nova-compute units to upgrade on it."""
        return tuple(unit for member, unit in self.work if member.is_compute)


@dataclasses.dataclass(frozen=True)
class HypervisorChoice:
    """The hosts of a plan.

    Attributes:
        hosts: what is upgraded, in order.
        problems: hosts left out, or not empty, each with machine and count.
    """

    hosts: tuple[Host, ...]
    problems: tuple[Problem, ...]


def goes_unit_by_unit(app: Application) -> bool:
    """Whether an application on hypervisors can be upgraded unit by unit.

    It takes the three actions and the option ``action-managed-upgrade``. Auxiliary charms have
    none of them and are upgraded as a whole (W18e). What comes after all hypervisors does, too.
    """
    if app.charm.name in charms.AFTER_HYPERVISORS:
        return False
    return set(PER_UNIT_ACTIONS) <= app.actions and charms.MANAGED_UPGRADE in app.config


def choose(context: PlanContext, members: tuple[Member, ...]) -> HypervisorChoice:
    """Return the hosts to upgrade out of those that have something pending."""
    hosts: list[Host] = []
    problems: list[Problem] = []
    for machine, compute in _machines(context.cloud):
        work = tuple(
            (member, unit)
            for member in members
            for unit in member.pending
            if unit.machine == machine
        )
        if not work or not _wanted(context, machine, compute.zone):
            continue
        beside = [unit.name for member, unit in work if not member.is_compute]
        empty, found = _emptiness(context, machine, beside)
        problems += found
        if empty or context.options.non_empty_hypervisors is NonEmpty.UPGRADE:
            hosts.append(Host(machine, compute.zone, compute.name, work))
    return HypervisorChoice(tuple(hosts), tuple(problems))


def _machines(cloud: Cloud) -> list[tuple[str, Unit]]:
    """Return each hypervisor's machine with its first nova-compute unit, in order."""
    found: dict[str, Unit] = {}
    for app in cloud.of_charm(charms.NOVA_COMPUTE):
        for unit in app.units:
            found.setdefault(unit.machine, unit)
    return list(found.items())


def _wanted(context: PlanContext, machine: str, zone: str) -> bool:
    options = context.options
    if options.machines:
        return machine in options.machines
    return not options.availability_zones or zone in options.availability_zones


def _emptiness(
    context: PlanContext, machine: str, beside: list[str]
) -> tuple[bool, list[Problem]]:
    """Return whether a host is known to be empty, and what to say where it is not.

    Args:
        beside: units of other applications that are upgraded with the host.
    """
    problems: list[Problem] = []
    empty = True
    for app in context.cloud.of_charm(charms.NOVA_COMPUTE):
        for unit in app.units:
            if unit.machine != machine:
                continue
            count = context.cloud.instances.get(unit.name)
            if count != 0:
                empty = False
                problems.append(_not_empty(context, unit, count, beside))
    return empty, problems


def _not_empty(context: PlanContext, unit: Unit, count: int | None, beside: list[str]) -> Problem:
    upgraded = context.options.non_empty_hypervisors is NonEmpty.UPGRADE
    if count is None and not upgraded:
        return _count_unknown(context, unit)
    with_it = f", and with it {', '.join(beside)}" if beside else ""
    number = "an unknown number of" if count is None else count
    told = f"{unit.name} on machine {unit.machine} runs {number} instances"
    if upgraded:
        return problem("hypervisor-with-instances", unit.name, instances=told)
    return problem(
        "hypervisor-not-empty",
        unit.name,
        f"{told} and is left out{with_it}.",
        join(
            "Live-migrate them, then: ",
            own_command("plan", group="hypervisors", machines=unit.machine),
        ),
        f"{unit.name} ({count} instances)",
    )


def _count_unknown(context: PlanContext, unit: Unit) -> Problem:
    seen = next(
        (
            one.seen
            for one in context.cloud.unanswered
            if one.subject == unit.name and one.key == "instance-count"
        ),
        "its charm has no action instance-count",
    )
    return problem(
        "instance-count-unknown",
        unit.name,
        f"{unit.name} on machine {unit.machine} did not tell how many instances it runs: {seen}.",
        f"Look at juju run {unit.name} instance-count.",
        f"{unit.name} (instances unknown)",
    )


def zones(hosts: tuple[Host, ...], batch: int) -> list[tuple[str, tuple[Host, ...]]]:
    """Return zones with their hosts in first-seen order, cut into batches where wanted."""
    found: dict[str, list[Host]] = {}
    for host in hosts:
        found.setdefault(host.zone, []).append(host)
    out: list[tuple[str, tuple[Host, ...]]] = []
    for zone, members in found.items():
        size = batch or len(members)
        out += [
            (zone, tuple(members[start : start + size])) for start in range(0, len(members), size)
        ]
    return out
