"""How single steps are made: ids, titles, parameters and timeouts in one place.

Ids say what is done to whom and stay the same when the plan is made again. Timeouts count
seconds without any progress, so they are generous where a charm upgrades all its units inside
its hooks.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..checks.scope import Scene
from ..cloud.cloud import Application, Unit
from ..kinds import Kind
from ..openstack import known_issues, origins
from ..openstack.charms import WaitScope
from ..openstack.known_issues import Hits
from .step import Part, Step

PER_UNIT_ACTIONS = ("pause", "openstack-upgrade", "resume")
PACKAGES_S = 3600
UPGRADE_UNIT_S = 3600
BACKUP_S = 6 * 3600
DATABASE_S = 3600
QUERY_S = 600
SWITCH_S = 600

_ODD = re.compile(r"[^a-z0-9._-]+")


def slug(text: str) -> str:
    """Return text as one part of an id: lower case, odd characters as dashes."""
    return _ODD.sub("-", text.lower()).strip("-") or "none"


def group(
    identity: str,
    title: str,
    part: Part,
    steps: Iterable[Step],
    *,
    why: str = "",
    target: str = "model",
    parallel: bool = False,
) -> Step | None:
    """Return a group of steps, or None where there is none: empty groups are not shown."""
    children = tuple(steps)
    if not children:
        return None
    return Step(
        id=identity,
        kind=Kind.GROUP,
        title=title,
        why=why,
        target=target,
        params={"part": part.value},
        parallel=parallel,
        steps=children,
    )


def refresh(
    scene: Scene,
    prefix: str,
    app: Application,
    channel: str,
    *,
    title: str,
    why: str,
    switch: str = "",
) -> list[Step]:
    """Return a refresh and the wait after it."""
    timeout_s = app.charm.slow_refresh_s or scene.settings.refresh_timeout_s
    step = Step(
        id=f"{prefix}/refresh/{slug(channel)}",
        kind=Kind.REFRESH,
        title=title,
        why=why,
        target=app.name,
        params={"channel": channel, "switch": switch},
        timeout_s=timeout_s,
    )
    return [step, wait(scene, f"{step.id}/wait", app, timeout_s)]


def set_config(
    scene: Scene,
    prefix: str,
    app: Application,
    key: str,
    value: str,
    *,
    why: str,
    mark: bool = False,
    was: str = "",
) -> Step:
    """Return the change of one option; it ends when its hooks have ended on every unit.

    Args:
        mark: the old value is a mark, put back later.
        was: the value to put back where an earlier run has changed the option already.
    """
    params = {"key": key, "value": value, "mark": mark}
    return Step(
        id=f"{prefix}/set-config/{slug(key)}",
        kind=Kind.SET_CONFIG,
        title=f"Change charm config of '{app.name}' '{key}' to '{value}'",
        why=why,
        target=app.name,
        params={**params, "was": was} if was else params,
        timeout_s=max(scene.settings.long_idle_timeout_s, final_timeout_s(scene, app)),
    )


def put_back_option(scene: Scene, prefix: str, app: Application, key: str, why: str) -> list[Step]:
    """Return the put-back of a changed option, and the wait after it."""
    step = Step(
        id=f"{prefix}/put-back/{slug(key)}",
        kind=Kind.PUT_BACK,
        title=f"Put back charm config of '{app.name}' '{key}'",
        why=why,
        target=app.name,
        params={"mark": f"option:{app.name}:{key}"},
        timeout_s=scene.settings.long_idle_timeout_s,
    )
    return [step, wait(scene, f"{step.id}/wait", app, final_timeout_s(scene, app))]


def final_timeout_s(scene: Scene, app: Application) -> int:
    """Return the timeout of the wait that ends an application's upgrade."""
    settings = scene.settings
    long, standard = settings.long_idle_timeout_s, settings.standard_idle_timeout_s
    return long if app.charm.long_final_wait else standard


def wait(scene: Scene, identity: str, app: Application, timeout_s: int) -> Step:
    """Return a wait for one application."""
    return Step(
        id=identity,
        kind=Kind.WAIT_IDLE,
        title=f"Wait for up to {timeout_s}s for app '{app.name}' to reach the idle state",
        why="What follows needs the application settled.",
        target=app.name,
        params={"quiet": scene.settings.quiet_period_s, "applications": [app.name]},
        timeout_s=timeout_s,
    )


