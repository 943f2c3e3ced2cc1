"""Sentences that the source says to people, read from its syntax; ``…`` stands for values."""

from __future__ import annotations

import ast
import itertools
import pathlib
import re
from collections.abc import Iterator

from cou import wording

TOP = pathlib.Path(__file__).parents[2]
ANSWERS = {
    "AbandonAnswer",
    "CancelAnswer",
    "ForceAnswer",
    "ResolveAnswer",
    "RestoreAnswer",
    "PlanAnswer",
    "StartAnswer",
}
VERBS = (
    "control/cancel_by_supervisor",
    "control/control",
    "control/unit_run",
    "control/start",
    "control/stop",
    "process/lost_journal",
)
LEVELS = {"info", "warning", "error"}


def answers() -> set[str]:
    """Return what the engine puts into the message of an answer."""
    paths = [TOP / f"lib/cou/{name}.py" for name in VERBS]
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in paths]
    found: set[str] = set()
    for node in itertools.chain.from_iterable(map(ast.walk, trees)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            if node.func.id in ANSWERS:
                for one in [*node.args, *(word.value for word in node.keywords)]:
                    found |= set(_texts(one))
        elif isinstance(node, (ast.Assign, ast.AugAssign)):
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if isinstance(target, ast.Name) and target.id == "message":
                found |= set(_texts(node.value))
    return found


def next_steps() -> set[str]:
    """Return what `plan` may name as the next step."""
    tree = ast.parse((TOP / "src/results.py").read_text(encoding="utf-8"))
    function = next(
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.name == "after_plan"
    )
    returned = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    return {text for value in returned if value for text in _texts(value)}


def logged() -> set[str]:
    """Return the charm's lines in Juju's log, where they are no answer's message."""
    paths = [*(TOP / "src").glob("*.py"), TOP / "lib/cou/process/systemd_service.py"]
    paths.append(TOP / "lib/cou/process/systemd.py")
    found: set[str] = set()
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            logger = isinstance(node.func.value, ast.Name) and node.func.value.id == "logger"
            first = node.args[0] if node.args else None
            if logger and node.func.attr in LEVELS and isinstance(first, ast.Constant):
                found.add(re.sub("%[sd]", "…", str(first.value)))
    return found


def _texts(node: ast.expr) -> Iterator[str]:
    """Yield the texts that an expression may give: those with a space are for people."""
    if isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        yield "".join(map(_part, node.values))


def _part(node: ast.expr) -> str:
    """Return a part of a sentence; a verb as an action's answer has it."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    call = node.value if isinstance(node, ast.FormattedValue) else None
    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
        verb = call.args[0] if call.args else None
        command = getattr(wording, verb.id, None) if isinstance(verb, ast.Name) else None
        if call.func.attr == "command" and isinstance(command, wording.OwnCommand):
            return wording.IN_DOCUMENTS.command(command)
    return "…"
