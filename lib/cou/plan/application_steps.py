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
from ..checks.changes import Moves
from ..checks.scope import Scene
from ..cloud.cloud import Application
from ..kinds import Kind
from ..openstack import charms, known_issues
from ..openstack.known_issues import Hits
from . import rolling_steps, single_steps
from .step import Part, Step


def application(scene: Scene, app: Application, moves: Moves) -> Step | None:
    """Return the plan of one application, or None where nothing is left to do."""
    if app.charm.subordinate_kind:
        steps = first_refresh(scene, app.name, app, moves)
        steps += to_channel(scene, app.name, app, moves)
    else:
        steps = _principal(scene, app, moves)
    return group_of(scene, app, steps)


def group_of(scene: Scene, app: Application, steps: list[Step]) -> Step | None:
    """Return the group of one application's steps."""
    note = known_issues.note(app.charm.name, scene.target, Hits.APPLICATION)
    return single_steps.group(
        app.name,
        "application",
        Part.APPLICATION,
        steps,
        app.name,
        release=scene.target,
        note=note,
    )


def _rolling(scene: Scene, app: Application, moves: Moves) -> list[Step]:
    """Return the upgrade of an application unit by unit, each back in service before the next."""
    name = app.name
    steps = hypervisors_done(scene, name, app)
    steps += first_refresh(scene, name, app, moves)
    switched = unit_by_unit(scene, name, app)
    steps += switched
    steps += to_channel(scene, name, app, moves)
    steps += to_origin(scene, name, app, moves)
    for unit in rolling_steps.in_order(app):
        prefix = f"{name}/{unit.slug}"
        beside = rolling_steps.hacluster_of(scene, unit)
        upgrade = single_steps.upgrade_unit(scene, prefix, app, unit, hacluster=beside)
        steps += [
            single_steps.packages(scene, prefix, app, unit),
            upgrade,
            single_steps.wait(
                scene, f"{upgrade.id}/wait", app, single_steps.final_timeout_s(scene, app)
            ),
        ]
    note = known_issues.note(app.charm.name, scene.target, Hits.VERIFY)
    steps += [
        single_steps.final_wait(scene, name, app),
        single_steps.verify(scene, name, app, (), note),
    ]
    if switched:
        steps += single_steps.put_back_option(scene, name, app, charms.MANAGED_UPGRADE, "rolling")
    return steps


def unit_by_unit(scene: Scene, prefix: str, app: Application) -> list[Step]:
    """Return the change by which an application is upgraded unit by unit; none if it is so."""
    ours = leftover_marks.is_ours(scene, app)
    if not ours and app.flag(charms.MANAGED_UPGRADE):
        return []
    key, was = charms.MANAGED_UPGRADE, "False" if ours else ""
    return [
        single_steps.set_config(scene, prefix, app, key, "True", "one-by-one", mark=True, was=was)
    ]


def _principal(scene: Scene, app: Application, moves: Moves) -> list[Step]:
    if rolling_steps.chosen(scene, app, moves):
        return _rolling(scene, app, moves)
    name = app.name
    steps = hypervisors_done(scene, name, app)
    steps += _defer_restarts(scene, app)
    steps += packages(scene, app)
    steps += first_refresh(scene, name, app, moves)
    steps += _run_deferred(scene, app, "before", wait_first=False)
    if app.charm.name == charms.CEPH_MON:
        steps += require_osd_release(name, app)
    managed = bool(app.flag(charms.MANAGED_UPGRADE))
    if managed:
        key = charms.MANAGED_UPGRADE
        steps.append(
            single_steps.set_config(scene, name, app, key, "False", "all-together", mark=True)
        )
    steps += to_channel(scene, name, app, moves)
    steps += to_origin(scene, name, app, moves)
    steps += _run_deferred(scene, app, "after", wait_first=True)
    if app.units:
        steps.append(single_steps.final_wait(scene, name, app))
    if app.units and (app.charm.version_key and all(unit.version for unit in app.units)):
        note = known_issues.note(app.charm.name, scene.target, Hits.VERIFY)
        steps.append(single_steps.verify(scene, name, app, (), note))
    if managed:
        steps += single_steps.put_back_option(scene, name, app, charms.MANAGED_UPGRADE, "managed")
    if _defers(app) and app.flag(charms.AUTO_RESTARTS):
        steps += single_steps.put_back_option(scene, name, app, charms.AUTO_RESTARTS, "restarts")
    return steps


