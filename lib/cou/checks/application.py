"""What must hold for one application before it gets any step (reference, 4.1).

All problems of an application are told at once. An application with a problem gets no steps and
stops no other (W14); the peer discards the whole hypervisor part for one.
"""

from __future__ import annotations

import dataclasses
import re

from packaging.version import Version

from ..cloud import analysis
from ..cloud.analysis import Standing
from ..cloud.cloud import Application
from ..openstack import channels, charms, releases, tracks
from ..openstack.charms import CharmKind
from ..openstack.releases import Release
from ..wording import Option
from . import upgrade_path
from .changes import Moves, moves
from .problem import Problem
from .problem_codes import problem
from .scope import Scene

_OVN_MINIMUM = Version("22.03.0")
_UPGRADE_ACTIONS = ("disable", "enable", "openstack-upgrade", "pause", "resume")


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What the gate says of an application.

    Attributes:
        moves: what has to change; None where it gets no steps.
        problems: why not, where it is not simply at the target already; or warnings.
    """

    moves: Moves | None
    problems: tuple[Problem, ...] = ()


def check(scene: Scene, standing: Standing) -> Verdict:
    """Return whether an application gets steps, and all that stands in the way."""
    app, release = standing.application, standing.release
    found = _swift(app) + _ovn(app)
    if standing.faults or release is None:
        found += upgrade_path.faults([standing])
        return Verdict(None, tuple(found))
    found += _channel(standing, release)
    if not found and _there(scene, standing, release):
        return Verdict(None)
    found += _units(scene, standing) + _restarts(app) + _series(scene, app)
    if found:
        return Verdict(None, tuple(found))
    needed = moves(standing, release, scene.target, scene.settings)
    if needed.problems:
        return Verdict(None, needed.problems)
    return Verdict(needed, (*_risk(app, needed), *_behind(scene, standing, needed)))


def _swift(app: Application) -> list[Problem]:
    if app.charm.kind is not CharmKind.UNSUPPORTED:
        return []
    return [
        problem(
            "unsupported-charm",
            app.name,
            charm=app.charm.name,
            option=Option("skip-apps", app.name),
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


def _channel(standing: Standing, release: Release) -> list[Problem]:
    """Check that the channel is that of some release; a crossgrade is always fine.

    A release that only a wide version range suggests, and that the series does not even run
    (mysql 8.0 without an origin counts as caracal), is no reason to refuse; the peer refuses it.
    """
    app = standing.application
    if app.scheme == "local":
        fault = analysis.local_charm(app)
        return [problem(fault.code, fault.subject, fault.seen, fault.remedy)]
    if app.crossgrade:
        return []
    fits = bool(standing.channel_releases)
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
            option=Option("skip-apps", app.name),
        )
    ]


def _there(scene: Scene, standing: Standing, release: Release) -> bool:
    """Whether there is nothing to do; a newer revision in the channel is something to do.

    What is wholly beyond the target is left alone in any case: its channel and its origin would
    have to go backwards, as they do in the peer's plan.
    """
    app = standing.application
    if _beyond(scene, standing, release):
        return True
    origin_there = (
        app.charm.subordinate_kind
        or standing.origin_release is None
        or standing.origin_release >= scene.target
    )
    return release >= scene.target and not app.newer and origin_there


def _beyond(scene: Scene, standing: Standing, release: Release) -> bool:
    """Whether an application is past the target: by its origin, or because nothing older fits."""
    origin, target = standing.origin_release, scene.target
    if origin is not None and origin > target:
        return release > target
    return release > target and all(found[0] > target for found in standing.units.values())


def _units(scene: Scene, standing: Standing) -> list[Problem]:
    """Check that units agree; on hypervisors they may differ, being upgraded one by one."""
    app = standing.application
    if app.machines & scene.cloud.hypervisor_machines:
        return []
    at: dict[Release, list[str]] = {}
    for unit in app.units:
        found = standing.unit_release(unit)
        if found is not None:
            at.setdefault(found, []).append(unit.name)
    if len(at) < 2:
        return []
    told = "; ".join(f"{', '.join(names)} at {release}" for release, names in sorted(at.items()))
    return [
        problem("mismatched-units", app.name, versions=told, skip=Option("skip-apps", app.name))
    ]


def _restarts(app: Application) -> list[Problem]:
    """Check that restarts are not deferred; rabbitmq-server is switched by the run itself."""
    if app.charm.name == charms.RABBITMQ or app.flag(charms.AUTO_RESTARTS) is not False:
        return []
    return [problem("auto-restarts-off", app.name)]


def _series(scene: Scene, app: Application) -> list[Problem]:
    found: list[Problem] = []
    if scene.target not in releases.on_series(app.series):
        found.append(
            problem(
                "release-not-on-series",
                app.name,
                series=app.series,
                scene=scene.target,
                option=Option("skip-apps", app.name),
            )
        )
    missing = [name for name in _UPGRADE_ACTIONS if name not in app.actions]
    if app.charm.name == charms.NOVA_COMPUTE and missing:
        found.append(problem("no-upgrade-actions", app.name, missing=missing, channel=app.channel))
    return found


def _behind(scene: Scene, standing: Standing, needed: Moves) -> list[Problem]:
    """Say where channel and origin are the target's and the workload did not follow (LP#2068151).

    Units on hypervisors are upgraded by an action and do follow.
    """
    app = standing.application
    old = [unit.name for unit in app.units if not scene.done(app, unit)]
    if needed.any or app.charm.from_channel or not old:
        return []
    if app.machines & scene.cloud.hypervisor_machines:
        return []
    return [problem("workload-behind-origin", app.name, scene=scene.target, old=old)]


def _risk(app: Application, needed: Moves) -> list[Problem]:
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
