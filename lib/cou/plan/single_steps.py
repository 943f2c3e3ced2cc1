"""How single steps are made: ids, parameters and timeouts in one place.

Ids say what is done to whom and stay the same when the plan is made again. Timeouts count
seconds without any progress, so they are generous where a charm upgrades all its units inside
its hooks.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..checks.plan_context import PlanContext
from ..cloud.cloud import Application, Unit
from ..kinds import ROWS, Kind
from ..openstack import known_issues, origins
from ..openstack.charms import WaitScope
from ..openstack.known_issues import Hits
from ..wording import Text
from .step import Part, Step

PER_UNIT_ACTIONS = ("pause", "openstack-upgrade", "resume")
PACKAGES_S = 3600
UPGRADE_UNIT_S = 3600
BACKUP_S = 6 * 3600
PURGE_S = 3600
QUERY_S = 600
SWITCH_S = 600

_ODD = re.compile(r"[^a-z0-9._-]+")


def slug(text: str) -> str:
    """Return text as one part of an id: lower case, odd characters as dashes."""
    return _ODD.sub("-", text.lower()).strip("-") or "none"


def single_step(
    kind: Kind,
    identity: str,
    target: str,
    params: Mapping[str, Any],
    timeout_s: int,
    which: str = "",
    /,
    **values: object,
) -> Step:
    """Return a single step with its words.

    Args:
        kind: what to do.
        identity: its id.
        target: to whom.
        params: what is sent.
        timeout_s: seconds without progress after which it fails.
        which: of the kind's texts; empty where it has one.
        values: what the text names beside target, parameters and timeout.
    """
    key = f"{kind.value}/{which}" if which else kind.value
    told = {"target": target, "timeout": timeout_s, **params, **values}
    title, why = Text(key, told), Text(key, told, remedy=True)
    note = str(values.get("note", "")).strip()
    return Step(identity, kind, title, why, target, dict(params), timeout_s, note=note)


def group(
    identity: str,
    which: str,
    part: Part,
    steps: Iterable[Step],
    target: str = "model",
    parallel: bool = False,
    /,
    **values: object,
) -> Step | None:
    """Return a group of steps, or None where there is none: empty groups are not shown."""
    children = tuple(steps)
    if not children:
        return None
    params = {"part": part.value}
    head = single_step(Kind.GROUP, identity, target, params, 0, which, **values)
    return dataclasses.replace(head, parallel=parallel, steps=children)


def refresh(
    context: PlanContext,
    prefix: str,
    app: Application,
    channel: str,
    which: str,
    note: str,
    *,
    switch: str = "",
) -> list[Step]:
    """Return a refresh and the wait after it."""
    timeout_s = app.charm.slow_refresh_s or context.settings.refresh_timeout_s
    step = single_step(
        Kind.REFRESH,
        f"{prefix}/refresh/{slug(channel)}",
        app.name,
        {"channel": channel, "switch": switch},
        timeout_s,
        which,
        present=app.channel,
        release=context.target,
        note=note,
    )
    return [step, wait(context, f"{step.id}/wait", app, timeout_s)]


def set_config(
    context: PlanContext,
    prefix: str,
    app: Application,
    key: str,
    value: str,
    which: str,
    *,
    note: str = "",
    mark: bool = False,
    was: str = "",
) -> Step:
    """Return the change of one option; it ends when its hooks have ended on every unit.

    Args:
        context: what the plan is made from.
        prefix: of its id.
        app: whose option.
        key: its name.
        value: what it becomes.
        which: why, by the text that says it.
        note: what is known of it.
        mark: the old value is a mark, put back later.
        was: the value to put back where an earlier run has changed the option already.
    """
    params = {"key": key, "value": value, "mark": mark}
    return single_step(
        Kind.SET_CONFIG,
        f"{prefix}/set-config/{slug(key)}",
        app.name,
        {**params, "was": was} if was else params,
        max(context.settings.long_idle_timeout_s, final_timeout_s(context, app)),
        which,
        release=context.target,
        note=note,
    )


def put_back_option(
    context: PlanContext, prefix: str, app: Application, key: str, which: str
) -> list[Step]:
    """Return the put-back of a changed option, and the wait after it."""
    step = single_step(
        Kind.PUT_BACK,
        f"{prefix}/put-back/{slug(key)}",
        app.name,
        {"mark": f"option:{app.name}:{key}"},
        context.settings.long_idle_timeout_s,
        which,
        key=key,
        release=context.target,
    )
    return [step, wait(context, f"{step.id}/wait", app, final_timeout_s(context, app))]


def final_timeout_s(context: PlanContext, app: Application) -> int:
    """Return the timeout of the wait that ends an application's upgrade."""
    settings = context.settings
    long, standard = settings.long_idle_timeout_s, settings.standard_idle_timeout_s
    return long if app.charm.long_final_wait else standard


