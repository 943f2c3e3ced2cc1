"""Is the cloud settled, and may the account do what is needed (reference, section 5).

Idleness is looked at, not waited for: an application that is not active is an error, an agent
that just runs a hook only a warning, as the upgrade's first step waits for it.
"""

from __future__ import annotations

from ..cloud import names
from ..cloud.cloud import Application
from ..juju.port import Status
from ..openstack import charms, workload_status
from . import undo_commands
from .plan_context import PlanContext
from .problem import Problem
from .problem_codes import problem

_BUSY = ("executing", "allocating")


def check(context: PlanContext) -> list[Problem]:
    """Return what stands in the way in the state of the cloud; skipped applications are left out
    (the peer checks them too, W32)."""
    found: list[Problem] = []
    for app in context.applications:
        if _sealed(app):
            found.append(_vault(app))
        else:
            found += _idle(app)
    found += _compute_services(context) + _filters(context) + _unanswered(context)
    found += _held(context) + _unattended(context)
    return found + _surroundings(context)


def _sealed(app: Application) -> bool:
    statuses = [app.status, *(unit.workload for unit in app.units)]
    return app.charm.name == charms.VAULT and any(
        workload_status.is_sealed(status) for status in statuses
    )


def _vault(app: Application) -> Problem:
    units = [unit.name for unit in app.units if workload_status.SEALED in unit.workload.message]
    return problem("vault-sealed", app.name, units=", ".join(units) or app.name)


def _idle(app: Application) -> list[Problem]:
    found: list[Problem] = []
    restless: list[str] = []
    busy: list[str] = []
    for unit in app.units:
        if workload_status.is_paused(unit.workload):
            found.append(problem("paused-unit", unit.name, paused=undo_commands.paused(unit.name)))
        elif unit.workload.current != "active":
            restless.append(f"{unit.name} is {_told(unit.workload)}")
        elif unit.agent.current in _BUSY:
            busy.append(f"{unit.name} is {_told(unit.agent)}")
        elif unit.agent.current != "idle":
            restless.append(f"the agent of {unit.name} is {_told(unit.agent)}")
    # Juju calls an application without units unknown.
    well = ("active", "") if app.units else ("active", "", "unknown")
    if not (found or restless) and app.status.current not in well:
        restless.append(f"the application is {_told(app.status)}")
    if restless:
        found.append(problem("not-idle", app.name, restless="; ".join(restless)))
    if busy:
        found.append(problem("busy", app.name, busy="; ".join(busy)))
    return found


def _told(status: Status) -> str:
    since = f" since {status.since:%Y-%m-%d %H:%M:%S}" if status.since else ""
    message = f" ({status.message})" if status.message else ""
    return f"{status.current or 'unknown'}{message}{since}"


def _compute_services(context: PlanContext) -> list[Problem]:
    return [
        problem(
            "compute-service-disabled", unit, command=undo_commands.compute_service(unit).command
        )
        for unit, enabled in sorted(context.cloud.compute_services.items())
        if not enabled and unit.partition("/")[0] not in context.options.skip_apps
    ]


def _filters(context: PlanContext) -> list[Problem]:
    """Check the option's value; the peer looks among the names of its attributes (W13)."""
    found: list[Problem] = []
    for app in context.applications:
        if app.charm.name != charms.NOVA_CLOUD_CONTROLLER or context.target.codename != "bobcat":
            continue
        value = str(app.config.get("scheduler-default-filters") or "")
        names = [name.strip() for name in value.split(",")]
        if "AvailabilityZoneFilter" in names:
            found.append(problem("availability-zone-filter", app.name))
    return found


def _held(context: PlanContext) -> list[Problem]:
    """Say what is held already: it stays held, whoever held it."""
    found: list[Problem] = []
    for app in context.applications:
        for unit in app.units:
            held = set(context.cloud.held.get(unit.name, ())) & set(app.charm.held_packages)
            if held:
                packages = sorted(held)
                how = undo_commands.held(unit.name, packages).command
                found.append(
                    problem("held-packages", unit.name, packages=" ".join(packages), how=how)
                )
    return found


def _unattended(context: PlanContext) -> list[Problem]:
    """Warn where APT would follow one charm's new origin with the software of another."""
    found: list[Problem] = []
    for machine in names.in_order(context.cloud.unattended):
        there = [app.name for app in context.applications if machine in app.machines]
        found.append(problem("unattended-upgrades", machine, there=there))
    return found


def _unanswered(context: PlanContext) -> list[Problem]:
    """Return the questions without an answer that no other check speaks of."""
    told_elsewhere = ("instance-count", "model-access", "osd-metadata")
    return [
        problem("no-answer", one.subject, asked=one.asked, why=one.seen.rstrip("."))
        for one in context.cloud.unanswered
        if one.key not in told_elsewhere
    ]


def _surroundings(context: PlanContext) -> list[Problem]:
    found: list[Problem] = []
    access = context.cloud.access
    if not access:
        found.append(problem("access-unknown", "model"))
    elif access != "admin":
        found.append(problem("access-too-low", "model", access=access, cloud=context.cloud.name))
    if context.cloud.retries_hooks is False:
        found.append(problem("hooks-not-retried", "model"))
    return found
