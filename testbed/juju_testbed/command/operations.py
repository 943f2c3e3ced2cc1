"""operations, show-operation, show-task, cancel-task, actions."""

from __future__ import annotations

import time
from typing import Any

from . import output, tasks
from .command import Command, Context, Parser, duration, names
from .errors import CommandError, usage
from .waiting import LogFollower, wait_one

PAGE = 50
MAX_TASK_IDS = 5


def _operations_arguments(parser: Parser) -> None:
    parser.add_argument("--applications", "--apps", dest="apps", default="")
    for name in ("units", "machines", "actions", "status"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--offset", type=int, default=0)


def operations(context: Context) -> int:
    """List operations, oldest first."""
    options = context.options
    query: dict[str, Any] = {
        "applications": names(options.apps),
        "units": names(options.units),
        "machines": names(options.machines),
        "actions": names(options.actions),
        "status": names(options.status),
    }
    if options.limit:
        query["limit"] = options.limit
    if options.offset:
        query["offset"] = options.offset
    answer = context.model_api.call("Action", "ListOperations", query)
    found = sorted(answer.get("results") or [], key=lambda o: int(_operation_id(o)))
    if not found:
        output.info("no matching operations")
        return 0
    if options.format == "plain":
        _print_paging(context, answer, len(found))
    shown = {_operation_id(o): _operation(context, o) for o in found}
    output.write(context, shown, lambda _: _table(context, found))
    return 0


def _operation_id(operation: dict[str, Any]) -> str:
    return str(operation["operation"]).removeprefix("operation-")


def _print_paging(context: Context, answer: dict[str, Any], number: int) -> None:
    first = context.options.offset
    if not first and not answer.get("truncated"):
        return
    print(f"Displaying operation results {first + 1} to {first + number}.")
    if answer.get("truncated"):
        limit = context.options.limit or PAGE
        print(
            f"Run the command again with --offset={first + limit} --limit={limit} "
            "to see the next batch.\n"
        )


def _table(context: Context, found: list[dict[str, Any]]) -> str:
    rows = [["ID", "Status", "Started", "Finished", "Task IDs", "Summary"]]
    for operation in found:
        ids = [tasks.task_id(a) for a in operation.get("actions") or [] if a.get("action")]
        listed = ",".join(ids[:MAX_TASK_IDS]) + ("..." if len(ids) > MAX_TASK_IDS else "")
        times = [output.local(context, operation.get(k)) for k in ("started", "completed")]
        shown = [when.strftime("%Y-%m-%dT%H:%M:%S") if when else "" for when in times]
        summary = operation.get("summary", "")
        rows.append([_operation_id(operation), operation["status"], *shown, listed, summary])
    return output.table(rows, right=(0,))


def _operation(context: Context, operation: dict[str, Any]) -> dict[str, Any]:
    """Return an operation as shown; a name and parameters common to all tasks stand once."""
    actions = [a for a in operation.get("actions") or [] if a.get("action")]
    kinds = [(a["action"]["name"], a["action"].get("parameters") or {}) for a in actions]
    single = bool(kinds) and all(kind == kinds[0] for kind in kinds)
    shown: dict[str, Any] = {
        "summary": operation.get("summary", ""),
        "status": operation.get("status", ""),
        "fail": operation.get("fail") or "",
        "error": (operation.get("error") or {}).get("message", ""),
        "action": {"name": kinds[0][0], "parameters": output.by_key(kinds[0][1])}
        if single
        else None,
        "timing": tasks.timing(context, operation),
        "tasks": {tasks.task_id(a): _task(context, a, named=not single) for a in actions},
    }
    return {k: v for k, v in shown.items() if v or k in ("summary", "status")}


def _task(context: Context, result: dict[str, Any], named: bool) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "name": result["action"]["name"] if named else "",
        "host": tasks.receiver(result),
        "status": result.get("status", ""),
        "timing": tasks.timing(context, result),
        "log": tasks.log_lines(context, result),
        "message": result.get("message", ""),
        "results": output.by_key(result.get("output") or {}),
    }
    return {k: v for k, v in shown.items() if v or k in ("host", "status")}


def _show_arguments(parser: Parser) -> None:
    parser.add_argument("--wait", default="-1s")
    parser.add_argument("--watch", action="store_true")
    parser.add_argument("ids", nargs="*")


def _id(context: Context, kind: str) -> str:
    ids = context.options.ids
    if not ids:
        raise usage(f"no {kind} ID specified")
    if len(ids) > 1:
        raise usage(f'unrecognized args: ["{" ".join(ids[1:])}"]')
    if not ids[0].isdigit():
        raise usage(f'{kind} ID "{ids[0]}" not valid')
    return str(ids[0])


