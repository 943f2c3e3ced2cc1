"""What an earlier run has left switched on the model, by the annotation that it wrote.

A mark that the model shows to be put back since is not told. The command that undoes one is made
here of what its step wrote down with it, so it is the one that the annotation has for people:
whoever may change the annotation cannot put another in its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from .. import untyped
from ..cloud.cloud import Application, Unit
from ..cloud.run_annotation import RunAnnotation
from ..openstack import charms, workload_status
from . import undo_commands
from .plan_context import PlanContext
from .problem import Problem
from .problem_codes import problem

# The value that a run sets as a mark; the option is left over while it still has it.
_SET = {charms.MANAGED_UPGRADE: True, charms.AUTO_RESTARTS: False}
# Debian policy, 5.6.7; an architecture may follow.
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9.+-]+(:[a-z0-9-]+)?")


def is_ours(context: PlanContext, app: Application) -> bool:
    """Whether an earlier run has set an application's ``action-managed-upgrade`` to true.

    Hypervisors are upgraded zone by zone with a plan for each; the option stays true in between
    and the plan that upgrades the last of them puts it back, as if it had set it itself.
    """
    key, note = charms.MANAGED_UPGRADE, context.cloud.run_annotation
    return note is not None and f"option:{app.name}:{key}" in note.marks and bool(app.flag(key))


def problems(context: PlanContext, put_back: frozenset[str]) -> list[Problem]:
    """Return what was left, with the command that undoes it."""
    note = context.cloud.run_annotation
    if note is None:
        return []
    found: list[Problem] = []
    if note.unfinished:
        found.append(_unfinished(context, note))
    for mark in note.marks:
        if mark in put_back:
            continue
        kind, _, target = mark.partition(":")
        how = _undo(context, kind, target, note.data.get(mark, {}))
        if how:
            subject = target.partition(":")[0]
            found.append(
                problem(
                    "leftover-marks",
                    subject,
                    what=_told(kind, target),
                    run=note.run,
                    holder=note.holder,
                    how=how,
                )
            )
    return found


def _unfinished(context: PlanContext, note: RunAnnotation) -> Problem:
    """Return that a run was not ended, and whom to ask."""
    seen = f"Run {note.run} of {note.holder} is {note.state} by its name on the model."
    remedy = f"Ask {note.holder} for its status; two runs would work against each other."
    if note.unit and note.unit not in context.cloud.cou_machines.values():
        seen += f" The unit {note.unit} is not in this model any more."
        remedy = "Nobody goes on with that run. An upgrade takes its place."
    return problem("leftover-run", "model", seen, remedy)


def _told(kind: str, target: str) -> str:
    if kind == "option":
        app, _, key = target.partition(":")
        return f"The option {key} of {app} was changed"
    words = {
        "compute-service": f"The compute service of {target} was disabled",
        "paused": f"{target} was paused",
        "noout": f"noout of the cluster of {target} was set",
        "held": f"Packages on {target} were held",
    }
    return words[kind]


def _undo(
    context: PlanContext, kind: str, target: str, data: Mapping[str, Any]
) -> undo_commands.UndoCommand | None:
    """Return how a mark is undone; None where it is not so any more.

    Args:
        data: what its step wrote down with it; nothing where an older version wrote the note.
    """
    name = target.partition("/")[0].partition(":")[0]
    app = next((one for one in context.cloud.applications if one.name == name), None)
    if app is None:
        return None
    unit = next((one for one in app.units if one.name == target), None)
    if kind == "option":
        return _option(app, target.partition(":")[2], data)
    if kind == "noout":
        return _noout(context, target)
    return _of_unit(context, app, unit, kind, data) if unit else None


def _option(
    app: Application, key: str, data: Mapping[str, Any]
) -> undo_commands.UndoCommand | None:
    value = _SET.get(key)
    if value is None or app.flag(key) is not value:
        return None
    was = data.get("was")
    return undo_commands.option(
        app.name, key, was if isinstance(was, str) else str(not value).lower()
    )


def _noout(context: PlanContext, name: str) -> undo_commands.UndoCommand | None:
    for state in context.cloud.ceph:
        if state.application == name and "noout" in (state.flags or ()):
            return undo_commands.noout(state.unit)
    return None


def _of_unit(
    context: PlanContext, app: Application, unit: Unit, kind: str, data: Mapping[str, Any]
) -> undo_commands.UndoCommand | None:
    if kind == "compute-service" and context.cloud.compute_services.get(unit.name) is not True:
        return undo_commands.compute_service(unit.name)
    if kind == "paused" and workload_status.is_paused(unit.workload):
        return undo_commands.paused(unit.name)
    if kind == "held" and app.charm.held_packages:
        packages = _packages(data) or app.charm.held_packages
        return _held(packages, context.cloud.held.get(unit.name), unit.name)
    return None


def _packages(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a run has held, by its name on the model."""
    every = untyped.as_list(data.get("packages")) or ()
    return tuple(one for one in every if isinstance(one, str) and _PACKAGE.fullmatch(one))


def _held(
    packages: Sequence[str], now: Sequence[str] | None, unit: str
) -> undo_commands.UndoCommand | None:
    """Release what is held now; all that a run may have held where the unit did not answer."""
    left = [name for name in packages if now is None or name in now]
    return undo_commands.held(unit, left) if left else None
