"""Changes that a late request may have undone: an option or a channel is what was set before.

A change has no task by which it could be known. But where a request of it was never answered, and
the model shows what that one asked for and not what the run has set since, it is the likely cause.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..checks import undo_commands
from ..journal.records import Operation, Verdict
from ..juju.port import ConfigValue, Juju, ModelStatus
from ..steps import set_config
from ..wording import Wording, text

CHANGES = ("set-config", "refresh")
"""Kinds of operation that a look at the model shows, and no task."""


@dataclasses.dataclass(frozen=True)
class UndoneChange:
    """A change that is undone.

    Attributes:
        early: the operation whose request was not answered.
        last: what the run has set since.
    """

    early: Operation
    last: Operation

    @property
    def application(self) -> str:
        """The name of the application that it is a change of."""
        return str(self.last.request["application"])

    @property
    def is_refresh(self) -> bool:
        """Whether it is a channel that is undone, not an option."""
        return self.last.request["kind"] == "refresh"

    @property
    def remedy(self) -> Wording:
        """What puts it right, with a command for a shell with a Juju client."""
        request = self.last.request
        if self.is_refresh:
            channel = str(request["channel"])
            return text("late/refresh-again", application=self.application, channel=channel)
        key, value = str(request["key"]), str(request["value"])
        return undo_commands.option(self.application, key, value).text

    @property
    def text(self) -> Wording:
        """What was seen and what is likely, in two sentences."""
        return text(
            "late/changed",
            application=self.application,
            option=str(self.early.request.get("key", "channel")),
            early=f"{_wanted(self.early)!r}",
            last=f"{_wanted(self.last)!r}",
            step=self.early.step,
        )


async def look(
    juju: Juju, unanswered: Iterable[Operation], every: Sequence[Operation]
) -> tuple[UndoneChange, ...]:
    """Look which changes are undone; ask nothing where no request can have undone one.

    Args:
        juju: the model.
        unanswered: the operations of which a request may still arrive.
        every: all operations of the run.

    Raises:
        JujuError: the model cannot be looked at.
    """
    last = {
        _subject(one): one
        for one in every
        if one.request.get("kind") in CHANGES and one.verdict is Verdict.DONE
    }
    maybe = [
        UndoneChange(one, later)
        for one in unanswered
        if one.request.get("kind") in CHANGES
        and (later := last.get(_subject(one))) is not None
        and later.id > one.id
        and _wanted(later) != _wanted(one)
    ]
    if not maybe:
        return ()
    names = sorted({one.application for one in maybe})
    status = await juju.full_status(names)
    present = [name for name in names if name in status.applications]
    if not present:
        return ()
    configs = await juju.config(present)
    return tuple(one for one in maybe if _is_so(one.early, status, configs))


def _subject(operation: Operation) -> tuple[Any, ...]:
    request = operation.request
    return request["kind"], request["application"], request.get("key")


def _wanted(operation: Operation) -> str:
    return str(operation.request.get("value", operation.request.get("channel")))


def _is_so(
    operation: Operation,
    status: ModelStatus,
    configs: Mapping[str, Mapping[str, ConfigValue]],
) -> bool:
    name = str(operation.request["application"])
    if name not in status.applications:
        return False
    if operation.request["kind"] == "refresh":
        return status.applications[name].channel == _wanted(operation)
    found = configs.get(name, {}).get(str(operation.request["key"]))
    return found is not None and set_config.same(found.value, _wanted(operation))
