"""Action: operations and their tasks."""

from __future__ import annotations

from typing import Any

from ...model.entities import Operation, Task
from ...model.errors import ModelError, not_found
from ...model.operations import tag_of
from ..errors import WireError
from ..shapes import each, field, number_of, stamp, untag
from .charms import action_specs
from .facade import Call, Facade
from .watchers import ProgressWatcher

FACADE = Facade("Action", (7,))
PAGE = 50  # juju apiserver/facades/client/action/operation.go


def result(task: Task, full: bool = True) -> dict[str, Any]:
    """Return a task as ActionResult; lists of operations leave logs and output out."""
    shown: dict[str, Any] = {
        "action": {
            "tag": f"action-{task.id}",
            "receiver": tag_of(task.receiver),
            "name": task.name,
            "parameters": task.parameters,
            "parallel": task.parallel,
            "execution-group": task.execution_group,
        },
        "enqueued": stamp(task.enqueued),
        "started": stamp(task.started),
        "completed": stamp(task.completed),
        "status": task.status,
        "message": task.message,
    }
    if full:
        shown["output"] = task.results
        shown["log"] = [{"timestamp": stamp(at), "message": text} for at, text in task.log]
    if task.status == "error":
        shown["error"] = {"message": task.message, "code": ""}
    return shown


@FACADE.method("EnqueueOperation", "write", changes=True)
async def enqueue_operation(call: Call) -> dict[str, Any]:
    """Enqueue actions as one operation; a bad one carries its error, the others go."""
    wanted: list[tuple[str, str, dict[str, Any]]] = []
    overrides: list[tuple[bool | None, str | None]] = []
    for one in call.get("actions", []):
        receiver = _receiver(call, str(field(one, "receiver", "")))
        wanted.append((receiver, str(field(one, "name", "")), field(one, "parameters", {})))
        overrides.append((field(one, "parallel"), field(one, "execution-group")))
    if not wanted:
        raise WireError("no actions specified", "bad request")
    operation = call.model.enqueue(wanted, call.by, overrides)
    return _enqueued(call, operation)


def _receiver(call: Call, tag: str) -> str:
    """Return the unit of a tag, or the leader for ``<application>/leader``."""
    if tag.endswith("/leader"):
        for unit in call.model.units_of(tag.removesuffix("/leader")):
            if unit.leader:
                return unit.name
        raise WireError(f'could not determine leader for "{tag.removesuffix("/leader")}"')
    return untag(tag, "unit")


def _enqueued(call: Call, operation: Operation) -> dict[str, Any]:
    tasks = [result(call.model.tasks[number]) for number in operation.tasks]
    return {"operation": f"operation-{operation.id}", "actions": tasks}


@FACADE.method("Run", "admin", changes=True)
async def run(call: Call) -> dict[str, Any]:
    """Enqueue a command on units, units of applications, and machines; timeout in nanoseconds."""
    units = [str(name) for name in call.get("units", [])]
    for name in call.get("applications", []):
        call.model.application(name)
        units += [unit.name for unit in call.model.units_of(name) if unit.name not in units]
    machines = [str(id) for id in call.get("machines", [])]
    return _run(call, units, machines)


def _run(call: Call, units: list[str], machines: list[str]) -> dict[str, Any]:
    if not units and not machines:
        raise WireError("no targets specified", "bad request")
    timeout_s = call.get("timeout", 0) / 1_000_000_000 or None
    command = str(call.get("commands", ""))
    return _enqueued(call, call.model.run(command, units, timeout_s, call.by, machines))


@FACADE.method("RunOnAllMachines", "admin", changes=True)
async def run_on_all_machines(call: Call) -> dict[str, Any]:
    """Enqueue a command on every machine; containers are machines too."""
    return _run(call, [], list(call.model.machines))


@FACADE.method("Actions", "read")
async def actions(call: Call) -> dict[str, Any]:
    """Return tasks by tag, with log and output."""
    return each(call.get("entities"), lambda one: result(_task(call, one)))


def _task(call: Call, entity: dict[str, Any]) -> Task:
    number = number_of(field(entity, "tag"), "action")
    task = call.model.tasks.get(number)
    if task is None:
        raise not_found("action", str(number))
    return task


