"""What must hold for one application before it gets any step (reference, 4.1).

All problems of an application are told at once. An application with a problem gets no steps and
stops no other (W14); the peer discards the whole hypervisor part for one.
"""

from __future__ import annotations

import dataclasses
import re

from packaging.version import Version

from ..cloud import analysis
from ..cloud.analysis import ReleaseState
from ..cloud.cloud import Application
from ..openstack import channels, charms, releases, tracks
from ..openstack.charms import CharmKind
from ..openstack.releases import Release
from ..wording import PlanOption
from . import upgrade_path
from .application_changes import ApplicationChanges, changes_needed
from .plan_context import PlanContext
from .problem import Problem
from .problem_codes import problem

_OVN_MINIMUM = Version("22.03.0")
_UPGRADE_ACTIONS = ("disable", "enable", "openstack-upgrade", "pause", "resume")


@dataclasses.dataclass(frozen=True)
class ApplicationCheck:
    """What the gate says of an application.

    Attributes:
        changes_needed: what has to change; None where it gets no steps.
        problems: why not, where it is not simply at the target already; or warnings.
    """

    changes: ApplicationChanges | None
    problems: tuple[Problem, ...] = ()


def check(context: PlanContext, release_state: ReleaseState) -> ApplicationCheck:
    """Return whether an application gets steps, and all that stands in the way."""
    app, release = release_state.application, release_state.release
    found = _swift(app) + _ovn(app)
    if release_state.problems or release is None:
        found += upgrade_path.release_problems([release_state])
        return ApplicationCheck(None, tuple(found))
    found += _channel(release_state, release)
    if not found and _there(context, release_state, release):
        return ApplicationCheck(None)
    found += _units(context, release_state) + _restarts(app) + _series(context, app)
    if found:
        return ApplicationCheck(None, tuple(found))
    needed = changes_needed(release_state, release, context.target, context.settings)
    if needed.problems:
        return ApplicationCheck(None, needed.problems)
    return ApplicationCheck(
        needed, (*_risk(app, needed), *_behind(context, release_state, needed))
    )


def _swift(app: Application) -> list[Problem]:
    if app.charm.kind is not CharmKind.UNSUPPORTED:
        return []
    return [
        problem(
            "unsupported-charm",
            app.name,
            charm=app.charm.name,
            option=PlanOption("skip-apps", app.name),
        )
    ]


def _ovn(app: Application) -> list[Problem]:
    """Check OVN's version, also that of ovn-central (W37), and that it is not pinned."""
    if app.charm.name not in charms.OVN:
        return []
    found: list[Problem] = []
    told = {unit.name: unit.version for unit in app.units}
    if app.charm.subordinate_kind:
        told = {app.name: app.version}
    for subject, text in told.items():
        version = _leading(text)
        if version is None and app.units:
            found.append(problem("ovn-version-unknown", subject, version=f"{text!r}"))
        if version is not None and version < _OVN_MINIMUM:
            found.append(problem("ovn-too-old", subject, version=text))
    if app.flag(charms.VERSION_PINNING):
        found.append(problem("ovn-version-pinned", app.name))
    return found


def _leading(text: str) -> Version | None:
    """Return the number that a version begins with: ``20.03.2-0ubuntu1`` is 20.03.2."""
    number = re.match(r"\d+(\.\d+)*", text)
    return Version(number.group()) if number else None


def _channel(release_state: ReleaseState, release: Release) -> list[Problem]:
    """Check that the channel is that of some release; a crossgrade is always fine.

    A release that only a wide version range suggests, and that the series does not even run
    (mysql 8.0 without an origin counts as caracal), is no reason to refuse; the peer refuses it.
    """
    app = release_state.application
    if app.scheme == "local":
        fault = analysis.local_charm(app)
        return [problem(fault.code, fault.subject, fault.seen, fault.remedy)]
    if app.crossgrade:
        return []
    fits = bool(release_state.channel_releases)
    if app.charm.from_table and release in releases.on_series(app.series):
        fits = fits and bool(tracks.accepted(app.charm.name, app.series, release))
    if fits:
        return []
    return [
        problem(
            "unknown-channel",
            app.name,
            charm=app.charm.name,
            series=app.series,
            release=release,
            channel=f"{app.channel!r}",
            option=PlanOption("skip-apps", app.name),
        )
    ]