def wait_model(
    scene: Scene, identity: str, timeout_s: int, *, title: str = "", why: str = ""
) -> Step:
    """Return a wait for all applications that are not skipped."""
    name = scene.cloud.name
    return Step(
        id=identity,
        kind=Kind.WAIT_IDLE,
        title=title or f"Wait for up to {timeout_s}s for model '{name}' to reach the idle state",
        why=why or "Other applications react to this one; all must have settled.",
        target="model",
        params={"quiet": scene.settings.quiet_period_s, "applications": sorted(scene.waits_for)},
        timeout_s=timeout_s,
    )


def final_wait(scene: Scene, prefix: str, app: Application) -> Step:
    """Return the wait that ends an application's upgrade: for itself or for the model."""
    timeout_s = final_timeout_s(scene, app)
    if app.charm.final_scope is WaitScope.MODEL:
        return wait_model(scene, f"{prefix}/wait", timeout_s)
    return wait(scene, f"{prefix}/wait", app, timeout_s)


def unsealed(scene: Scene, identity: str, app: Application) -> Step:
    """Return the wait for the operator who unseals vault; being sealed has no deadline."""
    return Step(
        id=identity,
        kind=Kind.WAIT_UNSEALED,
        title=f"Wait until every unit of '{app.name}' is unsealed",
        why="A restarted vault seals itself; only its operator holds the keys.",
        target=app.name,
        timeout_s=scene.settings.long_idle_timeout_s,
    )


def verify(scene: Scene, prefix: str, app: Application, units: Sequence[Unit], note: str) -> Step:
    """Return the check of workload versions, of some units or, where none is named, of all."""
    some = f" on {', '.join(unit.name for unit in units)}" if units else ""
    return Step(
        id=f"{prefix}/verify-workload",
        kind=Kind.VERIFY_WORKLOAD,
        title=f"Verify that the workload of '{app.name}' has been upgraded{some}",
        why=f"The version on the unit decides, not what an operation said.{note}",
        target=app.name,
        params={
            "charm": app.charm.name,
            "release": scene.target.codename,
            "units": [unit.name for unit in units],
        },
        timeout_s=QUERY_S,
    )


def packages(scene: Scene, prefix: str, app: Application, unit: Unit) -> Step:
    """Return the package upgrade of one unit within its current APT pockets."""
    landscape = scene.settings.landscape
    pocket = f"{app.series}-{scene.target.codename}"
    return Step(
        id=f"{prefix}/upgrade-packages",
        kind=Kind.UPGRADE_PACKAGES,
        title=f"Upgrade software packages on unit '{unit.name}'",
        why="The charm's own upgrade begins from the newest packages of the present release.",
        target=unit.name,
        params={
            "hold": list(app.charm.held_packages),
            "pocket": pocket if landscape else origins.pocket(app.series, scene.target),
        },
        timeout_s=PACKAGES_S,
    )


def upgrade_unit(
    scene: Scene, prefix: str, app: Application, unit: Unit, *, hacluster: str = ""
) -> Step:
    """Return the upgrade of one unit out of service.

    Args:
        hacluster: its unit of hacluster, paused around it; empty where it has none.
    """
    note = known_issues.note(app.charm.name, scene.target, Hits.RESUME)
    params = {
        "actions": list(PER_UNIT_ACTIONS),
        "charm": app.charm.name,
        "release": scene.target.codename,
    }
    beside = f", '{hacluster}' paused meanwhile" if hacluster else ""
    return leaf(
        Kind.UPGRADE_UNIT,
        f"{prefix}/upgrade-unit",
        f"Pause, upgrade and resume unit '{unit.name}'{beside}",
        unit.name,
        {**params, "hacluster": hacluster} if hacluster else params,
        UPGRADE_UNIT_S,
        f"Pause, upgrade and resume belong together.{note}",
    )


def leaf(
    kind: Kind,
    identity: str,
    title: str,
    target: str,
    params: Mapping[str, Any],
    timeout_s: int,
    why: str,
) -> Step:
    """Return any other single step."""
    return Step(identity, kind, title, why, target, dict(params), timeout_s)
