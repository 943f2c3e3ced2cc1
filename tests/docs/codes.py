"""Every error code in the source, with where it is raised and its words, read from the syntax."""

from __future__ import annotations

import ast
import pathlib

TOP = pathlib.Path(__file__).parents[2]
CLASSES = {
    "CouError", "BadInput", "JournalError", "JujuError", "StepFailed", "Fenced", "LeaseLost",
}  # fmt: skip
# Methods of the executor that end a run, and which of their arguments is the code.
ENDINGS = {"_stop": 1, "_fail": 2}


def raised() -> dict[str, set[str]]:
    """Return the modules that raise each code (`Problem` codes have a page of their own)."""
    found: dict[str, set[str]] = {}
    for path in sorted([*(TOP / "src").glob("*.py"), *(TOP / "lib").rglob("*.py")]):
        module = str(path.relative_to(TOP))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for code in _codes(node):
                found.setdefault(code, set()).add(module)
    return found


def _codes(node: ast.AST):
    if isinstance(node, ast.Call) and node.args:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        first = node.args[0]
        if name in CLASSES and isinstance(first, ast.Constant):
            yield str(first.value)
        if name in CLASSES and isinstance(first, ast.JoinedStr):
            yield "".join(
                str(one.value) if isinstance(one, ast.Constant) else "*" for one in first.values
            )
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        place = ENDINGS.get(node.func.attr)
        if place is not None and len(node.args) > place:
            code = node.args[place]
            if isinstance(code, ast.Constant):
                yield str(code.value)
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            named = isinstance(key, ast.Constant) and key.value == "code"
            if named and isinstance(value, ast.Constant):
                yield str(value.value)