def _there(context: PlanContext, release_state: ReleaseState, release: Release) -> bool:
    """Whether there is nothing to do; a newer revision in the channel is something to do.

    What is wholly beyond the target is left alone in any case: its channel and its origin would
    have to go backwards, as they do in the peer's plan.
    """
    app = release_state.application
    if _beyond(context, release_state, release):
        return True
    origin_there = (
        app.charm.subordinate_kind
        or release_state.origin_release is None
        or release_state.origin_release >= context.target
    )
    return release >= context.target and not app.newer and origin_there


def _beyond(context: PlanContext, release_state: ReleaseState, release: Release) -> bool:
    """Whether an application is past the target: by its origin, or because nothing older fits."""
    origin, target = release_state.origin_release, context.target
    if origin is not None and origin > target:
        return release > target
    return release > target and all(found[0] > target for found in release_state.units.values())


def _units(context: PlanContext, release_state: ReleaseState) -> list[Problem]:
    """Check that units agree; on hypervisors they may differ, being upgraded one by one."""
    app = release_state.application
    if app.machines & context.cloud.hypervisor_machines:
        return []
    at: dict[Release, list[str]] = {}
    for unit in app.units:
        found = release_state.unit_release(unit)
        if found is not None:
            at.setdefault(found, []).append(unit.name)
    if len(at) < 2:
        return []
    told = "; ".join(f"{', '.join(names)} at {release}" for release, names in sorted(at.items()))
    return [
        problem(
            "mismatched-units", app.name, versions=told, skip=PlanOption("skip-apps", app.name)
        )
    ]


def _restarts(app: Application) -> list[Problem]:
    """Check that restarts are not deferred; rabbitmq-server is switched by the run itself."""
    if app.charm.name == charms.RABBITMQ or app.flag(charms.AUTO_RESTARTS) is not False:
        return []
    return [problem("auto-restarts-off", app.name)]


def _series(context: PlanContext, app: Application) -> list[Problem]:
    found: list[Problem] = []
    if context.target not in releases.on_series(app.series):
        found.append(
            problem(
                "release-not-on-series",
                app.name,
                series=app.series,
                scene=context.target,
                option=PlanOption("skip-apps", app.name),
            )
        )
    missing = [name for name in _UPGRADE_ACTIONS if name not in app.actions]
    if app.charm.name == charms.NOVA_COMPUTE and missing:
        found.append(problem("no-upgrade-actions", app.name, missing=missing, channel=app.channel))
    return found


def _behind(
    context: PlanContext, release_state: ReleaseState, needed: ApplicationChanges
) -> list[Problem]:
    """Say where channel and origin are the target's and the workload did not follow (LP#2068151).

    Units on hypervisors are upgraded by an action and do follow.
    """
    app = release_state.application
    old = [unit.name for unit in app.units if not context.done(app, unit)]
    if needed.any or app.charm.from_channel or not old:
        return []
    if app.machines & context.cloud.hypervisor_machines:
        return []
    return [problem("workload-behind-origin", app.name, scene=context.target, old=old)]


def _risk(app: Application, needed: ApplicationChanges) -> list[Problem]:
    channel = channels.parse(app.channel)
    if app.crossgrade or not needed.channel or channel.risk == "stable":
        return []
    return [
        problem(
            "risk-becomes-stable",
            app.name,
            channel=f"{app.channel!r}",
            needed=f"{needed.channel!r}",
        )
    ]
