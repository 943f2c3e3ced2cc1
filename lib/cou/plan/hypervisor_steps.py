"""The plan of hypervisors: zone by zone, and host by host within a zone (reference, section 7).

Differences from the peer, on purpose:

- Application-level changes are made once, before the first host that needs them, and not again in
  every zone; hosts go one at a time (W24, W25), and a host is looked at before it is touched.
- An application with units on and off hypervisors has all its units upgraded (W18a).
- Applications on hypervisors that cannot go unit by unit go as a whole (W18e).
- ``action-managed-upgrade`` is a mark, put back when no old unit of the application is left (W31).
- One application with a problem leaves the others their plan (W14, W18d).
"""

from __future__ import annotations

import dataclasses

from ..checks.application_changes import ApplicationChanges
from ..checks.plan_context import PlanContext, is_data_plane
from ..checks.problem import Problem
from ..checks.problem_codes import problem
from ..cloud.cloud import Application, Unit
from ..kinds import Kind
from ..openstack import charms, known_issues
from ..openstack.known_issues import Hits
from ..options.options import NonEmpty
from ..wording import own_command
from . import application_steps, hypervisor_order, single_steps
from .hypervisor_order import Host, Member
from .step import Part, Step


@dataclasses.dataclass(frozen=True)
class Hypervisors:
    """What is planned for hypervisors.

    Attributes:
        steps: groups of applications and zones, in order.
        problems: what was left out or needs attention.
        remaining: nova-compute units that are old after this plan, with why.
    """

    steps: tuple[Step, ...]
    problems: tuple[Problem, ...]
    remaining: tuple[str, ...]


def on_hypervisors(context: PlanContext, app: Application) -> bool:
    """Whether an application is planned with the hypervisors.

    A data-plane principal with a unit on a hypervisor is, except what comes after all of them:
    ovn-central and neutron-api there are planned later, so that they do not wait for
    hypervisors that are not done yet (W18c).
    """
    if app.charm.name in charms.AFTER_HYPERVISORS or not is_data_plane(context.cloud, app):
        return False
    return bool(app.machines & context.cloud.hypervisor_machines)


def plan(context: PlanContext, allowed: dict[str, ApplicationChanges]) -> Hypervisors:
    """Return the hypervisor part.

    Args:
        allowed: changes of the applications that passed their gate, in order.
    """
    members: list[Member] = []
    whole: list[Application] = []
    for app in context.applications:
        if app.name not in allowed or not on_hypervisors(context, app):
            continue
        if hypervisor_order.goes_unit_by_unit(app):
            pending = tuple(unit for unit in app.units if not context.done(app, unit))
            members.append(Member(app, allowed[app.name], pending))
        else:
            whole.append(app)
    chosen = hypervisor_order.choose(context, tuple(members))
    steps, problems = _together(context, whole, allowed)
    layout = _Layout(context, tuple(members), chosen.hosts)
    steps += layout.groups()
    problems += layout.problems()
    return Hypervisors(
        tuple(steps), (*chosen.problems, *problems), remaining(context, chosen.hosts)
    )


def remaining(context: PlanContext, planned: tuple[Host, ...]) -> tuple[str, ...]:
    """Return the nova-compute units that are old when some hosts have been upgraded.

    Units of skipped applications count: the order of an upgrade does not know what was skipped.
    """
    going = {unit.name for host in planned for unit in host.computes}
    return tuple(
        unit.name
        for app in context.cloud.of_charm(charms.NOVA_COMPUTE)
        for unit in app.units
        if unit.name not in going and not context.done(app, unit)
    )


def _together(
    context: PlanContext, whole: list[Application], allowed: dict[str, ApplicationChanges]
) -> tuple[list[Step], list[Problem]]:
    """Return the plans of applications that reach all their units at once."""
    steps: list[Step] = []
    problems: list[Problem] = []
    for app in whole:
        if context.filtered:
            problems.append(
                problem("not-with-filter", app.name, plan=own_command("plan", group="hypervisors"))
            )
            continue
        found = application_steps.application(context, app, allowed[app.name])
        if found is not None:
            steps.append(found)
            problems += _moved_along(context, app, allowed[app.name])
    return steps, problems


