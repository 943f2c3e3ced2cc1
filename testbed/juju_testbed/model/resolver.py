"""What a unit's agent does next: a pure function of what it has done and what it has seen.

The order is that of juju worker/uniter/resolver.go: leadership and secret
hooks, actions, juju-exec commands, then hooks: the failed one, install and start, a new charm,
config-changed, relations, update-status.
"""

from __future__ import annotations

import collections
import dataclasses
import enum
from collections.abc import Mapping
from typing import NamedTuple

# Hooks whose resolvers come before the one of actions; `start` is queued only after a reboot.
_EARLY = ("start", "leader-elected", "leader-settings-changed", "relation-created")


class Kind(enum.Enum):
    """What kind of operation it is."""

    HOOK = "hook"
    ACTION = "action"
    COMMAND = "command"
    DEPLOY = "deploy"  # stage, register and unpack another charm
    SKIP = "skip"  # pass over a failed hook
    END = "end"  # the unit is gone; the agent ends with it


class Next(NamedTuple):
    """The next operation: a hook's name, a task's id, or a charm URL as `subject`."""

    kind: Kind
    subject: str = ""
    context: Mapping[str, str] = {}
    task: int = 0


@dataclasses.dataclass
class QueuedHook:
    """A hook that is due, and what it is about."""

    name: str
    context: Mapping[str, str]


@dataclasses.dataclass
class Local:
    """What the agent has done; it survives a restart of the agent.

    Attributes:
        config_hash: the configuration that the last config-changed was run for.
        charm_url: the charm that is unpacked; empty before the first.
        started: install, config-changed and start have run.
        stopped: of a dying unit, the hooks stop and remove that have run.
        due: hooks that follow from what was just done (upgrade-charm, then config-changed).
        failed: the hook in error, or the one that was cut off by a restart.
        hook: the hook that runs now.
    """

    config_hash: str = ""
    charm_url: str = ""
    started: bool = False
    stopped: tuple[str, ...] = ()
    due: collections.deque[QueuedHook] = dataclasses.field(default_factory=collections.deque)
    failed: QueuedHook | None = None
    hook: QueuedHook | None = None


@dataclasses.dataclass
class Remote:
    """What the agent has seen of the controller, as late as its watchers are.

    Attributes:
        charm_url: the application's charm.
        charm_here: its archive can be fetched.
        config_hash: the application's configuration.
        tasks: pending tasks, in the order in which they were seen.
        resolved: ``retry`` or ``skip`` where the operator has resolved the error.
        dying: the unit is to go.
    """

    charm_url: str = ""
    charm_here: bool = True
    config_hash: str = ""
    tasks: list[int] = dataclasses.field(default_factory=list)
    resolved: str = ""
    dying: bool = False


@dataclasses.dataclass
class Inbox:
    """What reached the agent without a watcher: hooks, commands, timers."""

    hooks: collections.deque[QueuedHook] = dataclasses.field(default_factory=collections.deque)
    commands: int = 0
    retry_due: bool = False
    update_status_due: bool = False


def next_operation(local: Local, remote: Remote, inbox: Inbox) -> Next | None:
    """Return the next operation, or None when there is nothing to do for what was seen."""
    if local.failed is None:
        if not local.charm_url:
            return _hooks(local, remote, inbox)
        if local.due:  # follows the deploy at once: not even an action comes between
            return Next(Kind.HOOK, local.due[0].name, local.due[0].context)
        for hook in inbox.hooks:
            if hook.name in _EARLY or hook.name.startswith("secret-"):
                return Next(Kind.HOOK, hook.name, hook.context)
    if remote.tasks:
        return Next(Kind.ACTION, task=remote.tasks[0])
    if inbox.commands:
        return Next(Kind.COMMAND)
    if local.failed is not None:
        return _in_error(local.failed, remote, inbox)
    return _hooks(local, remote, inbox)


def _in_error(failed: QueuedHook, remote: Remote, inbox: Inbox) -> Next | None:
    if remote.resolved == "skip":
        return Next(Kind.SKIP, failed.name, failed.context)
    if remote.resolved == "retry" or inbox.retry_due:
        return Next(Kind.HOOK, failed.name, failed.context)
    return None


def _hooks(local: Local, remote: Remote, inbox: Inbox) -> Next | None:
    if remote.dying:
        left = [name for name in ("stop", "remove") if name not in local.stopped]
        if not left or not local.charm_url:
            return Next(Kind.END)
        return Next(Kind.HOOK, left[0])
    if remote.charm_url != local.charm_url:
        return Next(Kind.DEPLOY, remote.charm_url) if remote.charm_here else None
    if remote.config_hash != local.config_hash:
        return Next(Kind.HOOK, "config-changed")
    if not local.started:
        return Next(Kind.HOOK, "start")
    if inbox.hooks:
        return Next(Kind.HOOK, inbox.hooks[0].name, inbox.hooks[0].context)
    if inbox.update_status_due:
        return Next(Kind.HOOK, "update-status")
    return None
