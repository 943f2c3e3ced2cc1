"""From a cloud and options to a plan: pure, and the same for the same input, byte for byte."""

from __future__ import annotations

import dataclasses

from ..checks import application, ceph, leftover_marks, settled, upgrade_path
from ..checks.application_changes import ApplicationChanges
from ..checks.plan_context import PlanContext, is_data_plane
from ..checks.problem import Problem, Severity
from ..checks.problem_codes import problem
from ..cloud import analysis
from ..cloud.cloud import Application, Cloud
from ..kinds import Kind
from ..openstack import charms, releases
from ..openstack.releases import Release
from ..options.options import Group, Options
from ..options.settings import Settings
from ..wording import own_command, text
from . import (
    application_steps,
    cloud_steps,
    hypervisor_steps,
    rolling_steps,
    single_steps,
    step_order,
)
from .plan import Plan
from .step import Part, Step


def plan(cloud: Cloud, options: Options, settings: Settings) -> Plan:
    """Return the plan that brings a cloud to its next release.

    Problems are found all at once; a plan with blocking problems still has the steps of all that
    is in order. Without a target there are no steps and a problem that says why.
    """
    release_states = {
        one.application.name: one for one in analysis.assess(cloud, settings.landscape)
    }
    considered = [one for name, one in release_states.items() if name not in options.skip_apps]
    # Whatever the group: the cloud's release and the order of planes rest on all applications.
    found = [
        *upgrade_path.option_problems(cloud, options),
        *upgrade_path.release_problems(considered),
    ]
    origin = analysis.oldest(considered)
    series = min((one.application.series for one in considered), default="")
    if origin is None:
        found.append(upgrade_path.nothing_recognised(cloud, considered))
        return _made(cloud, options, None, None, found, ())
    target = releases.following(origin, series)
    if target is None:
        found.append(upgrade_path.no_way_on(cloud, series, origin))
        return _made(cloud, options, origin, None, found, ())
    context = PlanContext(cloud, options, settings, release_states, series, origin, target)
    stop = upgrade_path.empty_group(context) or upgrade_path.plane_problem(context)
    if stop is not None:
        return _made(cloud, options, origin, target, [*found, stop], ())
    sections, more = _sections(context)
    return _made(cloud, options, origin, target, found + more, sections)


def _sections(context: PlanContext) -> tuple[tuple[Step, ...], list[Problem]]:
    """Return the sections with steps, and all problems on the way."""
    allowed, found = _gates(context)
    found += rolling_steps.problems(context, allowed)
    parts = _applications(context, allowed)
    hyper = _hypervisors(context, allowed)
    late, left_out = _data_plane(context, allowed, hyper)
    parts["hypervisors"] = list(hyper.steps)
    parts["data-plane"] = late
    found += [*hyper.problems, *left_out]
    planned = frozenset(_planned(context.cloud, parts))
    if planned:
        parts = {
            "prepare": cloud_steps.before(context),
            **parts,
            "finish": cloud_steps.after(context),
        }
        found += cloud_steps.problems(context) + ceph.check(context, planned)
        found += _own_machine(context, planned)
    else:
        old = hyper.remaining if not context.covers(Group.CONTROL_PLANE) else ()
        found.append(upgrade_path.done(context, old))
    found += settled.check(context) + leftover_marks.problems(context, _put_back(parts))
    sections = [
        single_steps.group(name, name, Part.SECTION, parts.get(name, ()))
        for name in hypervisor_steps.SECTION_IDS
    ]
    return step_order.ordered(context, [one for one in sections if one is not None]), found


def _gates(context: PlanContext) -> tuple[dict[str, ApplicationChanges], list[Problem]]:
    """Return the changes of each application in the group that passes its gate."""
    allowed: dict[str, ApplicationChanges] = {}
    found: list[Problem] = []
    for app in context.applications:
        if not _in_group(context, app):
            continue
        verdict = application.check(context, context.release_states[app.name])
        found += verdict.problems
        if verdict.changes is not None:
            allowed[app.name] = verdict.changes
    return allowed, found


def _in_group(context: PlanContext, app: Application) -> bool:
    data = is_data_plane(context.cloud, app)
    if context.covers(Group.CONTROL_PLANE):
        return not data
    if context.covers(Group.DATA_PLANE):
        return data
    if context.covers(Group.HYPERVISORS):
        return hypervisor_steps.on_hypervisors(context, app)
    return True