def hypervisors_done(scene: Scene, prefix: str, app: Application) -> list[Step]:
    """Return the check that begins what must come after all hypervisors."""
    computes = scene.cloud.of_charm(charms.NOVA_COMPUTE)
    if app.charm.name not in charms.AFTER_HYPERVISORS or not computes:
        return []
    return [
        single_steps.leaf(
            Kind.VERIFY_HYPERVISORS_UPGRADED,
            f"{prefix}/verify-hypervisors-upgraded",
            "model",
            {
                "release": scene.target.codename,
                "applications": sorted(one.name for one in computes),
            },
            single_steps.QUERY_S,
            application=app.name,
            release=scene.target,
        )
    ]


def packages(scene: Scene, app: Application) -> list[Step]:
    """Return the package upgrades of all units: together, or one by one in a quorum."""
    if not app.charm.one_at_a_time:
        children = [
            single_steps.packages(scene, f"{app.name}/{unit.slug}", app, unit)
            for unit in app.units
        ]
        together = single_steps.group(
            f"{app.name}/packages", "packages", Part.PARALLEL, children, app.name, True
        )
        return [together] if together else []
    steps: list[Step] = []
    for unit in app.units:
        step = single_steps.packages(scene, f"{app.name}/{unit.slug}", app, unit)
        steps.append(step)
        steps += settled(scene, step, app, scene.settings.long_idle_timeout_s)
    return steps


def settled(scene: Scene, step: Step, app: Application, timeout_s: int) -> list[Step]:
    """Return the waits after a step that may have restarted a service of an application."""
    found = _unsealed(scene, step, app)
    found.append(single_steps.wait(scene, f"{step.id}/wait", app, timeout_s))
    return found


def _unsealed(scene: Scene, step: Step, app: Application) -> list[Step]:
    if app.charm.name != charms.VAULT:
        return []
    return [single_steps.unsealed(scene, f"{step.id}/wait-unsealed", app)]


def _refreshed(scene: Scene, steps: list[Step], app: Application) -> list[Step]:
    """Put the wait for vault's operator between a refresh and its wait."""
    return [steps[0], *_unsealed(scene, steps[0], app), *steps[1:]]


def first_refresh(scene: Scene, prefix: str, app: Application, moves: Moves) -> list[Step]:
    """Return the refresh within the present release: crossgrade or newest revision."""
    if not moves.refresh:
        return []
    which = "charmhub" if moves.switch else "downgrade" if moves.downgrade else "revision"
    note = known_issues.note(app.charm.name, scene.target, Hits.REFRESH)
    steps = single_steps.refresh(
        scene, prefix, app, moves.refresh, which, note, switch=moves.switch
    )
    return _refreshed(scene, steps, app)


def to_channel(scene: Scene, prefix: str, app: Application, moves: Moves) -> list[Step]:
    """Return the move to the target's channel and the wait after it."""
    if not moves.channel:
        return []
    note = known_issues.note(app.charm.name, scene.target, Hits.CHANNEL, Hits.REFRESH)
    steps = single_steps.refresh(scene, prefix, app, moves.channel, "channel", note)
    return _refreshed(scene, steps, app)


def to_origin(scene: Scene, prefix: str, app: Application, moves: Moves) -> list[Step]:
    """Return the change of the APT origin."""
    if not moves.origin:
        return []
    note = known_issues.note(app.charm.name, scene.target, Hits.ORIGIN)
    step = single_steps.set_config(
        scene, prefix, app, app.origin_setting, moves.origin, "origin", note=note
    )
    return [step, *_unsealed(scene, step, app)]


def require_osd_release(prefix: str, app: Application) -> list[Step]:
    """Return the alignment of a cluster with its OSDs, on the first unit of a ceph-mon."""
    return [
        single_steps.leaf(
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


def _defer_restarts(scene: Scene, app: Application) -> list[Step]:
    if not (_defers(app) and app.flag(charms.AUTO_RESTARTS)):
        return []
    step = single_steps.set_config(
        scene, app.name, app, charms.AUTO_RESTARTS, "False", "defer-restarts", mark=True
    )
    return [step, *settled(scene, step, app, scene.settings.long_idle_timeout_s)]


def _run_deferred(scene: Scene, app: Application, when: str, *, wait_first: bool) -> list[Step]:
    """Return the deferred restarts, one unit at a time, with the wait before or after them."""
    if not _defers(app):
        return []
    actions = [
        single_steps.leaf(
            Kind.RUN_ACTION,
            f"{app.name}/{unit.slug}/run-deferred-hooks/{when}",
            unit.name,
            {"action": "run-deferred-hooks", "params": {}},
            scene.settings.long_idle_timeout_s,
            "deferred-hooks",
        )
        for unit in app.units
    ]
    pause = single_steps.wait(
        scene,
        f"{app.name}/run-deferred-hooks/{when}/wait",
        app,
        scene.settings.long_idle_timeout_s,
    )
    return [pause, *actions] if wait_first else [*actions, pause]
