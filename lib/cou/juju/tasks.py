"""Actions and commands as tasks: enqueue, look up, list, cancel (reference D.7 and G)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import JujuError
from . import names
from .error_replies import BUSY
from .port import Task, TaskStatus
from .reply import Reply
from .request import Requester

_PAGE = 500  # operations per page; Juju's own limit where none is given, its command asks for 50
_RESTARTS = 5  # of a listing that changes while it is read
_NANOSECONDS = 1_000_000_000


async def enqueue(requester: Requester, unit: str, action: str, params: Mapping[str, Any]) -> int:
    """Enqueue an action; return its task id."""
    wanted = {"name": action, "receiver": names.unit_tag(unit), "parameters": dict(params)}
    reply = await requester.change("Action", "EnqueueOperation", {"actions": [wanted]})
    return _enqueued(reply, f"{action} on {unit}")


async def run_command(requester: Requester, unit: str, command: str, timeout_s: float) -> int:
    """Enqueue a shell command; return its task id.

    The time limit travels in nanoseconds, null for none. On its end the command's process group
    gets SIGTERM and 30 s of grace.
    """
    reply = await requester.change(
        "Action",
        "Run",
        {
            "commands": command,
            "timeout": round(timeout_s * _NANOSECONDS) or None,
            "units": [unit],
            "applications": [],
            "machines": [],
            "workload-context": None,
        },
    )
    return _enqueued(reply, f"a command on {unit}")


def _enqueued(reply: Reply, subject: str) -> int:
    return _id(reply.only(subject, "actions"))


async def tasks(requester: Requester, ids: Sequence[int]) -> dict[int, Task]:
    """Read tasks with their output; ids that Juju does not know are left out."""
    if not ids:
        return {}
    reply = await requester.read("Action", "Actions", _entities(ids))
    found: dict[int, Task] = {}
    for number, result in zip(ids, reply.results(len(ids)), strict=True):
        error = result.failure(f"task {number}")
        if error is None:
            found[number] = parse(result)
        elif error.code != "not-found" and error.juju_code != "not valid":
            raise error
    return found


def parse(result: Reply) -> Task:
    """Read an ActionResult.

    Raises:
        JujuError: ``bad-reply``.
    """
    action = result.at("action")
    status = result.text("status")
    try:
        known = TaskStatus(status)
    except ValueError:
        raise result.wrong("status", f"a task's status: {status!r}") from None
    return Task(
        id=_id(result),
        unit=names.unit_name(action.text("receiver")),
        name=action.text("name"),
        parameters=action.plain("parameters"),
        status=known,
        message=result.text("message"),
        output=result.plain("output"),
        enqueued=result.time("enqueued"),
        started=result.time("started"),
        completed=result.time("completed"),
    )


def _id(result: Reply) -> int:
    action = result.at("action")
    try:
        return names.task_id(action.needed("tag"))
    except ValueError:
        raise action.wrong("tag", "the tag of a task") from None


async def tasks_after(
    requester: Requester, units: Sequence[str], name: str, after: int
) -> tuple[Task, ...]:
    """List the tasks of units and one name with an id above `after`, oldest first."""
    if not units:
        return ()
    chosen: list[Task] = []
    for result in await _operations(requester, units, name):
        for action in result.each("actions"):
            task = parse(action)
            # An operation may have tasks for other units too.
            if task.id > after and task.unit in units and task.name == name:
                chosen.append(task)
    return tuple(sorted(chosen, key=lambda task: task.id))


async def last_task_id(requester: Requester, unit: str, name: str) -> int:
    """Return the highest task id of a unit and action name, 0 where there is none."""
    listed = await tasks_after(requester, (unit,), name, 0)
    return listed[-1].id if listed else 0


async def _operations(requester: Requester, units: Sequence[str], name: str) -> list[Reply]:
    """List all operations of some units and one action name.

    Two things of Juju's own make this harder than it looks (state/operation.go). It sorts by the
    id as text, so 100 comes before 99 and the newest may be on any page: all are read. And it
    calls a list truncated whenever a page holds fewer than match, so also the last page: the end
    is the page that adds nothing. Each page begins with the last operation of the one before; if
    it does not, operations came or went in between and the reading starts again.
    """
    for _ in range(_RESTARTS):
        listed = await _pages(requester, units, name)
        if listed is not None:
            return listed
    raise JujuError(
        "try-again",
        f"The operations of {', '.join(units)} changed while they were listed.",
        BUSY,
    )


async def _pages(requester: Requester, units: Sequence[str], name: str) -> list[Reply] | None:
    listed: list[Reply] = []
    while True:
        offset = max(0, len(listed) - 1)
        query = {
            "applications": [],
            "units": list(units),
            "machines": [],
            "actions": [name],
            "status": [],
            "offset": offset,
            "limit": _PAGE,
        }
        reply = await requester.read("Action", "ListOperations", query)
        page = reply.each("results")
        if listed:
            if not page or page[0].needed("operation") != listed[-1].needed("operation"):
                return None
            page = page[1:]
        for operation in page:
            operation.good(operation.text("operation"))
        listed += page
        if not page or not reply.flag("truncated"):
            return listed


async def cancel(requester: Requester, ids: Sequence[int]) -> dict[int, str]:
    """Cancel tasks; return each one's status after the call, or the error's text."""
    if not ids:
        return {}
    reply = await requester.change("Action", "Cancel", _entities(ids))
    found: dict[int, str] = {}
    for number, result in zip(ids, reply.results(len(ids)), strict=True):
        error = result.failure(f"task {number}")
        found[number] = str(error) if error else result.text("status")
    return found


def _entities(ids: Sequence[int]) -> dict[str, Any]:
    return {"entities": [{"tag": names.task_tag(number)} for number in ids]}
