"""How the agent runs one operation: a hook, an action, a command, another charm."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

from .charm import Outcome
from .entities import Task
from .operations import EXEC
from .resolver import Kind, Next, QueuedHook

if TYPE_CHECKING:
    from .uniter import Uniter

_MODULE = "juju.worker.uniter.operation"
_running: dict[int, asyncio.Task[Outcome]] = {}  # id of the uniter -> what its charm does


async def run(uniter: Uniter, operation: Next) -> None:
    """Run one operation to its end; the machine lock is taken first where it needs it."""
    locks = uniter.model.locks
    machine = uniter.unit.machine
    if operation.kind is Kind.ACTION:
        task = uniter.model.tasks[operation.task]
        async with locks.hold(machine, task.parallel, task.execution_group):
            await _action(uniter, task)
    elif operation.kind is Kind.COMMAND:
        async with locks.hold(machine):
            await _command(uniter)
    elif operation.kind is Kind.DEPLOY:
        await _deploy(uniter, operation.subject)
    elif operation.kind is Kind.END:
        uniter.gone()
    elif operation.kind is Kind.SKIP:
        hook = QueuedHook(operation.subject, operation.context)
        uniter.model.say(uniter.unit.name, f'skipped "{hook.name}" hook', module=_MODULE)
        _commit(uniter, hook, uniter.remote.config_hash)
    else:
        async with locks.hold(machine):
            await _hook(uniter, QueuedHook(operation.subject, operation.context))


async def _hook(uniter: Uniter, hook: QueuedHook) -> None:
    """Run a hook; update-status never shows as executing."""
    model, unit = uniter.model, uniter.unit
    seen = uniter.remote.config_hash  # a later write has another hash and runs another hook
    uniter.local.hook = hook
    if hook.name == "update-status":
        uniter.inbox.update_status_due = False
    else:
        uniter.report("executing", f"running {hook.name} hook")
    model.log.write(model.clock.now(), "hook-begun", by=unit.name, unit=unit.name, hook=hook.name)
    charm = uniter.charm()
    work = _or_trouble(uniter, "hook", hook.name, charm.hook(unit, hook.name, hook.context))
    # Nobody aborts a hook. A simulated one ends with its agent, so it needs no task of its own.
    outcome = await (_watched(uniter, work) if getattr(charm, "has_processes", False) else work)
    model.log.write(
        model.clock.now(),
        "hook-ended",
        by=unit.name,
        unit=unit.name,
        hook=hook.name,
        code=outcome.code,
    )
    uniter.local.hook = None
    if outcome.code == 0:
        model.say(unit.name, f'ran "{hook.name}" hook', module=_MODULE)
        _commit(uniter, hook, seen)
        return
    model.say(
        unit.name, f'hook "{hook.name}" failed: exit status {outcome.code}', "ERROR", _MODULE
    )
    _take(uniter, hook)
    uniter.resolved = uniter.remote.resolved = ""
    uniter.failed(hook)


def _commit(uniter: Uniter, hook: QueuedHook, config_hash: str) -> None:
    """Note what a hook that went well, or was skipped, has settled."""
    _take(uniter, hook)
    if uniter.local.failed is not None and uniter.local.failed.name == hook.name:
        uniter.recovered()
    if hook.name == "config-changed":
        uniter.local.config_hash = config_hash
    elif hook.name == "start":
        uniter.local.started = True
    elif hook.name in ("stop", "remove"):
        uniter.local.stopped += (hook.name,)


def _take(uniter: Uniter, hook: QueuedHook) -> None:
    """Take a hook off the queue that it came from."""
    for queue in (uniter.local.due, uniter.inbox.hooks):
        if queue and (queue[0].name, queue[0].context) == (hook.name, hook.context):
            queue.popleft()
            return
        for waiting in list(queue):
            if (waiting.name, waiting.context) == (hook.name, hook.context):
                queue.remove(waiting)
                return


async def _action(uniter: Uniter, task: Task) -> None:
    """Run a task; one that was cancelled while it waited for the lock is passed over."""
    model, unit = uniter.model, uniter.unit
    if task.id in uniter.remote.tasks:
        uniter.remote.tasks.remove(task.id)
    if task.status != "pending":
        return
    model.begin(task)
    uniter.task = task.id
    uniter.report("executing", f"running action {task.name}")
    charm = uniter.charm()
    if task.name == EXEC:
        timeout_s = float(task.parameters.get("timeout") or 0) / 1_000_000_000 or None
        command = str(task.parameters["command"])
        outcome = await _watched(
            uniter,
            _or_trouble(uniter, "command", command, charm.command(unit, command, timeout_s)),
            None if getattr(charm, "has_processes", False) else timeout_s,
        )
    else:
        work = charm.action(unit, task)
        outcome = await _watched(uniter, _or_trouble(uniter, "action", task.name, work))
    uniter.task = 0
    model.end(task, *ending(task, outcome))


async def _or_trouble(
    uniter: Uniter, kind: str, name: str, work: Coroutine[Any, Any, Outcome]
) -> Outcome:
    """Await what a charm does, unless somebody wished for something else."""
    try:
        instead = await uniter.model.troubles.instead(kind, uniter.unit.name, name)
        return instead if instead is not None else await work
    finally:
        work.close()  # never begun where something came instead; nothing where it has ended


def ending(task: Task, outcome: Outcome) -> tuple[str, str, dict[str, Any]]:
    """Return status, message and results of a task whose process has ended."""
    results = {**outcome.results, "return-code": outcome.code}
    for stream in ("stdout", "stderr"):
        if getattr(outcome, stream):
            results[stream] = getattr(outcome, stream)
    if task.status == "aborting":
        # A killed process loses what it had set; a command was not told and ended by itself.
        return "aborted", "", results if task.name == EXEC else {}
    if task.name == EXEC:
        # An exit code of a command is a result, not a failure of the task; a timeout is one.
        return ("failed" if outcome.failed else "completed"), outcome.message, results
    if outcome.code != 0:
        message = outcome.message if outcome.message and not outcome.failed else ""
        return "failed", message or f"exit status {outcome.code}", results
    return ("failed" if outcome.failed else "completed"), outcome.message, results


async def _command(uniter: Uniter) -> None:
    """Run a juju-exec command and tell whoever waits for it."""
    command, done = uniter.commands[0]
    uniter.report("executing", "running commands")
    outcome = await _watched(uniter, uniter.charm().command(uniter.unit, command, None))
    uniter.commands.pop(0)
    uniter.inbox.commands = len(uniter.commands)
    if not done.done():
        done.set_result(outcome)


async def _deploy(uniter: Uniter, url: str) -> None:
    """Register and unpack a charm; no status shows it, and its first hook follows at once."""
    model, unit, local = uniter.model, uniter.unit, uniter.local
    first = not local.charm_url
    unit.charm_url = url  # registered before it is unpacked (juju operation/deploy.go)
    await model.clock.sleep(model.charm_unpack_s)
    local.charm_url = url
    if first:
        local.due.append(QueuedHook("install", {}))
        leading = "leader-elected" if unit.leader else "leader-settings-changed"
        uniter.inbox.hooks.appendleft(QueuedHook(leading, {}))
    else:
        local.due.append(QueuedHook("upgrade-charm", {}))
        local.due.append(QueuedHook("config-changed", {}))
    model.say(unit.name, f"deployed charm {url}", module=_MODULE)


async def _watched(
    uniter: Uniter, work: Coroutine[Any, Any, Outcome], timeout_s: float | None = None
) -> Outcome:
    """Await what a charm does, so that `abort` and a time limit can end it.

    A simulated charm is its coroutine; a charm with processes of its own ends them by itself.
    """
    task = asyncio.ensure_future(work)
    _running[id(uniter)] = task
    scale = uniter.model.clock.scale
    try:
        done, _ = await asyncio.wait({task}, timeout=timeout_s / scale if timeout_s else None)
        if not done:
            task.cancel()
            await asyncio.wait({task})
            return Outcome(code=143, failed=True, message="command cancelled")
        if task.cancelled():
            return Outcome(code=-1)
        return task.result()
    except asyncio.CancelledError:  # the agent itself was killed
        task.cancel()
        raise
    finally:
        _running.pop(id(uniter), None)


def abort(uniter: Uniter) -> None:
    """Kill the process of the running action once; commands are never told."""
    if uniter.model.tasks[uniter.task].name == EXEC:
        return
    charm = uniter.charm()
    charm.kill(uniter.unit)
    running = _running.get(id(uniter))
    if running is not None and not getattr(charm, "has_processes", False):
        running.cancel()
