"""Tasks as `run`, `exec`, `show-task` and `operations` show them (juju cmd/juju/action)."""

from __future__ import annotations

from typing import Any

from . import output
from .command import Context, id_of_tag
from .errors import RPCError

FILTERED = ("return-code", "stdout", "stderr", "stdout-encoding", "stderr-encoding")
Result = dict[str, Any]  # an ActionResult of the wire


def task_id(result: Result) -> str:
    """Return the id of a task."""
    return str(result["action"]["tag"]).removeprefix("action-")


def receiver(result: Result) -> str:
    """Return the unit's name or the machine's id."""
    return id_of_tag(result["action"]["receiver"])


def fetch(context: Context, number: str) -> Result:
    """Return one task.

    Raises:
        RPCError: there is none.
    """
    entities = {"entities": [{"tag": f"action-{number}"}]}
    results = context.model_api.call("Action", "Actions", entities).get("results") or []
    if not results:
        raise RPCError(f"task {number} not found", "not found")
    error = results[0].get("error")
    if error:
        raise RPCError(error["message"], error.get("code", ""))
    return results[0]


def return_code(result: Result) -> int:
    """Return the exit code of a task's process, -1 where it has none."""
    code = (result.get("output") or {}).get("return-code")
    return int(code) if code is not None else -1


def log_lines(context: Context, result: Result) -> list[str]:
    """Return the log as results show it."""
    lines = []
    for entry in result.get("log") or []:
        when = output.go_time(output.local(context, entry["timestamp"]))
        lines.append(f"{when} {entry['message']}")
    return lines


def timing(context: Context, result: Result) -> dict[str, str]:
    """Return the times that a task or operation has."""
    keys = ("enqueued", "started", "completed")
    shown = {key: output.go_time(output.local(context, result.get(key))) for key in keys}
    return {key: value for key, value in shown.items() if value}


def formatted(context: Context, result: Result) -> dict[str, Any]:
    """Return a task as `run` shows it in YAML and JSON."""
    response: dict[str, Any] = {"id": task_id(result), "log": log_lines(context, result)}
    response["message"] = result.get("message", "")
    response["results"] = _output(result)
    response["status"] = result.get("status", "")
    response["timing"] = timing(context, result)
    kind = str(result["action"]["receiver"]).partition("-")[0]
    response[kind] = receiver(result)
    kept = {key: value for key, value in response.items() if value or key in ("id", "status")}
    kept_by_key: dict[str, Any] = output.by_key(kept)
    return kept_by_key


def _output(result: Result) -> dict[str, Any]:
    values = dict(result.get("output") or {})
    for stream in ("stdout", "stderr"):
        if values.get(stream):
            values[stream] = str(values[stream]).replace("\r\n", "\n")
        else:
            values.pop(stream, None)
    if "return-code" in values:
        values["return-code"] = int(values["return-code"])
    return values


def plain(value: dict[str, dict[str, Any]]) -> str:
    """Return tasks by receiver (or by id) as text; a single one shows its results only."""
    shown: dict[str, dict[str, Any]] = {}
    streams = ""
    for key, task in value.items():
        results = task.get("results")
        if results is None:
            text = f"Task {task['id']} {task.get('status', 'has unknown status')}\n"
        else:
            kept = {name: item for name, item in results.items() if name not in FILTERED}
            text = output.to_yaml(kept) if kept else ""
            for stream in ("stdout", "stderr"):
                if results.get(stream):
                    streams += str(results[stream]).strip("\n") + "\n"
        shown[key] = {"id": task["id"], "output": text, "status": task.get("status", "")}
        if "message" in task:
            shown[key]["message"] = task["message"]
    if len(shown) > 1:
        return output.to_yaml(shown)
    text = ""
    for task in shown.values():
        if task["status"] == "failed":
            text += f"Action id {task['id']} failed: {task.get('message', '')}\n"
        text += task["output"] + "\n"
    return text + streams
