"""Small breakages of a function, one at a time: what somebody could get wrong without noticing.

Each replaces one piece of the source text, so that all other lines stay where they were.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterator
from typing import TypeGuard

_OPPOSITE: dict[type[ast.cmpop], str] = {
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
    ast.Lt: ">=",
    ast.LtE: ">",
    ast.Gt: "<=",
    ast.GtE: "<",
}


@dataclasses.dataclass(frozen=True)
class Mutant:
    """One breakage of one file.

    Attributes:
        file: its path, from the top of the checkout.
        place: the qualified name of the function.
        line: where it is.
        lines: the first and the last line of the statement it is in, without what that encloses.
        what: the change in words.
        source: the whole file with the change.
    """

    file: str
    place: str
    line: int
    lines: tuple[int, int]
    what: str
    source: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} {self.place}: {self.what}"


def mutants(file: str, source: str, place: str) -> list[Mutant]:
    """Return every mutant of a function, or of each method of a class.

    Args:
        file: the file's path, for people.
        source: its text.
        place: the qualified name, such as ``Steps.begin_step``.

    Raises:
        LookupError: the file has no such function.
    """
    body = _find(ast.parse(source), place)
    spans = sorted(_span(one) for one in ast.walk(body) if isinstance(one, ast.stmt))
    found = []
    for node, text, what in _changes(body, source):
        changed = _replaced(source, node, text)
        try:
            compile(changed, file, "exec")
        except SyntaxError:
            continue
        lines = next(span for span in reversed(spans) if span[0] <= node.lineno <= span[1])
        found.append(Mutant(file, place, node.lineno, lines, " ".join(what.split()), changed))
    return found


def _find(tree: ast.Module, place: str) -> ast.AST:
    here: ast.AST = tree
    for name in place.split("."):
        for node in ast.iter_child_nodes(here):
            if getattr(node, "name", None) == name:
                here = node
                break
        else:
            raise LookupError(place)
    return here


def _span(statement: ast.stmt) -> tuple[int, int]:
    """Return its lines; of one that encloses others only those above them.

    The head of a function or class is executed by no test: all that stands in it stands for it.
    """
    last = statement.end_lineno or statement.lineno
    enclosed = getattr(statement, "body", ())
    if (
        isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        or not enclosed
    ):
        return statement.lineno, last
    return statement.lineno, max(statement.lineno, enclosed[0].lineno - 1)


def _changes(body: ast.AST, source: str) -> Iterator[tuple[ast.expr | ast.stmt, str, str]]:
    # A comparison that is the whole test of an if is turned round by True and False already.
    whole = {id(node.test) for node in ast.walk(body) if isinstance(node, ast.If | ast.IfExp)}
    for node in ast.walk(body):
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and id(node) not in whole:
            left = _text(source, node.left)
            sign, right = _OPPOSITE[type(node.ops[0])], _text(source, node.comparators[0])
            yield node, f"({left} {sign} {right})", f"{left} {sign} {right}"
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            inner = _text(source, node.operand)
            yield node, f"({inner})", f"not taken from {inner}"
        elif isinstance(node, ast.BoolOp):
            sign = " or " if isinstance(node.op, ast.And) else " and "
            joined = sign.join(f"({_text(source, value)})" for value in node.values)
            yield node, f"({joined})", joined
        elif isinstance(node, ast.If | ast.IfExp | ast.While):
            test = _text(source, node.test)
            for value in ("False",) if isinstance(node, ast.While) else ("True", "False"):
                yield node.test, value, f"{value} for {test}"
        elif isinstance(node, ast.Raise) or _is_call(node):
            yield node, "pass", f"no {_text(source, node)}"
        elif isinstance(node, ast.Return) and node.value is not None:
            yield node, "return None", f"None for {_text(source, node.value)}"
        elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
            yield node, str(not node.value), f"{not node.value} for {node.value}"


def _is_call(node: ast.AST) -> TypeGuard[ast.Expr]:
    """Whether a statement is there for what it does: no docstring."""
    return isinstance(node, ast.Expr) and not isinstance(node.value, ast.Constant)


def _text(source: str, node: ast.AST) -> str:
    return ast.get_source_segment(source, node) or ""


def _replaced(source: str, node: ast.expr | ast.stmt, text: str) -> str:
    """Put a text in the place of a node; columns of the syntax tree count bytes."""
    lines = source.encode().splitlines(keepends=True)
    first, last = node.lineno - 1, (node.end_lineno or node.lineno) - 1
    head = lines[first][: node.col_offset]
    tail = lines[last][node.end_col_offset :]
    # As many lines as before, so that what fails names the same lines.
    filler = b" \\\n" * (last - first)
    lines[first : last + 1] = [head + text.replace("\n", " ").encode() + filler + tail]
    return b"".join(lines).decode()