def _applications(
    context: PlanContext, allowed: dict[str, ApplicationChanges]
) -> dict[str, list[Step]]:
    """Return the plans of subordinates and of control-plane principals."""
    parts: dict[str, list[Step]] = {"subordinates": [], "control-plane": []}
    for app in context.applications:
        if app.name not in allowed or is_data_plane(context.cloud, app):
            continue
        subordinate = app.subordinate or app.charm.subordinate_kind
        step = application_steps.application(context, app, allowed[app.name])
        if step is not None:
            parts["subordinates" if subordinate else "control-plane"].append(step)
    return parts


def _hypervisors(
    context: PlanContext, allowed: dict[str, ApplicationChanges]
) -> hypervisor_steps.Hypervisors:
    if context.covers(Group.CONTROL_PLANE):
        return hypervisor_steps.Hypervisors((), (), ())
    return hypervisor_steps.plan(context, allowed)


def _data_plane(
    context: PlanContext,
    allowed: dict[str, ApplicationChanges],
    hyper: hypervisor_steps.Hypervisors,
) -> tuple[list[Step], list[Problem]]:
    """Return the plans of what comes after hypervisors; nothing while old ones remain.

    The peer plans them and fails hours later, though planning knew (W26).
    """
    steps: list[Step] = []
    found: list[Problem] = []
    for app in context.applications:
        if app.name not in allowed or not is_data_plane(context.cloud, app):
            continue
        if hypervisor_steps.on_hypervisors(context, app):
            continue
        step = application_steps.application(context, app, allowed[app.name])
        if step is None:
            continue
        if hyper.remaining and app.charm.name in charms.AFTER_HYPERVISORS:
            plan = own_command("plan", group="data-plane")
            left = hyper.remaining
            found.append(problem("needs-all-hypervisors", app.name, remaining=left, plan=plan))
        else:
            steps.append(step)
    return steps, found


def _planned(cloud: Cloud, parts: dict[str, list[Step]]) -> set[str]:
    """Return the names of the applications that steps change."""
    known = {app.name for app in cloud.applications}
    targets = {
        leaf.target.partition("/")[0]
        for steps in parts.values()
        for step in steps
        for leaf in step.single_steps()
        if leaf.kind is not Kind.WAIT_IDLE
    }
    return targets & known


def _put_back(parts: dict[str, list[Step]]) -> frozenset[str]:
    """Return the marks that steps put back."""
    every = (leaf for steps in parts.values() for step in steps for leaf in step.single_steps())
    return frozenset(str(leaf.params["mark"]) for leaf in every if leaf.kind is Kind.PUT_BACK)


def _own_machine(context: PlanContext, planned: frozenset[str]) -> list[Problem]:
    found: list[Problem] = []
    for machine, unit in sorted(context.cloud.cou_machines.items()):
        hit = [app for app in context.applications if app.name in planned]
        there = [app.name for app in hit if machine in app.machines]
        if there:
            found.append(problem("cou-on-planned-machine", unit, machine=machine, there=there))
    return found


def _made(
    cloud: Cloud,
    options: Options,
    origin: Release | None,
    target: Release | None,
    problems: list[Problem],
    sections: tuple[Step, ...],
) -> Plan:
    if any(one.severity is Severity.ERROR for one in problems):
        # Nothing is called done where it is not known what was meant, or what is wrong.
        problems = [one for one in problems if one.code != upgrade_path.DONE]
    reached = target or origin
    known = origin is not None and target is not None
    title = text(
        "group/cloud" if known else "group/cloud-without-target", origin=origin, release=target
    )
    return Plan(
        model=cloud.name,
        model_uuid=cloud.uuid,
        origin=origin.codename if origin else "",
        target=reached.codename if reached else "",
        options=options,
        problems=_judged(problems, options),
        ignored=cloud.ignored,
        root=Step(
            "upgrade", Kind.GROUP, title, params={"part": Part.SECTION.value}, steps=sections
        ),
    )


def _judged(problems: list[Problem], options: Options) -> tuple[Problem, ...]:
    """Mark what the operator takes on, say what could not be, and sort."""
    taken = set(options.accept)
    unique = dict.fromkeys(problems)
    judged: list[Problem] = []
    used: set[str] = set()
    for one in unique:
        name = f"{one.code}:{one.subject}"
        accepted = one.acceptable and name in taken
        if accepted:
            used.add(name)
        judged.append(dataclasses.replace(one, accepted=accepted))
    judged += [problem("accept-unused", name) for name in sorted(taken - used)]
    order = {Severity.ERROR: 0, Severity.WARNING: 1}
    judged.sort(key=lambda one: (order[one.severity], one.code, one.subject))
    return tuple(judged)
