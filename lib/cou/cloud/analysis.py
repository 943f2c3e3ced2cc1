"""What release everything is at: units, applications and the cloud (reference, section 4).

An application whose release cannot be told gets a `ReleaseProblem` of its own and is left out of
the cloud's release; it never stops the others. The peer ends the whole analysis there.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from ..openstack import channels, origins, releases, tracks, workload_versions
from ..openstack.releases import Release
from ..wording import PlanOption, join
from .cloud import Application, Cloud, Unit


@dataclasses.dataclass(frozen=True)
class ReleaseProblem:
    """Why an application's release cannot be told.

    Attributes:
        code: a code of `cou.checks.problem_codes`.
    """

    code: str
    subject: str
    seen: str
    remedy: str


@dataclasses.dataclass(frozen=True)
class ReleaseState:
    """Where one application stands.

    Attributes:
        release: its release; None where `problems` say why not.
        origin_release: of its APT origin; None where the origin is empty or unknown.
        channel_releases: releases that its channel fits, oldest first; one for charms whose
            tracks are release names; empty where the channel says nothing.
        units: unit name -> releases that its workload version fits, oldest first.
        problems: why the release is not known.
    """

    application: Application
    release: Release | None
    origin_release: Release | None
    channel_releases: tuple[Release, ...]
    units: Mapping[str, tuple[Release, ...]]
    problems: tuple[ReleaseProblem, ...] = ()

    def unit_release(self, unit: Unit) -> Release | None:
        """Return a unit's release: the latest its version fits; None where unknown."""
        fitting = self.units.get(unit.name, ())
        return fitting[-1] if fitting else None


def assess(cloud: Cloud, landscape: bool) -> tuple[ReleaseState, ...]:
    """Return where every recognised application stands, in the cloud's order."""
    return tuple(_standing(app, landscape) for app in cloud.applications)


def oldest(release_states: Iterable[ReleaseState]) -> Release | None:
    """Return the oldest release among applications: the release of a cloud or a plane.

    Applications that are known by their channel and still follow none of their release say
    nothing about it and are left out.
    """
    found = [
        one.release
        for one in release_states
        if one.release is not None
        and not (one.application.charm.from_channel and one.application.crossgrade)
    ]
    return min(found, default=None)


def channel_releases(app: Application) -> tuple[Release, ...]:
    """Return the releases that an application's channel fits, oldest first.

    A charm without a channel of its release counts as ussuri: the last release that the Charm
    Store served.
    """
    if app.crossgrade:
        return (releases.get("ussuri"),)
    track = channels.parse(app.channel).track
    if app.charm.from_table:
        return tracks.releases_of(app.charm.name, app.series, track)
    named = releases.find(track)
    return (named,) if named else ()


def _standing(app: Application, landscape: bool) -> ReleaseState:
    of_channel = channel_releases(app)
    origin_release = None
    faults: list[ReleaseProblem] = []
    if app.origin:
        origin_release = origins.release_of(app.origin, app.series, landscape)
        if origin_release is None and not app.charm.subordinate_kind:
            faults.append(_bad_origin(app))
    if app.charm.from_channel:
        if app.scheme == "local":
            faults.append(local_charm(app))
        elif not of_channel:
            faults.append(_bad_channel(app))
        release = of_channel[-1] if of_channel and not faults else None
        fitting = {unit.name: of_channel for unit in app.units}
    else:
        fitting, odd = _fitting(app)
        faults += odd
        latest = [found[-1] for found in fitting.values() if found]
        if origin_release is not None:
            latest.append(origin_release)
        if not latest and not faults:
            faults.append(_nothing_known(app))
        release = None if faults else min(latest)
    return ReleaseState(app, release, origin_release, of_channel, fitting, tuple(faults))


def _fitting(app: Application) -> tuple[dict[str, tuple[Release, ...]], list[ReleaseProblem]]:
    fitting: dict[str, tuple[Release, ...]] = {}
    faults: list[ReleaseProblem] = []
    for unit in app.units:
        fitting[unit.name] = workload_versions.compatible(app.charm.version_key, unit.version)
        if not fitting[unit.name]:
            faults.append(_bad_version(app, unit))
    return fitting, faults


def _bad_origin(app: Application) -> ReleaseProblem:
    return ReleaseProblem(
        "unknown-origin",
        app.name,
        f"{app.origin_setting} of {app.name} is {app.origin!r}, which names no release.",
        join(
            f"Set {app.origin_setting} to distro or cloud:{app.series}-RELEASE, or "
            "leave the application out with ",
            PlanOption("skip-apps", app.name),
            ".",
        ),
    )


def _bad_channel(app: Application) -> ReleaseProblem:
    return ReleaseProblem(
        "unknown-channel",
        app.name,
        f"{app.name} ({app.charm.name} on {app.series}) follows the channel {app.channel!r}, "
        "whose track is that of no release.",
        join(
            "Move it to the channel of its release, or leave it out with ",
            PlanOption("skip-apps", app.name),
            ".",
        ),
    )


def local_charm(app: Application) -> ReleaseProblem:
    """Say that a charm that was deployed from a file has no channel to follow."""
    return ReleaseProblem(
        "local-charm",
        app.name,
        f"{app.name} runs the local charm {app.charm.name}, which follows no channel.",
        join(
            f"Move it to Charmhub with juju refresh {app.name} --switch "
            f"ch:{app.charm.name}, or leave it out with ",
            PlanOption("skip-apps", app.name),
            ".",
        ),
    )


def _bad_version(app: Application, unit: Unit) -> ReleaseProblem:
    told = f"{unit.version!r}, which fits no release" if unit.version else "empty"
    return ReleaseProblem(
        "unknown-workload-version",
        unit.name,
        f"The workload version of {unit.name} ({app.charm.name}) is {told}.",
        join(
            "Run its update-status hook or refresh the charm, or leave the application out with ",
            PlanOption("skip-apps", app.name),
            ".",
        ),
    )


def _nothing_known(app: Application) -> ReleaseProblem:
    return ReleaseProblem(
        "unknown-release",
        app.name,
        f"{app.name} has no unit and no APT origin, so its release cannot be told.",
        join(
            "Add a unit or leave the application out with ", PlanOption("skip-apps", app.name), "."
        ),
    )
