"""Principals that are upgraded unit by unit, so that the others serve: ``strategy=rolling``.

It is the charm guide's way for a paused single unit: the option ``action-managed-upgrade`` is true
while the origin changes, so nothing moves by itself; then each unit, the leader first, is taken
out of its cluster and out of service, upgraded by its action, and put back.
"""

from __future__ import annotations

from ..checks.application_changes import ApplicationChanges
from ..checks.plan_context import PlanContext
from ..checks.problem import Problem
from ..checks.problem_codes import problem
from ..cloud.cloud import Application, Unit
from ..openstack import charms
from ..options.options import Strategy
from .single_steps import PER_UNIT_ACTIONS

HACLUSTER = "hacluster"


def chosen(context: PlanContext, app: Application, changes: ApplicationChanges) -> bool:
    """Whether an application is upgraded unit by unit: asked for, possible, and of any use."""
    if context.options.strategy is not Strategy.ROLLING or not changes.origin:
        return False
    return not _why_not(app)


def problems(context: PlanContext, allowed: dict[str, ApplicationChanges]) -> list[Problem]:
    """Return which principals are upgraded all at once although rolling was asked for."""
    if context.options.strategy is not Strategy.ROLLING:
        return []
    found: list[Problem] = []
    for app in context.applications:
        if app.name not in allowed or app.charm.subordinate_kind or len(app.units) < 2:
            continue
        reason = _why_not(app)
        if reason and allowed[app.name].origin:
            found.append(problem("not-rolling", app.name, reason=reason))
    return found


def _why_not(app: Application) -> str:
    missing = [name for name in PER_UNIT_ACTIONS if name not in app.actions]
    if missing:
        return f"its charm has no action {', '.join(missing)}"
    if charms.MANAGED_UPGRADE not in app.config:
        return f"its charm has no option {charms.MANAGED_UPGRADE}"
    if app.charm.one_at_a_time:
        return "its units form a quorum, and its charm keeps it"
    return "" if len(app.units) > 1 else "it has one unit"


def in_order(app: Application) -> list[Unit]:
    """Return an application's units, the leader first."""
    return sorted(app.units, key=lambda unit: not unit.leader)


def hacluster_of(context: PlanContext, unit: Unit) -> str:
    """Return a unit's hacluster unit; empty where it has none, or its charm cannot pause."""
    for app in context.cloud.of_charm(HACLUSTER):
        if {"pause", "resume"} <= app.actions:
            for beside in app.units:
                if beside.principal == unit.name:
                    return beside.name
    return ""
