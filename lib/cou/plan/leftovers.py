"""What an earlier run has left switched on the model, by the annotation that it wrote.

A mark that the model shows to be put back since is not told.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..cloud.annotation import RunNote
from ..cloud.cloud import Application, Unit
from ..openstack import pausing
from . import undo
from .codes import problem
from .problem import Problem
from .scene import Scene

MANAGED = undo.MANAGED
_RESTARTS = "enable-auto-restarts"
# The value that a run sets as a mark; the option is left over while it still has it.
_SET = {MANAGED: True, _RESTARTS: False}


def is_ours(scene: Scene, app: Application) -> bool:
    """Whether an earlier run has set an application's ``action-managed-upgrade`` to true.

    Hypervisors are upgraded zone by zone with a plan for each; the option stays true in between
    and the plan that upgrades the last of them puts it back, as if it had set it itself.
    """
    return f"option:{app.name}:{MANAGED}" in _marks(scene.cloud.note) and bool(app.flag(MANAGED))


def problems(scene: Scene, put_back: frozenset[str]) -> list[Problem]:
    """Return what was left, with the command that undoes it.

    Args:
        scene: the circumstances.
        put_back: marks that this plan puts back.
    """
    note = scene.cloud.note
    if note is None:
        return []
    found: list[Problem] = []
    if note.unfinished:
        seen = f"Run {note.run} of {note.holder} is {note.state} by its name on the model."
        remedy = f"Ask {note.holder} for its status; two runs would work against each other."
        found.append(problem("leftover-run", "model", seen, remedy))
    for mark in note.marks:
        if mark in put_back:
            continue
        kind, _, target = mark.partition(":")
        how = _undo(scene, kind, target)
        if how:
            seen = f"{_told(kind, target)} by run {note.run} of {note.holder}."
            subject = target.partition(":")[0]
            found.append(problem("leftover-marks", subject, seen, f"{how}."))
    return found


def _marks(note: RunNote | None) -> tuple[str, ...]:
    return note.marks if note else ()


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


def _undo(scene: Scene, kind: str, target: str) -> undo.Undo | None:
    """Return how a mark is undone; None where it is not so any more."""
    name = target.partition("/")[0].partition(":")[0]
    app = next((one for one in scene.cloud.applications if one.name == name), None)
    if app is None:
        return None
    unit = next((one for one in app.units if one.name == target), None)
    if kind == "option":
        return _option(app, target.partition(":")[2])
    if kind == "noout":
        return _noout(scene, target)
    return _of_unit(scene, app, unit, kind) if unit else None


def _option(app: Application, key: str) -> undo.Undo | None:
    value = _SET.get(key)
    if value is None or app.flag(key) is not value:
        return None
    return undo.option(app.name, key, str(not value).lower())


def _noout(scene: Scene, name: str) -> undo.Undo | None:
    for state in scene.cloud.ceph:
        if state.application == name and "noout" in (state.flags or ()):
            return undo.noout(state.unit)
    return None


def _of_unit(scene: Scene, app: Application, unit: Unit, kind: str) -> undo.Undo | None:
    if kind == "compute-service" and scene.cloud.compute_services.get(unit.name) is not True:
        return undo.compute_service(unit.name)
    if kind == "paused" and pausing.is_paused(unit.workload.current, unit.workload.message):
        return undo.paused(unit.name)
    if kind == "held" and app.charm.held_packages:
        return _held(app.charm.held_packages, scene.cloud.held.get(unit.name), unit.name)
    return None


def _held(packages: Sequence[str], now: Sequence[str] | None, unit: str) -> undo.Undo | None:
    """Release what is held now; all that a run may have held where the unit did not answer."""
    left = [name for name in packages if now is None or name in now]
    return undo.held(unit, left) if left else None
