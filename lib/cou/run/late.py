"""Tasks that turn up late: of requests that nobody answered, beside the one that is known.

Only operations in doubt are looked after: those that were sent again, or asked about, while their
first request might still arrive. What is found is told, and where it leaves something switched
that the run had put back, the mark is set again and the step that puts it back is due again.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Container, Mapping

from ..errors import JujuError
from ..juju.port import Task
from ..plan.step import Step
from ..steps import repeatable
from . import once
from .calls import COMMAND, Holder, is_ours
from .once import Heard
from .records import Mark, MarkState, Operation

logger = logging.getLogger("cou.late")

_TASK_S = 600.0


async def look(holder: Holder, step: str = "") -> tuple[Mark, ...]:
    """Look for late tasks of a run, or of one step; write down what is found.

    A look that fails changes nothing: the operations stay in doubt, and are looked after later.

    Returns:
        The marks of what a late task has switched after the run had put it back.

    Raises:
        Fenced: this runner no longer holds the run.
    """
    doubtful = holder.journal.doubtful(holder.run, step)
    known = holder.journal.sent(holder.run) if doubtful else frozenset[int]()
    switched: list[Mark] = []
    for operation in doubtful:
        try:
            found = await _of(holder, operation, known)
        except JujuError as error:
            logger.warning("no look for late tasks of %s: %s", operation.key, error)
            continue
        _tell(holder, operation, found)
        switched += [mark for task in found for mark in _switched(holder, task)]
    return tuple({mark.id: mark for mark in switched}.values())


async def undo(holder: Holder, root: Step) -> bool:
    """Have the steps due again that put back what late tasks have switched; tell whether any is.

    Raises:
        Fenced: this runner no longer holds the run.
    """
    planned = {step.id for step in root.leaves()}
    marks = [mark for mark in await look(holder) if mark.step in planned]
    for mark in marks:
        logger.warning("%s is switched by a task that arrived late", mark.id)
        set_again = dataclasses.replace(mark, state=MarkState.SET, at=holder.clock.now())
        holder.journal.write_mark(holder.token, set_again)
        holder.journal.make_due(holder.token, mark.step, "a task that arrived late undid it")
    return bool(marks)


async def _of(holder: Holder, operation: Operation, known: Container[int]) -> list[Task]:
    """Return the tasks of an operation that are not among those known; switches as they ended."""
    unit, name = str(operation.request["unit"]), str(operation.request["name"])
    listed = await holder.juju.tasks_after([unit], name, operation.watermark)
    ids = [task.id for task in listed if task.id not in known and _may_be(operation, task)]
    found = list((await holder.juju.tasks(ids)).values())
    if name in repeatable.SWITCHES:
        found = [await holder.observer.task(task.id, _TASK_S) for task in found]
    return found


def _may_be(operation: Operation, task: Task) -> bool:
    if operation.id_on_unit:
        return once.is_of(operation.id_on_unit, task)
    return operation.request["name"] != COMMAND and is_ours(
        task.parameters, operation.request["params"]
    )


def _tell(holder: Holder, operation: Operation, found: list[Task]) -> None:
    before: Mapping[str, str] = operation.result.get("late", {})
    now = {str(task.id): _text(operation, task) for task in found}
    if all(before.get(id) == text for id, text in now.items()):
        return
    holder.journal.note(holder.token, operation.id, {"late": {**before, **now}})
    for id, text in now.items():
        if before.get(id) != text:
            logger.warning("%s", text)
            data = {"step": operation.step, "task": int(id), "text": text}
            holder.journal.tell(holder.run, "late-task", data)


def _text(operation: Operation, task: Task) -> str:
    what = "a command" if task.name == COMMAND else task.name
    beside = f", beside task {operation.task}" if operation.task is not None else ""
    id = operation.id_on_unit
    did = "and did nothing" if id and once.heard(id, task) is not Heard.WORKED else ""
    did = did or f"and is {task.status.value}"
    return f"{what} on {task.unit} arrived late as task {task.id}{beside}, {did}."


def _switched(holder: Holder, task: Task) -> list[Mark]:
    """Return the mark of what a late task has switched after it had been put back."""
    kind = repeatable.SWITCHES.get(task.name)
    if kind is None or task.started is None:
        return []
    back = repeatable.BACK[task.name]
    later = [
        one.task
        for one in holder.journal.operations(holder.run)
        if one.request.get("name") == back
        and one.request.get("unit") == task.unit
        and one.task is not None
        and one.task > task.id
    ]
    target = task.unit.split("/")[0] if kind == "noout" else task.unit
    mark = holder.journal.mark(holder.run, f"{kind}:{target}")
    return [mark] if mark and mark.state is MarkState.PUT_BACK and not later else []