def _moved_along(
    context: PlanContext, app: Application, changes: ApplicationChanges
) -> list[Problem]:
    """Say which old hypervisors an application takes along to the new release.

    APT's sources belong to the machine: the hooks of a charm whose origin changes upgrade all
    packages there, those of a nova-compute in service too.
    """
    computes = context.cloud.of_charm(charms.NOVA_COMPUTE)
    along = [
        unit
        for compute in computes
        for unit in compute.units
        if unit.machine in app.machines and not context.done(compute, unit)
    ]
    if not along or not changes.origin:
        return []
    filled = [unit for unit in along if context.cloud.instances.get(unit.name) != 0]
    spare = filled and context.options.non_empty_hypervisors is NonEmpty.SKIP
    told = ", ".join(unit.name for unit in (filled if spare else along))
    seen = (
        f"{app.name} is upgraded as a whole, before any hypervisor, and its charm upgrades all "
        f"packages of its machines: also those of {told}"
    )
    if spare:
        return [problem("hypervisor-not-spared", app.name, found=seen)]
    return [problem("hypervisor-moves-along", app.name, found=seen)]


class _Layout:
    """Puts application-level changes, hosts and put-backs into an order."""

    def __init__(
        self, context: PlanContext, members: tuple[Member, ...], planned: tuple[Host, ...]
    ):
        self._scene = context
        self._members = members
        self._hosts = planned
        self._zones = hypervisor_order.zones(planned, context.settings.hypervisor_batch)
        self._changed: set[str] = set()  # applications whose own changes stand in the plan
        self._switched: set[str] = set()  # those whose action-managed-upgrade is a mark
        self._reached = {unit.name for host in planned for _, unit in host.work}
        if not context.filtered:
            self._reached |= {unit.name for member in members for unit in _off(context, member)}

    def groups(self) -> list[Step]:
        """Return the groups: applications beyond hypervisors first, then zones."""
        steps = [self._beyond(member) for member in self._members]
        count: dict[str, int] = {}
        for zone, _ in self._zones:
            count[zone] = count.get(zone, 0) + 1
        seen: dict[str, int] = {}
        for place, (zone, members) in enumerate(self._zones):
            seen[zone] = seen.get(zone, 0) + 1
            batch = (seen[zone], count[zone])
            steps.append(self._zone(zone, batch, members, self._zones[place + 1 :]))
        return [step for step in steps if step is not None]

    def problems(self) -> list[Problem]:
        """Return a warning for each application whose option stays true."""
        found: list[Problem] = []
        for member in self._members:
            app = member.app
            if app.name not in self._changed:
                continue
            old = [unit.name for unit in member.pending if unit.name not in self._reached]
            if app.flag(charms.MANAGED_UPGRADE) and app.name not in self._switched:
                seen = f"{charms.MANAGED_UPGRADE} of {app.name} is true already and stays so."
                remedy = f"Set it to false when every unit of {app.name} is upgraded."
            elif old and app.name in self._switched:
                seen = (
                    f"{charms.MANAGED_UPGRADE} of {app.name} stays true after this plan: set to "
                    f"false it would upgrade {', '.join(old)} at once."
                )
                remedy = "It is put back by the plan that upgrades the last of them."
            else:
                continue
            found.append(problem("action-managed-upgrade-stays", app.name, seen, remedy))
        return found

    def _beyond(self, member: Member) -> Step | None:
        """Return the plan of an application's units that are on no hypervisor.

        Also that of an application whose units are all done while it lags behind itself.
        """
        off = [] if self._scene.filtered else _off(self._scene, member)
        lags = not member.pending and member.changes.any and not self._scene.filtered
        if not off and not lags:
            return None
        context, app = self._scene, member.app
        steps = self._application_level(member, app.name)
        for unit in off:
            steps.append(single_steps.packages(context, f"{app.name}/{unit.slug}", app, unit))
            steps.append(single_steps.upgrade_unit(context, f"{app.name}/{unit.slug}", app, unit))
        steps.append(single_steps.final_wait(context, app.name, app))
        if off:
            steps.append(single_steps.verify(context, app.name, app, off, ""))
        if not _units_on(member, self._hosts):
            steps += self._put_back(member, app.name)
        return application_steps.group_of(context, app, steps)

    def _application_level(self, member: Member, prefix: str) -> list[Step]:
        """Return the changes of an application as a whole, once in a plan."""
        if member.app.name in self._changed:
            return []
        self._changed.add(member.app.name)
        context, app, changes = self._scene, member.app, member.changes
        steps = application_steps.first_refresh(context, prefix, app, changes)
        if member.pending or changes.origin:
            switched = application_steps.unit_by_unit(context, prefix, app)
            self._switched |= {app.name for _ in switched}
            steps += switched
        steps += application_steps.to_channel(context, prefix, app, changes)
        steps += application_steps.to_origin(context, prefix, app, changes)
        return steps

    def _zone(
        self,
        zone: str,
        batch: tuple[int, int],
        planned: tuple[Host, ...],
        later: list[tuple[str, tuple[Host, ...]]],
    ) -> Step | None:
        """Return the group of a zone, or of one batch of it."""
        context = self._scene
        identity = self._zone_id(zone, batch)
        members = [one for one in self._members if _units_on(one, planned)]
        steps: list[Step] = []
        notes = ""
        for member in members:
            if member.app.name not in self._changed:
                charm = member.app.charm.name
                notes += known_issues.note(charm, context.target, Hits.APPLICATION)
            steps += self._application_level(member, f"{identity}/{member.app.name}")
        steps += [step for host in planned if (step := _host(context, identity, host))]
        for member in members:
            prefix = f"{identity}/{member.app.name}"
            units = _units_on(member, planned)
            note = known_issues.note(member.app.charm.name, context.target, Hits.VERIFY)
            steps.append(single_steps.final_wait(context, prefix, member.app))
            steps.append(single_steps.verify(context, prefix, member.app, units, note))
        for member in members:
            if not any(_units_on(member, hosts_) for _, hosts_ in later):
                steps += self._put_back(member, f"{identity}/{member.app.name}")
        which = ("zone" if zone else "without-zone") + ("-batch" if batch[1] > 1 else "")
        return single_steps.group(
            identity,
            which,
            Part.ZONE,
            steps,
            release=context.target,
            zone=zone,
            batch=batch[0],
            batches=batch[1],
            hosts=[host.name for host in planned],
            note=notes,
        )

    def _zone_id(self, zone: str, batch: tuple[int, int]) -> str:
        """Return a zone's id; a dot keeps it apart from names of applications."""
        taken = {app.name for app in self._scene.cloud.applications} | set(SECTION_IDS)
        alike = [one for one in dict.fromkeys(name for name, _ in self._zones)]
        name = single_steps.slug(zone) if zone else "no-zone"
        before = [one for one in alike[: alike.index(zone)] if single_steps.slug(one) == name]
        if name in taken or before:
            name = f"zone.{name}" + (f".{len(before) + 1}" if before else "")
        return f"{name}.batch-{batch[0]}" if batch[1] > 1 else name

    def _put_back(self, member: Member, prefix: str) -> list[Step]:
        """Return the put-back of the option, only where no old unit is left to be hit by it."""
        app = member.app
        if app.name not in self._switched:
            return []
        if any(unit.name not in self._reached for unit in member.pending):
            return []
        key = charms.MANAGED_UPGRADE
        return single_steps.put_back_option(self._scene, prefix, app, key, "on-hypervisors")


