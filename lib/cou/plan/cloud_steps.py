"""Steps for the cloud as a whole, before and after its applications (reference, section 8).

Differences from the peer, on purpose: every database application is backed up, and every
nova-cloud-controller archived (W20, W21); every ceph-mon application is looked at, also on
hypervisors (W18f); nothing is planned that has no target.
"""

from __future__ import annotations

from ..checks.plan_context import PlanContext
from ..checks.problem import Problem
from ..checks.problem_codes import problem
from ..cloud.cloud import Application
from ..kinds import Kind
from ..openstack import charms
from ..options.options import Group
from ..wording import PlanOption
from . import single_steps
from .step import Step

_CEPH_GROUPS = (Group.ALL, Group.DATA_PLANE)


def before(context: PlanContext) -> list[Step]:
    """Return what is done before any application: idleness, noout, backup, archive, purge."""
    steps = [
        single_steps.wait_model(
            context,
            "prepare/wait-idle",
            context.settings.standard_idle_timeout_s,
            "cloud",
        )
    ]
    steps += _noout(context, True)
    if context.options.backup:
        steps += _backup(context)
    steps += single_steps.placed(context, "prepare")
    if context.options.purge:
        controllers = context.of_charm(charms.NOVA_CLOUD_CONTROLLER)
        steps += [_purge(context, app) for app in controllers if "purge-data" in app.actions]
    return steps


def after(context: PlanContext) -> list[Step]:
    """Return what is done when every application is: require-osd-release, noout put back."""
    return single_steps.placed(context, "finish") + _noout(context, False)


def problems(context: PlanContext) -> list[Problem]:
    """Return what is asked for and cannot be done, or is not asked for and would be good."""
    return _database_problems(context) + _noout_problems(context) + _controller_problems(context)


def _noout(context: PlanContext, noout: bool) -> list[Step]:
    if not context.options.set_noout or not context.covers(*_CEPH_GROUPS):
        return []
    section, which = ("prepare", "set") if noout else ("finish", "unset")
    return [
        single_steps.single_step(
            Kind.SET_NOOUT,
            f"{section}/{app.name}/{which}-noout",
            app.units[0].name,
            {"noout": noout},
            single_steps.SWITCH_S,
            which,
            application=app.name,
        )
        for app in context.of_charm(charms.CEPH_MON)
    ]


def _databases(context: PlanContext) -> list[Application]:
    """Return the databases to back up; also skipped ones, for a dump upgrades nothing."""
    return [app for app in context.cloud.of_charm(charms.MYSQL) if app.units]


def _backup(context: PlanContext) -> list[Step]:
    databases = _databases(context)
    return [
        single_steps.single_step(
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


def _purge(context: PlanContext, app: Application) -> Step:
    return single_steps.single_step(
        Kind.PURGE_DATA,
        f"prepare/{app.name}/purge-data",
        app.units[0].name,
        {"before": context.options.purge_before},
        single_steps.PURGE_S,
        "before" if context.options.purge_before else "",
        application=app.name,
    )


def _database_problems(context: PlanContext) -> list[Problem]:
    if not context.options.backup:
        return [problem("no-way-back", "model", option=PlanOption("backup", True))]
    if _databases(context):
        return []
    return [
        problem("no-database", "model", MYSQL=charms.MYSQL, option=PlanOption("backup", False))
    ]


def _noout_problems(context: PlanContext) -> list[Problem]:
    if not context.options.set_noout:
        return []
    if not context.covers(*_CEPH_GROUPS):
        return [problem("noout-not-in-group", "model", group=context.options.group.value)]
    if not context.of_charm(charms.CEPH_MON):
        return [problem("no-ceph", "model")]
    return []


def _controller_problems(context: PlanContext) -> list[Problem]:
    found: list[Problem] = []
    controllers = context.of_charm(charms.NOVA_CLOUD_CONTROLLER)
    if context.options.archive and not controllers:
        found.append(
            problem("no-nova-cloud-controller", "model", option=PlanOption("archive", False))
        )
    if context.options.purge and not any("purge-data" in app.actions for app in controllers):
        found.append(problem("no-purge-action", "model"))
    return found
