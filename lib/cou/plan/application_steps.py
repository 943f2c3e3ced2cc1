"""The steps of one application off the hypervisors: units together, or one by one (6.5, 6.6).

Differences from the peer, on purpose:

- Packages of a quorum go unit by unit, each followed by a wait (W19).
- rabbitmq-server that restarts by itself is no refusal: restarts are deferred for the upgrade.
- ``action-managed-upgrade`` that is true is put back at the end (W31).
- vault is waited for wherever something restarted it; nobody is asked for keys (W8, W9).
- A charm-only application (no workload version) still ends with its wait.
"""

from __future__ import annotations

from ..checks import leftover_marks
from ..checks.application_changes import ApplicationChanges
from ..checks.plan_context import PlanContext
from ..cloud.cloud import Application
from ..kinds import Kind
from ..openstack import charms, known_issues
from ..openstack.known_issues import Hits
from . import rolling_steps, single_steps
from .step import Part, Step


def application(
    context: PlanContext, app: Application, changes: ApplicationChanges
) -> Step | None:
    """Return the plan of one application, or None where nothing is left to do."""
    if app.charm.subordinate_kind:
        steps = first_refresh(context, app.name, app, changes)
        steps += to_channel(context, app.name, app, changes)
    else:
        steps = _principal(context, app, changes)
    return group_of(context, app, steps)


def group_of(context: PlanContext, app: Application, steps: list[Step]) -> Step | None:
    """Return the group of one application's steps."""
    note = known_issues.note(app.charm.name, context.target, Hits.APPLICATION)
    return single_steps.group(
        app.name,
        "application",
        Part.APPLICATION,
        steps,
        app.name,
        release=context.target,
        note=note,
    )


def _rolling(context: PlanContext, app: Application, changes: ApplicationChanges) -> list[Step]:
    """Return the upgrade of an application unit by unit, each back in service before the next."""
    name = app.name
    steps = hypervisors_done(context, name, app)
    steps += first_refresh(context, name, app, changes)
    switched = unit_by_unit(context, name, app)
    steps += switched
    steps += to_channel(context, name, app, changes)
    steps += to_origin(context, name, app, changes)
    for unit in rolling_steps.in_order(app):
        prefix = f"{name}/{unit.slug}"
        beside = rolling_steps.hacluster_of(context, unit)
        upgrade = single_steps.upgrade_unit(context, prefix, app, unit, hacluster=beside)
        steps += [
            single_steps.packages(context, prefix, app, unit),
            upgrade,
            single_steps.wait(
                context, f"{upgrade.id}/wait", app, single_steps.final_timeout_s(context, app)
            ),
        ]
    note = known_issues.note(app.charm.name, context.target, Hits.VERIFY)
    steps += [
        single_steps.final_wait(context, name, app),
        single_steps.verify(context, name, app, (), note),
    ]
    if switched:
        steps += single_steps.put_back_option(
            context, name, app, charms.MANAGED_UPGRADE, "rolling"
        )
    return steps


def unit_by_unit(context: PlanContext, prefix: str, app: Application) -> list[Step]:
    """Return the change by which an application is upgraded unit by unit; none if it is so."""
    ours = leftover_marks.is_ours(context, app)
    if not ours and app.flag(charms.MANAGED_UPGRADE):
        return []
    key, was = charms.MANAGED_UPGRADE, "False" if ours else ""
    return [
        single_steps.set_config(
            context, prefix, app, key, "True", "one-by-one", mark=True, was=was
        )
    ]


def _principal(context: PlanContext, app: Application, changes: ApplicationChanges) -> list[Step]:
    if rolling_steps.chosen(context, app, changes):
        return _rolling(context, app, changes)
    name = app.name
    steps = hypervisors_done(context, name, app)
    steps += _defer_restarts(context, app)
    steps += packages(context, app)
    steps += first_refresh(context, name, app, changes)
    steps += _run_deferred(context, app, "before", wait_first=False)
    if app.charm.name == charms.CEPH_MON:
        steps += require_osd_release(name, app)
    managed = bool(app.flag(charms.MANAGED_UPGRADE))
    if managed:
        key = charms.MANAGED_UPGRADE
        steps.append(
            single_steps.set_config(context, name, app, key, "False", "all-together", mark=True)
        )
    steps += to_channel(context, name, app, changes)
    steps += to_origin(context, name, app, changes)
    steps += _run_deferred(context, app, "after", wait_first=True)
    if app.units:
        steps.append(single_steps.final_wait(context, name, app))
    if app.units and (app.charm.version_key and all(unit.version for unit in app.units)):
        note = known_issues.note(app.charm.name, context.target, Hits.VERIFY)
        steps.append(single_steps.verify(context, name, app, (), note))
    if managed:
        steps += single_steps.put_back_option(
            context, name, app, charms.MANAGED_UPGRADE, "managed"
        )
    if _defers(app) and app.flag(charms.AUTO_RESTARTS):
        steps += single_steps.put_back_option(context, name, app, charms.AUTO_RESTARTS, "restarts")
    return steps


