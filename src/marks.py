"""What a run has switched, and the command with which an operator puts it back by hand.

Only for the removal of the charm, when nobody else is left to put it back. The ids are listed in
`cou.steps`.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from cou.run.records import Mark, MarkState


def left(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """Return the marks that are not put back; also those that had to stay."""
    return tuple(mark for mark in marks if mark.state is not MarkState.PUT_BACK)


def undo(mark: Mark) -> str:
    """Return the command that puts a mark back; its id where no command is known."""
    kind, _, subject = mark.id.partition(":")
    if kind == "option":
        application, _, key = subject.partition(":")
        return _option(application, key, mark)
    if kind == "compute-service":
        return f"juju run {subject} enable"
    if kind == "paused":
        return f"juju run {subject} resume"
    if kind == "noout":
        return f"juju run {subject}/leader unset-noout"
    if kind == "held":
        return f"juju exec --unit {subject} -- apt-mark showhold"
    return mark.id


def _option(application: str, key: str, mark: Mark) -> str:
    value = str(mark.data.get("was", ""))
    if value:
        command = f"juju config {application} {shlex.quote(f'{key}={value}')}"
    else:
        command = f"juju config {application} --reset {key}"
    if key == "action-managed-upgrade":
        # Set to false earlier, it upgrades all other units at once, with the instances on them.
        command += f" (only when every unit of {application} runs the release of its origin)"
    return command
