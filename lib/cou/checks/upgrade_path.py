"""Is there a way from where the cloud stands, for the group that was chosen?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..cloud import analysis, names
from ..cloud.analysis import ReleaseState
from ..cloud.cloud import Application, Cloud
from ..openstack import charms, releases
from ..openstack.releases import Release
from ..options.options import Group, Options
from ..wording import join, own_command
from .plan_context import PlanContext, is_data_plane
from .problem import Problem
from .problem_codes import problem

DONE = "nothing-to-do"
_EMPTY = {
    Group.CONTROL_PLANE: ("no-control-plane", "is no control plane"),
    Group.DATA_PLANE: ("no-data-plane", "is no data plane"),
    Group.HYPERVISORS: ("no-hypervisors", "are no hypervisors"),
}


def option_problems(cloud: Cloud, options: Options) -> list[Problem]:
    """Return what the options name and the model has not, with what it has.

    It is found whatever else the plan comes to: a name that is spelt wrong is never taken for
    something that is done already.
    """
    return [*_skipped(cloud, options), *_filters(cloud, options)]


def _skipped(cloud: Cloud, options: Options) -> Iterator[Problem]:
    everything = {app.name for app in cloud.applications} | set(cloud.ignored)
    for name in options.skip_apps:
        if name not in everything:
            seen = f"There is no application {name} in the model, so it cannot be left out."
            known = ", ".join(sorted(everything))
            remedy = f"Choose from the applications: {known}." if known else "Leave it out."
            yield problem("unknown-skip-app", name, seen, remedy)


def _filters(cloud: Cloud, options: Options) -> Iterator[Problem]:
    hypervisors = names.in_order(cloud.hypervisor_machines)
    for machine in options.machines:
        if machine not in cloud.machines:
            seen, code = f"There is no machine {machine} in the model.", "unknown-machine"
        elif machine not in hypervisors:
            seen, code = f"Machine {machine} hosts no nova-compute unit.", "not-a-hypervisor"
        else:
            continue
        listed = f"Choose from the machines of hypervisors: {', '.join(hypervisors)}."
        remedy = listed if hypervisors else "Choose no machines, as there are no hypervisors."
        yield problem(code, machine, seen, remedy)
    computes = [unit for app in cloud.of_charm(charms.NOVA_COMPUTE) for unit in app.units]
    zones = sorted({unit.zone for unit in computes if unit.zone})
    for zone in options.availability_zones:
        if zone not in zones:
            seen = f"No hypervisor is in the availability zone {zone!r}."
            listed = f"Choose from the zones of hypervisors: {', '.join(zones)}."
            remedy = listed if zones else "Choose no zones, as no hypervisor is in one."
            yield problem("unknown-zone", zone, seen, remedy)


def release_problems(considered: Iterable[ReleaseState]) -> list[Problem]:
    """Return why releases of applications cannot be told."""
    return [
        problem(one.code, one.subject, one.seen, one.remedy)
        for release_state in considered
        for one in release_state.problems
    ]


def nothing_recognised(cloud: Cloud, considered: list[ReleaseState]) -> Problem:
    """Say why there is no release of the cloud."""
    if not considered:
        return problem("no-openstack", "model", cloud=cloud.name)
    return problem("unknown-cloud-release", "model")


def no_way_on(cloud: Cloud, series: str, origin: Release) -> Problem:
    """Say why no release follows; the peer loses the explanation (W12)."""
    chain = releases.on_series(series)
    if not chain:
        return problem("unsupported-series", "model", series=series)
    if origin == chain[-1]:
        return problem("last-release", "model", origin=origin, series=series)
    listed = ", ".join(one.codename for one in chain)
    return problem("unsupported-release", "model", origin=origin, series=series, listed=listed)


def empty_group(context: PlanContext) -> Problem | None:
    """Check that the chosen group has members; name the groups that have."""
    groups = {group: _members(context.cloud, group) for group in Group}
    chosen = context.options.group
    skipped = set(context.options.skip_apps)
    if any(app.name not in skipped for app in groups[chosen]):
        return None
    code, what = _EMPTY[chosen]
    if chosen is Group.HYPERVISORS and not groups[Group.DATA_PLANE]:
        code, what = _EMPTY[Group.DATA_PLANE]
    seen = f"The group {chosen.value} was chosen and there {what}."
    if groups[chosen]:
        seen = f"The group {chosen.value} was chosen, and skip-apps leaves all of it out."
    there = [group.value for group, apps in groups.items() if {a.name for a in apps} - skipped]
    listed = f"Choose from the groups with something in them: {', '.join(there)}."
    return problem(code, "model", seen, listed if there else "Leave fewer applications out.")


_CONTROL_PLANE = own_command("plan", group="control-plane")


def _members(cloud: Cloud, group: Group) -> list[Application]:
    if group is Group.HYPERVISORS:
        return list(cloud.of_charm(charms.NOVA_COMPUTE))
    return [
        app
        for app in cloud.applications
        if group is Group.ALL or is_data_plane(cloud, app) is (group is Group.DATA_PLANE)
    ]


def plane_problem(context: PlanContext) -> Problem | None:
    """Check that the control plane is ahead where only the data plane is to be upgraded."""
    if not context.covers(Group.DATA_PLANE, Group.HYPERVISORS):
        return None
    planes: tuple[list[ReleaseState], list[ReleaseState]] = ([], [])
    for app in context.applications:
        planes[is_data_plane(context.cloud, app)].append(context.release_states[app.name])
    control, data = (analysis.oldest(plane) for plane in planes)
    if control is None or data is None or control > data:
        return None
    if control == data:
        # The peer reports a finished data plane as an error here (W30).
        return done(context)
    return problem(
        "control-plane-first", "model", control=control, data=data, control_plane=_CONTROL_PLANE
    )


def done(context: PlanContext, old: Sequence[str] = ()) -> Problem:
    """Say that nothing of what was chosen has to be upgraded.

    Args:
        old: units that stay old, since they were not chosen or had to be left out.
    """
    group = context.options.group.value
    if old:
        seen = f"Nothing that was chosen is upgraded; {', '.join(old)} would still be old."
        remedy = "Choose others, or see which problems leave them out."
    elif context.covers(Group.DATA_PLANE, Group.HYPERVISORS):
        seen = f"Nothing in the group {group} is older than the control plane."
        remedy = join(
            f"To go on to {context.target}, upgrade the control plane first: ", _CONTROL_PLANE
        )
    else:
        seen = f"Everything in the group {group} is at {context.target} already."
        remedy = "Nothing has to be done."
    return problem(DONE, "model", seen, remedy)