def hypervisors_done(context: PlanContext, prefix: str, app: Application) -> list[Step]:
    """Return the check that begins what must come after all hypervisors."""
    computes = context.cloud.of_charm(charms.NOVA_COMPUTE)
    if app.charm.name not in charms.AFTER_HYPERVISORS or not computes:
        return []
    return [
        single_steps.single_step(
            Kind.VERIFY_HYPERVISORS_UPGRADED,
            f"{prefix}/verify-hypervisors-upgraded",
            "model",
            {
                "release": context.target.codename,
                "applications": sorted(one.name for one in computes),
            },
            single_steps.QUERY_S,
            application=app.name,
            release=context.target,
        )
    ]


def packages(context: PlanContext, app: Application) -> list[Step]:
    """Return the package upgrades of all units: together, or one by one in a quorum."""
    if not app.charm.one_at_a_time:
        children = [
            single_steps.packages(context, f"{app.name}/{unit.slug}", app, unit)
            for unit in app.units
        ]
        together = single_steps.group(
            f"{app.name}/packages", "packages", Part.PARALLEL, children, app.name, True
        )
        return [together] if together else []
    steps: list[Step] = []
    for unit in app.units:
        step = single_steps.packages(context, f"{app.name}/{unit.slug}", app, unit)
        steps.append(step)
        steps += settled(context, step, app, context.settings.long_idle_timeout_s)
    return steps


def settled(context: PlanContext, step: Step, app: Application, timeout_s: int) -> list[Step]:
    """Return the waits after a step that may have restarted a service of an application."""
    found = _unsealed(context, step, app)
    found.append(single_steps.wait(context, f"{step.id}/wait", app, timeout_s))
    return found


def _unsealed(context: PlanContext, step: Step, app: Application) -> list[Step]:
    if app.charm.name != charms.VAULT:
        return []
    return [single_steps.unsealed(context, f"{step.id}/wait-unsealed", app)]


def _refreshed(context: PlanContext, steps: list[Step], app: Application) -> list[Step]:
    """Put the wait for vault's operator between a refresh and its wait."""
    return [steps[0], *_unsealed(context, steps[0], app), *steps[1:]]


def first_refresh(
    context: PlanContext, prefix: str, app: Application, changes: ApplicationChanges
) -> list[Step]:
    """Return the refresh within the present release: crossgrade or newest revision."""
    if not changes.refresh:
        return []
    which = "charmhub" if changes.switch else "downgrade" if changes.downgrade else "revision"
    note = known_issues.note(app.charm.name, context.target, Hits.REFRESH)
    steps = single_steps.refresh(
        context, prefix, app, changes.refresh, which, note, switch=changes.switch
    )
    return _refreshed(context, steps, app)


def to_channel(
    context: PlanContext, prefix: str, app: Application, changes: ApplicationChanges
) -> list[Step]:
    """Return the move to the target's channel and the wait after it."""
    if not changes.channel:
        return []
    note = known_issues.note(app.charm.name, context.target, Hits.CHANNEL, Hits.REFRESH)
    steps = single_steps.refresh(context, prefix, app, changes.channel, "channel", note)
    return _refreshed(context, steps, app)


def to_origin(
    context: PlanContext, prefix: str, app: Application, changes: ApplicationChanges
) -> list[Step]:
    """Return the change of the APT origin."""
    if not changes.origin:
        return []
    note = known_issues.note(app.charm.name, context.target, Hits.ORIGIN)
    step = single_steps.set_config(
        context, prefix, app, app.origin_setting, changes.origin, "origin", note=note
    )
    return [step, *_unsealed(context, step, app)]


def require_osd_release(prefix: str, app: Application) -> list[Step]:
    """Return the alignment of a cluster with its OSDs, on the first unit of a ceph-mon."""
    return [
        single_steps.single_step(
            Kind.REQUIRE_OSD_RELEASE,
            f"{prefix}/require-osd-release",
            unit.name,
            {},
            single_steps.QUERY_S,
            application=app.name,
        )
        for unit in app.units[:1]
    ]


def _defers(app: Application) -> bool:
    """Whether restarts are deferred while an application is upgraded (LP#2046381)."""
    return app.charm.name == charms.RABBITMQ and app.flag(charms.AUTO_RESTARTS) is not None


def _defer_restarts(context: PlanContext, app: Application) -> list[Step]:
    if not (_defers(app) and app.flag(charms.AUTO_RESTARTS)):
        return []
    step = single_steps.set_config(
        context, app.name, app, charms.AUTO_RESTARTS, "False", "defer-restarts", mark=True
    )
    return [step, *settled(context, step, app, context.settings.long_idle_timeout_s)]


def _run_deferred(
    context: PlanContext, app: Application, when: str, *, wait_first: bool
) -> list[Step]:
    """Return the deferred restarts, one unit at a time, with the wait before or after them."""
    if not _defers(app):
        return []
    actions = [
        single_steps.single_step(
            Kind.RUN_ACTION,
            f"{app.name}/{unit.slug}/run-deferred-hooks/{when}",
            unit.name,
            {"action": "run-deferred-hooks", "params": {}},
            context.settings.long_idle_timeout_s,
            "deferred-hooks",
        )
        for unit in app.units
    ]
    pause = single_steps.wait(
        context,
        f"{app.name}/run-deferred-hooks/{when}/wait",
        app,
        context.settings.long_idle_timeout_s,
    )
    return [pause, *actions] if wait_first else [*actions, pause]
