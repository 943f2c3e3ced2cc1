"""What Ceph says before its daemons are upgraded (reference, section 5, checks 9 and 10)."""

from __future__ import annotations

from ..cloud.ceph_status import CephState
from ..cloud.cloud import Application
from ..openstack import ceph_releases, charms, tracks
from ..wording import PlanOption
from . import undo_commands
from .plan_context import PlanContext
from .problem import Problem
from .problem_codes import problem

_CHARMS = (charms.CEPH_MON, charms.CEPH_OSD, "ceph-fs", "ceph-radosgw")


def check(context: PlanContext, planned: frozenset[str]) -> list[Problem]:
    """Return what is wrong with Ceph clusters."""
    upgraded = any(
        app.name in planned for app in context.applications if app.charm.name in _CHARMS
    )
    found: list[Problem] = []
    for state in context.cloud.ceph:
        if state.application in context.options.skip_apps and not upgraded:
            continue
        found += _flags(state)
        if upgraded:
            found += _unknown(state) + _health(state) + _filestore(context, state)
            if not context.options.set_noout:
                option = PlanOption("set-noout", True)
                found.append(problem("ceph-without-noout", state.application, option=option))
    return found + _osds_without_monitors(context, planned)


def _osds_without_monitors(context: PlanContext, planned: frozenset[str]) -> list[Problem]:
    """Say which OSDs nobody could be asked about before Reef."""
    if context.cloud.ceph:
        return []
    return [
        problem(
            "filestore-unknown/osds-without-monitors",
            app.name,
            option=PlanOption("skip-apps", app.name),
        )
        for app in context.applications
        if app.name in planned and app.charm.name == charms.CEPH_OSD and _to_reef(context, app)
    ]


def _to_reef(context: PlanContext, app: Application) -> bool:
    return ceph_releases.at_least(
        tracks.target(app.charm.name, app.series, context.target), "reef"
    )


def _flags(state: CephState) -> list[Problem]:
    found: list[Problem] = []
    if state.overall and len(state.overall) > 1:
        found.append(
            problem("ceph-mixed-versions", state.application, overall="; ".join(state.overall))
        )
    if state.flags and "noout" in state.flags:
        found.append(
            problem("noout-set", state.application, noout=undo_commands.noout(state.unit))
        )
    return found


def _unknown(state: CephState) -> list[Problem]:
    if state.flags is not None and state.health is not None:
        return []
    return [problem("ceph-unknown/unknown", state.application, unit=state.unit)]


def _health(state: CephState) -> list[Problem]:
    found: list[Problem] = []
    checks = f" ({', '.join(state.checks)})" if state.checks else ""
    codes = {"HEALTH_ERR": "ceph-health-error", "HEALTH_WARN": "ceph-health-warning"}
    # A warning that only repeats flags on the OSD map is told by the flag itself.
    only_flags = state.health == "HEALTH_WARN" and set(state.checks) == {"OSDMAP_FLAGS"}
    if state.health in codes and not only_flags:
        found.append(
            problem(
                codes[state.health],
                state.application,
                f"The cluster of {state.application} is in {state.health}{checks}.",
                "Mend it first.",
            )
        )
    if state.unclean_pgs:
        found.append(problem("ceph-pgs-unclean", state.application, unclean_pgs=state.unclean_pgs))
    return found


def _filestore(context: PlanContext, state: CephState) -> list[Problem]:
    """Check the object stores of OSDs before Reef, which no longer reads FileStore."""
    app = next(one for one in context.cloud.applications if one.name == state.application)
    if not _to_reef(context, app):
        return []
    track = tracks.target(app.charm.name, app.series, context.target)
    if state.filestore_osds is None:
        return [problem("filestore-unknown/filestore", state.application, unit=state.unit)]
    if not state.filestore_osds:
        return []
    osds = ", ".join(f"osd.{number}" for number in state.filestore_osds)
    return [problem("filestore-osd", state.application, osds=osds, track=track)]
