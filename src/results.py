"""Results of actions: flat maps with kebab-case keys, none too long for Juju's hook tools."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ops
from cou import printable, whole_file
from cou.errors import CouError, JournalError
from cou.juju import commands
from cou.show import formatting
from cou.wording import ActionStyle, CommandStyle

if TYPE_CHECKING:
    from cou.control.answers import (
        AbandonAnswer,
        CancelAnswer,
        ForceAnswer,
        PlanAnswer,
        ReportAnswer,
        StartAnswer,
    )
    from cou.show.view import View

# What is built of lines; any other result is one line.
_OF_LINES = frozenset({"plan", "report", "run", "status"})
# The kernel takes at most 131,071 bytes per argument, key included.
LARGEST = 120_000
_SUFFIX = {"text": "txt", "json": "json", "markdown": "md", "html": "html"}


def set_results(event: ops.ActionEvent, results: Mapping[str, str]) -> None:
    """Set an action's results; they quote the model, units and operators, and steer nothing."""
    event.set_results(
        {
            key: printable.lines(value) if key in _OF_LINES else printable.line(value)
            for key, value in results.items()
        }
    )


@contextlib.contextmanager
def failing_on_error(
    event: ops.ActionEvent, style: CommandStyle, **on_failure: str
) -> Generator[None]:
    """Turn what the operator has to know into the action's failure.

    Args:
        on_failure: results to set besides `code` when it fails.
    """
    try:
        yield
    except CouError as error:
        set_results(event, {"code": error.code, **on_failure})
        event.fail(printable.line(error.text_for(style)))
    except OSError as error:  # a full disk, a folder that somebody changed
        set_results(event, {"code": "system-error", **on_failure})
        event.fail(printable.line(f"{error.filename or 'The system'}: {error.strerror or error}."))


def plan(
    shown: PlanAnswer, form: str, folder: Path, next_step: str, style: CommandStyle
) -> dict[str, str]:
    """Return the results of `plan`, for who types our commands in a way."""
    the_plan = shown.plan
    blocking = len(the_plan.blocking)
    results = {
        "hash": the_plan.hash,
        "from": the_plan.origin,
        "to": the_plan.target,
        "steps": str(sum(1 for _ in the_plan.root.single_steps())),
        "problems": f"{blocking} blocking, {len(the_plan.problems) - blocking} other",
        "remainder": _yes(shown.remainder),
        "next": next_step,
    }
    if shown.message:
        results["message"] = shown.message
    name = f"{the_plan.hash}.{_SUFFIX[form]}"
    return results | _large("plan", shown.text(form, style), folder / name)


def after_plan(shown: PlanAnswer, view: View | None, unit: str, leads: bool) -> str:
    """Return what the operator does next: a command, or what to mend first."""
    if view is not None and view.state.going:
        return f"it is running; to see where: juju run {unit} status"
    if blocking := len(shown.plan.blocking):
        return f"mend {blocking} blocking, then: juju run {unit} plan"
    if not shown.plan.root.steps:
        return "nothing to do"
    if not leads and (view is None or not view.state.unfinished):
        return f"only the leader runs: juju run {unit.partition('/')[0]}/leader plan"
    return f"juju run {unit} upgrade"


def start(started: StartAnswer, view: View | None) -> dict[str, str]:
    """Return the results of `upgrade` and `upgrade-step`."""
    results = {
        "run": started.run,
        "resumed": _yes(started.resumed),
        "log": str(started.log_path),
        "message": started.message,
    }
    if view is not None:
        results |= {"state": view.state.value, "plan": view.plan_hash}
    if started.until is not None:
        results["until"] = f"{formatting.stamp(started.until)} UTC"
    return results


def cancel(cancelled: CancelAnswer) -> dict[str, str]:
    """Return the results of `cancel`."""
    return {
        "acknowledged": "yes",
        "state": _state(cancelled),
        "running": _listed([str(one["step"]) for one in cancelled.running]),
        "targets": _listed([str(one["target"]) for one in cancelled.running]),
        "message": cancelled.message,
    }


def force(forced: ForceAnswer, view: View | None) -> dict[str, str]:
    """Return the results of ``cancel force=true``."""
    return {
        "acknowledged": "yes",
        "state": _state(view),
        "killed": _listed(forced.killed),
        "tasks-cancelled": _listed(forced.cancelled),
        "tasks-running": _listed(forced.running),
        "in-doubt": _listed(forced.in_doubt),
        "message": forced.message,
    }


def abandon(abandoned: AbandonAnswer) -> dict[str, str]:
    """Return the results of `abandon`."""
    return {"message": abandoned.message}


def status(view: View | None, form: str, unit: str, folder: Path) -> dict[str, str]:
    """Return the results of `status`."""
    state = _state(view)
    if form == "text":
        text = view.to_text(ActionStyle(unit)) if view else _nothing(unit)
        return {"state": state} | _large("status", text, folder / "status.txt")
    data: Mapping[str, Any] = (
        view.to_dict(ActionStyle(unit)) if view else {"schema": 1, "state": None, "steps": []}
    )
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    return {"state": state} | _large("run", text, folder / "run.json")


def _nothing(unit: str) -> str:
    return f"Nothing has run yet. To begin: juju run {unit} plan, then juju run {unit} upgrade"


def report(reported: ReportAnswer, unit: str, folder: Path) -> dict[str, str]:
    """Return the results of `report`: the text, or where its file lies.

    A page for a browser is of no use in a terminal: it always lies in a file.
    """
    path = folder / f"{reported.run}.{_SUFFIX[reported.form]}"
    page = reported.form == "html"
    found = _large("report", reported.text, path, LARGEST if not page else 0)
    if "report-file" in found:
        found["next"] = commands.fetch(unit, str(path), f"report{path.suffix}")
    return {"run": reported.run, "format": reported.form} | found


def _large(key: str, text: str, path: Path, largest: int = LARGEST) -> dict[str, str]:
    """Return the text under its key, or where it was written if it is too long."""
    text = printable.lines(text)
    content = text.encode()
    if len(content) <= largest:
        return {key: text}
    _write(path, content)
    return {
        f"{key}-file": str(path),
        f"{key}-bytes": str(len(content)),
        f"{key}-sha256": hashlib.sha256(content).hexdigest(),
    }


def _write(path: Path, content: bytes) -> None:
    """Replace a file whole, readable by its owner only."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        whole_file.write(path, content)
    except OSError as error:
        raise JournalError("not-writable", path=path, reason=error.strerror) from error


def _listed(values: Sequence[object]) -> str:
    return ",".join(str(value) for value in values)


def _state(told: CancelAnswer | View | None) -> str:
    return told.state.value if told and told.state else "none"


def _yes(value: bool) -> str:
    return "yes" if value else "no"
