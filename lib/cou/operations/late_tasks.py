"""Tasks and changes that turn up late, of requests that nobody answered.

Only operations in doubt are looked after: those that were sent again, or asked about, while their
first request might still arrive. What is found is told, and where it leaves something switched
that the run had put back, the mark is set again and the step that puts it back is due again.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Container, Mapping
from typing import Any

from .. import kinds
from ..errors import JujuError
from ..journal import CancelRecorded
from ..journal.records import Mark, MarkState, Operation
from ..juju.port import Juju, Task
from ..options.settings import Settings
from ..plan.step import Step
from ..steps import wait_conditions
from ..wording import Wording, text, to_json
from . import late_changes, run_once
from .calls import COMMAND, Calls, RunContext, is_ours
from .late_changes import UndoneChange
from .run_once import MarkerReply

logger = logging.getLogger("cou.late")

_TASK_S = 600.0


async def look(run_context: RunContext, step: str = "") -> tuple[Mark, ...]:
    """Look for late tasks of a run, or of one step; write down what is found.

    A look that fails changes nothing: the operations stay in doubt, and are looked after later.

    Returns:
        The marks of what a late task has switched after the run had put it back.

    Raises:
        FencedOff: this runner no longer holds the run.
    """
    doubtful = [
        one
        for one in run_context.journal.may_still_arrive(run_context.run, step)
        if one.request.get("kind") not in late_changes.CHANGES
    ]
    known = run_context.journal.sent(run_context.run) if doubtful else frozenset[int]()
    switched: list[Mark] = []
    for operation in doubtful:
        try:
            found = await _of(run_context, operation, known)
        except JujuError as error:
            logger.warning("no look for late tasks of %s: %s", operation.key, error)
            continue
        _tell(run_context, operation, found)
        switched += [mark for task in found for mark in _switched(run_context, task)]
    return tuple({mark.id: mark for mark in switched}.values())


async def undo(run_context: RunContext, root: Step, settings: Settings) -> bool:
    """Undo what late requests have done: have steps due again, and set again what was set since.

    Returns:
        Whether any step is due again: those that put back what late tasks have switched.

    Raises:
        FencedOff: this runner no longer holds the run.
        CouError: what was set could not be set again.
    """
    for one in await changes(run_context):
        _tell_change(run_context, one)
        await _set_again(run_context, one, settings)
    planned = {step.id for step in root.single_steps()}
    marks = [mark for mark in await look(run_context) if mark.step in planned]
    for mark in marks:
        logger.warning("%s is switched by a task that arrived late", mark.id)
        set_again = dataclasses.replace(mark, state=MarkState.SET, at=run_context.clock.now())
        run_context.journal.write_mark(run_context.token, set_again)
        run_context.journal.make_due(run_context.token, mark.step, text("note/undone-late"))
    return bool(marks)


async def _set_again(run_context: RunContext, one: UndoneChange, settings: Settings) -> None:
    """Set again what a run has set last, as another operation of that step; see the units rest.

    No hook is waited for as proof: where the one that the late request causes has not run yet,
    the agents find everything as it was, and run none.
    """
    request = one.last.request
    name = str(request["application"])

    async def is_so() -> bool:
        return not await late_changes.look(run_context.juju, [one.early], [one.last])

    async def send() -> None:
        if request["kind"] == "refresh":
            switch = str(request.get("switch", ""))
            await run_context.juju.refresh(name, str(request["channel"]), switch)
        else:
            await run_context.juju.set_config(name, {str(request["key"]): str(request["value"])})

    calls = Calls(run_context, one.last.step, _TASK_S)
    try:
        await calls.change(one.last.name, request, send, is_so, can_wait=True)
    except CancelRecorded:
        return
    quiet_s, grace_s = float(settings.quiet_period_s), float(settings.hook_error_grace_s)
    await run_context.observer.wait(
        wait_conditions.idle([name], quiet_s=quiet_s, timeout_s=_TASK_S, grace_s=grace_s)
    )


async def changes(run_context: RunContext) -> tuple[UndoneChange, ...]:
    """Look which changes of a run a late request has likely undone.

    A look that fails finds nothing: it is made again later.
    """
    left = run_context.journal.unanswered(run_context.run)
    if not any(one.request.get("kind") in late_changes.CHANGES for one in left):
        return ()
    try:
        return await late_changes.look(
            run_context.juju, left, run_context.journal.operations(run_context.run)
        )
    except JujuError as error:
        logger.warning("no look for late changes: %s", error)
        return ()


def _tell_change(run_context: RunContext, one: UndoneChange) -> None:
    before: Mapping[str, Any] = one.early.result.get("late", {})
    now = to_json(one.text)
    if before.get("change") != now:
        run_context.journal.note(
            run_context.token, one.early.id, {"late": {**before, "change": now}}
        )
        logger.warning("%s", one.text)
        data = {"step": one.early.step, "text": now}
        run_context.journal.add_event(run_context.run, "late-change", data)


async def arrived(juju: Juju, operation: Operation, known: Container[int]) -> list[Task]:
    """Return the tasks of an operation that are not among those known.

    Raises:
        JujuError: the model cannot be looked at.
    """
    unit, name = str(operation.request["unit"]), str(operation.request["name"])
    listed = await juju.tasks_after([unit], name, operation.watermark)
    ids = [task.id for task in listed if task.id not in known and _may_be(operation, task)]
    return list((await juju.tasks(ids)).values()) if ids else []


async def _of(run_context: RunContext, operation: Operation, known: Container[int]) -> list[Task]:
    """Return the late tasks of an operation; switches as they ended."""
    found = await arrived(run_context.juju, operation, known)
    if kinds.switching(str(operation.request["name"])):
        found = [await run_context.observer.task(task.id, _TASK_S) for task in found]
    return found


def _may_be(operation: Operation, task: Task) -> bool:
    if operation.id_on_unit:
        return run_once.is_of(operation.id_on_unit, task)
    return operation.request["name"] != COMMAND and is_ours(
        task.parameters, operation.request["params"]
    )


def _tell(run_context: RunContext, operation: Operation, found: list[Task]) -> None:
    before: Mapping[str, Any] = operation.result.get("late", {})
    told = {str(task.id): describe(operation, task) for task in found}
    now = {id: to_json(words) for id, words in told.items() if before.get(id) != to_json(words)}
    if not now:
        return
    run_context.journal.note(run_context.token, operation.id, {"late": {**before, **now}})
    for id, kept in now.items():
        logger.warning("%s", told[id])
        data = {"step": operation.step, "task": int(id), "text": kept}
        run_context.journal.add_event(run_context.run, "late-task", data)


def describe(operation: Operation, task: Task) -> Wording:
    """Return what has arrived late, in a sentence."""
    what = "a command" if task.name == COMMAND else task.name
    beside = f", beside task {operation.task}" if operation.task is not None else ""
    id = operation.id_on_unit
    values = {"what": what, "unit": task.unit, "task": task.id, "beside": beside}
    if id and run_once.marker_reply(id, task) is not MarkerReply.WORKED:
        return text("late/did-nothing", **values)
    return text("late/worked", status=task.status.value, **values)


def _switched(run_context: RunContext, task: Task) -> list[Mark]:
    """Return the mark of what a late task has switched after it had been put back."""
    action = kinds.switching(task.name)
    if action is None or task.started is None:
        return []
    later = [
        one.task
        for one in run_context.journal.operations(run_context.run)
        if one.request.get("name") == action.back
        and one.request.get("unit") == task.unit
        and one.task is not None
        and one.task > task.id
    ]
    mark = run_context.journal.mark(run_context.run, action.mark(task.unit))
    return [mark] if mark and mark.state is MarkState.PUT_BACK and not later else []
