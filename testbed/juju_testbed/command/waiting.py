"""Waiting for the tasks of an operation, with what the real command says meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from . import output, tasks
from .command import Context, id_of_tag
from .errors import CommandError

FIRST_POLL_S, SLOWEST_POLL_S, BACKOFF = 0.02, 0.5, 1.5


def operation_results(
    context: Context,
    enqueued: dict[str, Any],
    wait_s: float,
    quiet: bool,
    plain: Callable[[dict[str, Any]], str],
) -> int:
    """Show an operation: at once in the background, else when its tasks have ended.

    Args:
        enqueued: the answer of EnqueueOperation or Run.
        wait_s: how long to wait; negative for ever.
        quiet: leave out the lines about progress.
        plain: the default format of the results.

    Raises:
        CommandError: time ran out, or a process ended with a code of 1 or more. The results are
            printed before.
    """
    say = (lambda text: None) if quiet or context.options.quiet else output.info
    number = str(enqueued["operation"]).removeprefix("operation-")
    actions = enqueued.get("actions") or []
    errors = [a["error"]["message"] for a in actions if a.get("error")]
    running = [a for a in actions if not a.get("error")]
    if not running:
        joined = "\n".join(errors)
        output.info(f"Operation {number} failed to schedule any tasks:\n{joined}")
        return 0
    if errors:
        output.info("Some actions could not be scheduled:\n" + "\n".join(errors) + "\n\n")
    if context.options.background:
        _scheduled(number, running)
        return 0
    say(f"Running operation {number} with {len(running)} task{'s' if len(running) > 1 else ''}")
    for action in running:
        say(f"  - task {tasks.task_id(action)} on {action['action']['receiver']}")
    say("")
    done = _wait_all(context, running, wait_s, say)
    output.write(context, {tasks.receiver(r): tasks.formatted(context, r) for r in done}, plain)
    failed = {tasks.task_id(r): tasks.return_code(r) for r in done if tasks.return_code(r) >= 1}
    if failed:
        raise CommandError(_failure_text(failed))
    return 0


def _scheduled(number: str, running: list[dict[str, Any]]) -> None:
    first = tasks.task_id(running[0])
    if len(running) == 1:
        output.info(f"Scheduled operation {number} with task {first}")
        output.info(f"Check operation status with 'juju show-operation {number}'")
        output.info(f"Check task status with 'juju show-task {first}'")
        return
    output.info(f"Scheduled operation {number} with {len(running)} tasks")
    print(output.to_yaml({tasks.receiver(a): {"id": tasks.task_id(a)} for a in running}), end="")
    output.info(f"Check operation status with 'juju show-operation {number}'")
    output.info("Check task status with 'juju show-task <id>'")


def _failure_text(failed: dict[str, int]) -> str:
    plural = "s" if len(failed) > 1 else ""
    lines = sorted(f' - id "{number}" with return code {code}' for number, code in failed.items())
    listed = "\n".join(lines)
    return (
        f"the following task{plural} failed:\n{listed}\n\n"
        f"use 'juju show-task' to inspect the failure{plural}\n"
    )


def _wait_all(
    context: Context,
    running: list[dict[str, Any]],
    wait_s: float,
    say: Callable[[str], None],
) -> list[dict[str, Any]]:
    deadline = None if wait_s < 0 else time.monotonic() + wait_s
    done: list[dict[str, Any]] = []
    for index, action in enumerate(running):
        number = tasks.task_id(action)
        say(f"Waiting for task {number}...\n")
        # The log is followed only when there is a single task (cmd/juju/action/common.go).
        follow = LogFollower(context) if len(running) == 1 else None
        result = wait_one(context, number, deadline, follow)
        if result is None:
            left = sorted(id_of_tag(a["action"]["receiver"]) for a in running[index:])
            units = ", ".join(f"unit {name}" if "/" in name else name for name in left)
            raise CommandError(f"timed out waiting for results from: {units}")
        if follow is not None and follow.seen:
            say("\n")
        done.append(result)
    return done


class LogFollower:
    """Prints the messages of a task's log once, as they come."""

    def __init__(self, context: Context):
        self._context = context
        self.seen = 0

    def show(self, result: dict[str, Any]) -> None:
        """Print what is new."""
        entries = result.get("log") or []
        for entry in entries[self.seen :]:
            when = output.local(self._context, entry["timestamp"])
            clock = when.strftime("%H:%M:%S") if when else ""
            output.info(f"{clock} {entry['message']}")
        self.seen = len(entries)


def wait_one(
    context: Context, number: str, deadline: float | None, follow: LogFollower | None
) -> dict[str, Any] | None:
    """Poll a task until it is neither pending nor running; None when time ran out."""
    pause_s = FIRST_POLL_S
    while True:
        result = tasks.fetch(context, number)
        if follow is not None:
            follow.show(result)
        if result.get("status") not in ("pending", "running"):
            return result
        if deadline is not None and time.monotonic() >= deadline:
            return None
        left_s = pause_s if deadline is None else max(deadline - time.monotonic(), 0.0)
        time.sleep(min(pause_s, left_s))
        pause_s = min(pause_s * BACKOFF, SLOWEST_POLL_S)
