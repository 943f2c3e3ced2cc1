"""Steps for the cloud as a whole, before and after its applications (reference, section 8).

Differences from the peer, on purpose: every database application is backed up, and every
nova-cloud-controller archived (W20, W21); every ceph-mon application is looked at, also on
hypervisors (W18f); nothing is planned that has no target.
"""

from __future__ import annotations

from ..checks.problem import Problem
from ..checks.problem_codes import problem
from ..checks.scope import Scene
from ..cloud.cloud import Application
from ..kinds import Kind
from ..openstack import charms
from ..options.options import Group
from ..wording import Option
from . import single_steps
from .step import Step

_CEPH_GROUPS = (Group.ALL, Group.DATA_PLANE)


def before(scene: Scene) -> list[Step]:
    """Return what is done before any application: idleness, noout, backup, archive, purge."""
    steps = [
        single_steps.wait_model(
            scene,
            "prepare/wait-idle",
            scene.settings.standard_idle_timeout_s,
            "cloud",
        )
    ]
    steps += _noout(scene, True)
    if scene.options.backup:
        steps += _backup(scene)
    steps += single_steps.placed(scene, "prepare")
    if scene.options.purge:
        controllers = scene.of_charm(charms.NOVA_CLOUD_CONTROLLER)
        steps += [_purge(scene, app) for app in controllers if "purge-data" in app.actions]
    return steps


def after(scene: Scene) -> list[Step]:
    """Return what is done when every application is: require-osd-release, noout put back."""
    return single_steps.placed(scene, "finish") + _noout(scene, False)


def problems(scene: Scene) -> list[Problem]:
    """Return what is asked for and cannot be done, or is not asked for and would be good."""
    return _database_problems(scene) + _noout_problems(scene) + _controller_problems(scene)


def _noout(scene: Scene, noout: bool) -> list[Step]:
    if not scene.options.set_noout or not scene.covers(*_CEPH_GROUPS):
        return []
    section, which = ("prepare", "set") if noout else ("finish", "unset")
    return [
        single_steps.leaf(
            Kind.SET_NOOUT,
            f"{section}/{app.name}/{which}-noout",
            app.units[0].name,
            {"noout": noout},
            single_steps.SWITCH_S,
            which,
            application=app.name,
        )
        for app in scene.of_charm(charms.CEPH_MON)
    ]


def _databases(scene: Scene) -> list[Application]:
    """Return the databases to back up; also skipped ones, for a dump upgrades nothing."""
    return [app for app in scene.cloud.of_charm(charms.MYSQL) if app.units]


def _backup(scene: Scene) -> list[Step]:
    databases = _databases(scene)
    return [
        single_steps.leaf(
            Kind.BACKUP_DATABASE,
            f"prepare/{app.name}/backup-database",
            app.units[0].name,
            {},
            single_steps.BACKUP_S,
            "one-of-several" if len(databases) > 1 else "",
            application=app.name,
        )
        for app in databases
    ]


def _purge(scene: Scene, app: Application) -> Step:
    return single_steps.leaf(
        Kind.PURGE_DATA,
        f"prepare/{app.name}/purge-data",
        app.units[0].name,
        {"before": scene.options.purge_before},
        single_steps.PURGE_S,
        "before" if scene.options.purge_before else "",
        application=app.name,
    )


def _database_problems(scene: Scene) -> list[Problem]:
    if not scene.options.backup:
        return [problem("no-way-back", "model", option=Option("backup", True))]
    if _databases(scene):
        return []
    return [problem("no-database", "model", MYSQL=charms.MYSQL, option=Option("backup", False))]


def _noout_problems(scene: Scene) -> list[Problem]:
    if not scene.options.set_noout:
        return []
    if not scene.covers(*_CEPH_GROUPS):
        return [problem("noout-not-in-group", "model", group=scene.options.group.value)]
    if not scene.of_charm(charms.CEPH_MON):
        return [problem("no-ceph", "model")]
    return []


def _controller_problems(scene: Scene) -> list[Problem]:
    found: list[Problem] = []
    controllers = scene.of_charm(charms.NOVA_CLOUD_CONTROLLER)
    if scene.options.archive and not controllers:
        found.append(problem("no-nova-cloud-controller", "model", option=Option("archive", False)))
    if scene.options.purge and not any("purge-data" in app.actions for app in controllers):
        found.append(problem("no-purge-action", "model"))
    return found