def _deadline(context: Context) -> tuple[bool, float | None]:
    """Return whether to wait, and until when (monotonic; None for ever)."""
    if context.options.watch:
        return True, None
    wait_s = duration(context.options.wait)
    if wait_s < 0:
        return False, None
    return True, time.monotonic() + wait_s if wait_s else None


def show_operation(context: Context) -> int:
    """Show one operation with its tasks."""
    number = _id(context, "operation")
    waits, deadline = _deadline(context)
    while True:
        operation = context.model_api.one(
            "Action", "Operations", {"entities": [{"tag": f"operation-{number}"}]}
        )
        active = operation.get("status") in ("pending", "running", "aborting")
        if not waits or not active or (deadline is not None and time.monotonic() >= deadline):
            break
        time.sleep(0.5)
    output.write(context, _operation(context, operation))
    return 0


def show_task(context: Context) -> int:
    """Show one task, when it has ended if that was asked for."""
    number = _id(context, "task")
    waits, deadline = _deadline(context)
    result: dict[str, Any] | None = tasks.fetch(context, number)
    if waits and result is not None and result.get("status") in ("pending", "running"):
        result = wait_one(context, number, deadline, LogFollower(context))
        if result is None:
            raise CommandError("maximum wait time reached")
    assert result is not None
    shown = tasks.formatted(context, result)
    if context.options.format == "plain":
        output.write(context, {number: shown}, tasks.plain)
    else:
        output.write(context, shown)
    return 0


def _cancel_arguments(parser: Parser) -> None:
    parser.add_argument("ids", nargs="*")


def cancel_task(context: Context) -> int:
    """Cancel pending or running tasks."""
    ids = context.options.ids
    for number in ids:
        if not number.isdigit():
            raise usage(f'task ID "{number}" not valid')
    if not ids:
        raise CommandError("no task IDs specified")
    entities = {"entities": [{"tag": f"action-{number}"} for number in ids]}
    results = context.model_api.call("Action", "Cancel", entities).get("results") or []
    done = [result for result in results if result.get("action")]
    if done:
        output.write(context, {"actions": [_cancelled(result) for result in done]})
    failed = [(n, r) for n, r in zip(ids, results, strict=False) if not r.get("action")]
    if failed:
        lines = [
            f"task: {n}, error: {(r.get('error') or {}).get('message', '')}" for n, r in failed
        ]
        output.info("WARNING The following tasks could not be canceled:\n" + "\n".join(lines))
    return 0


def _cancelled(result: dict[str, Any]) -> dict[str, Any]:
    when = output.moment(result.get("completed"))
    return {
        "action": result["action"]["name"],
        "completed at": when.strftime("%Y-%m-%d %H:%M:%S") if when else "n/a",
        "id": tasks.task_id(result),
        "status": result.get("status", ""),
        "unit": tasks.receiver(result),
    }


def _actions_arguments(parser: Parser) -> None:
    parser.add_argument("--schema", action="store_true")
    parser.add_argument("application")


def actions(context: Context) -> int:
    """List an application's actions."""
    entity = {"tag": f"application-{context.options.application}"}
    answer = context.model_api.one("Action", "ApplicationsCharmsActions", {"entities": [entity]})
    specs = answer.get("actions") or {}
    if not specs and context.options.format == "default":
        output.info(f"No actions defined for {context.options.application}.")
        return 0
    if context.options.schema:
        output.write(context, {name: spec.get("params") or {} for name, spec in specs.items()})
        return 0
    shown = {name: spec.get("description", "") for name, spec in sorted(specs.items())}
    rows = [["Action", "Description"], *([name, text] for name, text in shown.items())]
    output.write(context, shown, lambda _: output.table(rows))
    return 0


_FORMATS = ("plain", "json", "yaml")
COMMANDS = {
    "operations": Command(
        "Lists pending, running, or completed operations.",
        operations,
        _operations_arguments,
        _FORMATS,
    ),
    "show-operation": Command(
        "Show results of an operation.", show_operation, _show_arguments, ("yaml", "json")
    ),
    "show-task": Command("Show results of a task by ID.", show_task, _show_arguments, _FORMATS),
    "cancel-task": Command(
        "Cancel pending or running tasks.", cancel_task, _cancel_arguments, ("yaml", "json")
    ),
    "actions": Command(
        "List actions defined for an application.",
        actions,
        _actions_arguments,
        ("default", "json", "yaml", "tabular"),
    ),
}