def wait(context: PlanContext, identity: str, app: Application, timeout_s: int) -> Step:
    """Return a wait for one application."""
    params = {"quiet": context.settings.quiet_period_s, "applications": [app.name]}
    return single_step(Kind.WAIT_IDLE, identity, app.name, params, timeout_s, "application")


def wait_model(context: PlanContext, identity: str, timeout_s: int, which: str = "model") -> Step:
    """Return a wait for all applications that are not skipped."""
    params = {
        "quiet": context.settings.quiet_period_s,
        "applications": sorted(context.waits_for),
    }
    return single_step(
        Kind.WAIT_IDLE, identity, "model", params, timeout_s, which, model=context.cloud.name
    )


def final_wait(context: PlanContext, prefix: str, app: Application) -> Step:
    """Return the wait that ends an application's upgrade: for itself or for the model."""
    timeout_s = final_timeout_s(context, app)
    if app.charm.final_scope is WaitScope.MODEL:
        return wait_model(context, f"{prefix}/wait", timeout_s)
    return wait(context, f"{prefix}/wait", app, timeout_s)


def unsealed(context: PlanContext, identity: str, app: Application) -> Step:
    """Return the wait for the operator who unseals vault; being sealed has no deadline."""
    timeout_s = context.settings.long_idle_timeout_s
    return single_step(Kind.WAIT_UNSEALED, identity, app.name, {}, timeout_s)


def verify(
    context: PlanContext, prefix: str, app: Application, units: Sequence[Unit], note: str
) -> Step:
    """Return the check of workload versions, of some units or, where none is named, of all."""
    params = {
        "charm": app.charm.name,
        "release": context.target.codename,
        "units": [unit.name for unit in units],
    }
    which = "units" if units else ""
    identity = f"{prefix}/verify-workload"
    return single_step(Kind.VERIFY_WORKLOAD, identity, app.name, params, QUERY_S, which, note=note)


def packages(context: PlanContext, prefix: str, app: Application, unit: Unit) -> Step:
    """Return the package upgrade of one unit within its current APT pockets."""
    landscape = context.settings.landscape
    pocket = f"{app.series}-{context.target.codename}"
    params = {
        "hold": list(app.charm.held_packages),
        "pocket": pocket if landscape else origins.pocket(app.series, context.target),
    }
    identity = f"{prefix}/upgrade-packages"
    return single_step(Kind.UPGRADE_PACKAGES, identity, unit.name, params, PACKAGES_S)


def upgrade_unit(
    context: PlanContext, prefix: str, app: Application, unit: Unit, *, hacluster: str = ""
) -> Step:
    """Return the upgrade of one unit out of service.

    Args:
        hacluster: its unit of hacluster, paused around it; empty where it has none.
    """
    note = known_issues.note(app.charm.name, context.target, Hits.RESUME)
    params = {
        "actions": list(PER_UNIT_ACTIONS),
        "charm": app.charm.name,
        "release": context.target.codename,
    }
    return single_step(
        Kind.UPGRADE_UNIT,
        f"{prefix}/upgrade-unit",
        unit.name,
        {**params, "hacluster": hacluster} if hacluster else params,
        UPGRADE_UNIT_S,
        "with-hacluster" if hacluster else "",
        note=note,
    )


def placed(context: PlanContext, section: str) -> list[Step]:
    """Return the steps of a section whose kinds say themselves that they stand there."""
    options = context.options.to_dict()
    steps: list[Step] = []
    for kind, row in ROWS.items():
        place = row.place
        if place is None or place.section != section or not options.get(place.option, True):
            continue
        if place.groups and options["group"] not in place.groups:
            continue
        for app in context.of_charm(place.charm):
            target = app.units[0].name if row.targets == ("unit",) else app.name
            params = {name: options[option] for name, option in place.params.items()}
            identity = f"{section}/{app.name}/{kind.value}"
            told = {"application": app.name, "release": context.target}
            steps.append(single_step(kind, identity, target, params, place.timeout_s, **told))
    return steps
