"""Is there a way from where the cloud stands, for the group that was chosen?"""

from __future__ import annotations

from collections.abc import Iterable

from ..cloud import analysis
from ..cloud.analysis import Standing
from ..cloud.cloud import Cloud
from ..openstack import releases
from ..openstack.releases import Release
from .codes import problem
from .options import Group, Options
from .problem import Problem
from .scene import Scene, is_data_plane


def option_problems(cloud: Cloud, options: Options) -> list[Problem]:
    """Return what the options ask for and the model or this version does not have."""
    everything = {app.name for app in cloud.applications} | set(cloud.ignored)
    found = [
        problem(
            "unknown-skip-app",
            name,
            f"There is no application {name} in the model.",
            "Mind the spelling; skip-apps takes names of applications, not of charms.",
        )
        for name in options.skip_apps
        if name not in everything
    ]
    return found


def faults(considered: Iterable[Standing]) -> list[Problem]:
    """Return why releases of applications cannot be told."""
    return [
        problem(one.code, one.subject, one.seen, one.remedy)
        for standing in considered
        for one in standing.faults
    ]


def nothing_recognised(cloud: Cloud, considered: list[Standing]) -> Problem:
    """Say why there is no release of the cloud."""
    if not considered:
        seen = f"No application of the model {cloud.name} is to be upgraded."
        remedy = "Point cou at the model that holds the OpenStack."
        return problem("no-openstack", "model", seen, remedy)
    seen = "No application tells which release the cloud is at."
    return problem("unknown-cloud-release", "model", seen, "Mend the other problems first.")


def no_way_on(cloud: Cloud, series: str, origin: Release) -> Problem:
    """Say why no release follows; the peer loses the explanation (W12)."""
    chain = releases.on_series(series)
    if not chain:
        seen = f"The cloud is on {series}; cou upgrades clouds on focal and jammy."
        return problem("unsupported-series", "model", seen, "Move it to a supported series.")
    if origin == chain[-1]:
        seen = f"The cloud is at {origin}, the last release on {series}."
        remedy = "Upgrade the machines to the next series first, by the charm guide."
        return problem("last-release", "model", seen, remedy)
    seen = f"The cloud is at {origin}, which cou does not upgrade on {series}."
    remedy = f"Releases on {series} are {', '.join(one.codename for one in chain)}."
    return problem("unsupported-release", "model", seen, remedy)


def plane_problem(scene: Scene) -> Problem | None:
    """Check that the control plane is ahead where only the data plane is to be upgraded."""
    if not scene.covers(Group.DATA_PLANE, Group.HYPERVISORS):
        return None
    planes: tuple[list[Standing], list[Standing]] = ([], [])
    for app in scene.applications:
        planes[is_data_plane(scene.cloud, app)].append(scene.standings[app.name])
    control, data = (analysis.oldest(plane) for plane in planes)
    if not planes[True]:
        seen = f"group={scene.options.group.value} was chosen and there is no data plane."
        return problem("no-data-plane", "model", seen, "Plan another group.")
    if control is None or data is None or control > data:
        return None
    if control == data:
        # The peer reports a finished data plane as an error here (W30).
        return done(scene)
    seen = f"The control plane is at {control}, the data plane at {data}."
    remedy = "Upgrade group=control-plane first."
    return problem("control-plane-first", "model", seen, remedy)


def done(scene: Scene) -> Problem:
    """Say that nothing in the chosen group has to be upgraded."""
    group = scene.options.group.value
    if scene.covers(Group.DATA_PLANE, Group.HYPERVISORS):
        seen = f"Nothing in group={group} is older than the control plane."
        remedy = f"To go on to {scene.target}, upgrade group=control-plane first."
    else:
        seen = f"Everything in group={group} is at {scene.target} already."
        remedy = "Nothing has to be done."
    return problem("nothing-to-do", "model", seen, remedy)