@FACADE.method("Cancel", "write", changes=True)
async def cancel(call: Call) -> dict[str, Any]:
    """Cancel tasks; the status after the call is in the result."""

    def one(entity: dict[str, Any]) -> dict[str, Any]:
        task = _task(call, entity)
        call.model.cancel(task.id, call.by)
        return result(task)

    return each(call.get("entities"), one)


@FACADE.method("ListOperations", "read")
async def list_operations(call: Call) -> dict[str, Any]:
    """List operations, oldest first, 50 at a time unless a limit is given."""
    model = call.model
    units = {str(name) for name in call.get("units", [])}
    applications = [str(name) for name in call.get("applications", [])]
    for name in applications:
        units |= {unit.name for unit in model.units_of(name)}
    names = {str(name) for name in call.get("actions", [])}
    statuses = {str(status) for status in call.get("status", [])}
    units |= {str(id) for id in call.get("machines", [])}
    narrowed = bool(units or applications)
    found = [
        operation
        for _, operation in sorted(model.operations.items())
        if _wanted(call, operation, units if narrowed else None, names, statuses)
    ]
    offset, limit = int(call.get("offset", 0)), int(call.get("limit", 0)) or PAGE
    page = found[offset : offset + limit]
    return {
        "results": [_operation(call, operation, full=False) for operation in page],
        "truncated": len(found) > offset + limit,
    }


def _wanted(
    call: Call,
    operation: Operation,
    units: set[str] | None,
    names: set[str],
    statuses: set[str],
) -> bool:
    tasks = [call.model.tasks[number] for number in operation.tasks]
    if units is not None and not any(task.receiver in units for task in tasks):
        return False
    if names and not any(task.name in names for task in tasks):
        return False
    return not statuses or call.model.operation_status(operation) in statuses


def _operation(call: Call, operation: Operation, full: bool) -> dict[str, Any]:
    return {
        "operation": f"operation-{operation.id}",
        "summary": operation.summary,
        "fail": operation.fail,
        "enqueued": stamp(operation.enqueued),
        "started": stamp(operation.started),
        "completed": stamp(operation.completed),
        "status": call.model.operation_status(operation),
        "actions": [result(call.model.tasks[number], full) for number in operation.tasks],
    }


@FACADE.method("Operations", "read")
async def operations(call: Call) -> dict[str, Any]:
    """Return operations by tag, with logs and outputs of their tasks."""

    def one(entity: dict[str, Any]) -> dict[str, Any]:
        number = number_of(field(entity, "tag"), "operation")
        operation = call.model.operations.get(number)
        if operation is None:
            raise not_found("operation", str(number))
        return _operation(call, operation, full=True)

    return each(call.get("entities"), one) | {"truncated": False}


@FACADE.method("ApplicationsCharmsActions", "write")
async def applications_charms_actions(call: Call) -> dict[str, Any]:
    """Return the actions of applications; needs write in Juju too.

    While the controller still fetches a new charm its actions are unknown.
    """
    answers: list[dict[str, Any]] = []
    for entity in call.get("entities", []):
        tag = str(field(entity, "tag", ""))
        answer: dict[str, Any] = {"application-tag": tag}
        try:
            app = call.model.application(untag(tag, "application"))
            here = call.model.charm_is_here(app.charm_url)
            answer["actions"] = action_specs(app.definition.actions if here else {})
        except (ModelError, WireError) as error:
            answer["error"] = {"message": error.message, "code": error.code}
        answers.append(answer)
    return {"results": answers}


@FACADE.method("WatchActionsProgress")
async def watch_actions_progress(call: Call) -> dict[str, Any]:
    """Watch the log messages of tasks; `StringsWatcher.Next` gives new ones."""

    def one(entity: dict[str, Any]) -> dict[str, Any]:
        watcher = ProgressWatcher(call.model, _task(call, entity))
        number = str(len(call.session.watchers) + 1)
        call.session.watchers[number] = watcher
        return {"watcher-id": number, "changes": watcher.fresh()}

    return each(call.get("entities"), one)