SECTION_IDS = ("prepare", "subordinates", "control-plane", "hypervisors", "data-plane", "finish")


def _off(context: PlanContext, member: Member) -> list[Unit]:
    machines = context.cloud.hypervisor_machines
    return [unit for unit in member.pending if unit.machine not in machines]


def _units_on(member: Member, planned: tuple[Host, ...]) -> list[Unit]:
    return [unit for host in planned for one, unit in host.work if one.app.name == member.app.name]


def _host(context: PlanContext, zone: str, host: Host) -> Step | None:
    """Return the steps of one hypervisor: out of service, looked at, upgraded, back."""
    name = host.name.replace("/", "-")
    prefix = f"{zone}/{name}"
    steps = [_service(prefix, unit, enabled=False) for unit in host.computes]
    if context.options.non_empty_hypervisors is NonEmpty.SKIP:
        steps += [_empty(prefix, unit) for unit in host.computes]
    here = [(member.app, unit, _unit_prefix(prefix, name, unit)) for member, unit in host.work]
    steps += [single_steps.packages(context, under, app, unit) for app, unit, under in here]
    steps += [single_steps.upgrade_unit(context, under, app, unit) for app, unit, under in here]
    steps += [_service(prefix, unit, enabled=True) for unit in host.computes]
    return single_steps.group(prefix, "host", Part.HOST, steps, host.name, machine=host.machine)


def _unit_prefix(prefix: str, host: str, unit: Unit) -> str:
    return prefix if unit.slug == host else f"{prefix}/{unit.slug}"


def _service(prefix: str, unit: Unit, *, enabled: bool) -> Step:
    which = "enable" if enabled else "disable"
    return single_steps.single_step(
        Kind.SET_COMPUTE_SERVICE,
        f"{prefix}/{which}-{unit.slug}",
        unit.name,
        {"enabled": enabled},
        single_steps.SWITCH_S,
        which,
    )


def _empty(prefix: str, unit: Unit) -> Step:
    return single_steps.single_step(
        Kind.VERIFY_HYPERVISOR_EMPTY,
        f"{prefix}/verify-empty-{unit.slug}",
        unit.name,
        {},
        single_steps.SWITCH_S,
    )
