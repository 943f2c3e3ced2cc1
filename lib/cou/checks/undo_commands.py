"""The command with which an operator undoes what a run has switched: the one place that makes it.

A command is typed as it stands: nothing follows it on its line but what belongs to it. What has to
be so first is told before it.
"""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from ..openstack import charms
from ..wording import Wording, text


@dataclasses.dataclass(frozen=True)
class UndoCommand:
    """How something that was switched is put back.

    Attributes:
        command: for a shell with a Juju client.
        first: what has to be so before, as a sentence's beginning; empty where nothing has.
    """

    command: str
    first: str = ""

    @property
    def text(self) -> Wording:
        """What to do, in a sentence."""
        if self.first:
            return text("undo/first", first=self.first, command=self.command)
        return text("undo", command=self.command)

    def __str__(self) -> str:
        return str(self.text)


def option(application: str, key: str, was: str) -> UndoCommand:
    """Undo a changed option; an empty value is the charm's default."""
    if was:
        command = f"juju config {application} {shlex.quote(f'{key}={was}')}"
    else:
        command = f"juju config {application} --reset {key}"
    # Set to false earlier, it upgrades all other units at once, with the instances on them.
    late = key == charms.MANAGED_UPGRADE and was.lower() == "false"
    running = f"When every unit of {application} runs the release of its origin"
    return UndoCommand(command, running if late else "")


def compute_service(unit: str) -> UndoCommand:
    """Undo a disabled compute service."""
    return UndoCommand(f"juju run {unit} enable")


def paused(unit: str) -> UndoCommand:
    """Undo a paused unit."""
    return UndoCommand(f"juju run {unit} resume")


def noout(unit: str) -> UndoCommand:
    """Undo Ceph's flag; `unit` is one of the cluster, or ``<application>/leader``."""
    return UndoCommand(f"juju run {unit} unset-noout")


def held(unit: str, packages: Sequence[str]) -> UndoCommand:
    """Undo held packages."""
    return UndoCommand(
        f"juju exec --unit {unit} -- {shlex.join(['apt-mark', 'unhold', *packages])}"
    )


def of_mark(mark: str, data: Mapping[str, Any]) -> UndoCommand | None:
    """Return how a mark is undone; None where a newer cou has set one of an unknown kind.

    Args:
        mark: its id; `cou.steps` lists them.
    """
    kind, _, target = mark.partition(":")
    if kind == "option":
        application, _, key = target.partition(":")
        return option(application, key, str(data.get("was", "")))
    if kind == "noout":
        return noout(f"{target}/leader")
    if kind == "held":
        return held(target, [str(name) for name in data.get("packages", ())])
    of_unit = {"compute-service": compute_service, "paused": paused}.get(kind)
    return of_unit(target) if of_unit else None
