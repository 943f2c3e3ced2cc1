"""Every error code in the source, with the modules that give it, read from the syntax.

What cannot be read is a failure, so that no code can be hidden: a code is written out where the
error is made, or stands in a table, or is handed to a function that makes it.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import pathlib
import re
from collections.abc import Iterator

TOP = pathlib.Path(__file__).parents[2]
ROOT_CLASS = "CouError"
# Behind the slash: which of its texts (`cou.texts`).
_KEY = re.compile(r"([a-z]+(?:-[a-z]+)*)(/[a-z]+(-[a-z0-9]+)*)?\Z")

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Unreadable(AssertionError):
    """A code that the syntax does not tell."""


@dataclasses.dataclass(frozen=True)
class Source:
    """The modules, by their path below the project, and what each node stands in."""

    trees: dict[str, ast.Module]

    @classmethod
    def of_the_project(cls) -> Source:
        paths = sorted([*(TOP / "src").glob("*.py"), *(TOP / "lib").rglob("*.py")])
        return cls(
            {str(p.relative_to(TOP)): ast.parse(p.read_text(encoding="utf-8")) for p in paths}
        )

    @functools.cached_property
    def classes(self) -> dict[str, ast.ClassDef | None]:
        """The classes of errors: `CouError` and all that inherit from it."""
        known: dict[str, ast.ClassDef | None] = {ROOT_CLASS: None}
        every = [n for tree in self.trees.values() for n in ast.walk(tree)]
        some = [n for n in every if isinstance(n, ast.ClassDef)]
        while True:
            new = {
                one.name: one
                for one in some
                if one.name not in known and any(name_of(base) in known for base in one.bases)
            }
            if not new:
                return known
            known |= new

    def fixed(self, name: str) -> bool:
        """Whether a class of errors names its code itself, in ``super().__init__("code", …)``."""
        found = self.classes[name]
        return found is not None and any(code_of_super(n) for n in ast.walk(found))

    def calls(
        self, function: str, home: ast.Module
    ) -> Iterator[tuple[ast.Module, Function | None, ast.Call]]:
        """Yield the calls of a function of a module; a private one is called only there."""
        trees = [home] if function.startswith("_") else self.trees.values()
        for tree in trees:
            for scope, node in scoped(tree):
                if isinstance(node, ast.Call) and name_of(node.func) == function:
                    yield tree, scope, node


def raised(source: Source | None = None, others: set[str] | None = None) -> dict[str, set[str]]:
    """Return the modules that give each code (`Problem` codes have a page of their own).

    Args:
        source: the modules; the project's own if not given.
        others: names of further classes whose first argument is a code.
    """
    source = source or Source.of_the_project()
    found: dict[str, set[str]] = {}
    for module, tree in source.trees.items():
        for scope, node in scoped(tree):
            for value in given(source, node, others or set()):
                for code in resolve(source, tree, scope, value):
                    found.setdefault(code, set()).add(module)
    return found


def given(source: Source, node: ast.AST, others: set[str]) -> Iterator[ast.expr]:
    """Yield the expressions that are codes in a node."""
    if isinstance(node, ast.Call):
        name = name_of(node.func)
        if (name in source.classes and not source.fixed(name)) or name in others:
            yield argument(node, "code", 0)
        elif code_of_super(node):
            yield node.args[0]
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "code":
                yield value


def resolve(
    source: Source, tree: ast.Module, scope: Function | None, value: ast.expr
) -> Iterator[str]:
    """Yield the codes that an expression may be.

    Raises:
        Unreadable: it cannot be told.
    """
    if isinstance(value, ast.Constant) and isinstance(value.value, str):
        key = _KEY.match(value.value)
        if not key:
            raise Unreadable(f"{value.value!r} is no code")
        yield key[1]
    elif isinstance(value, ast.IfExp):
        yield from resolve(source, tree, scope, value.body)
        yield from resolve(source, tree, scope, value.orelse)
    elif isinstance(value, ast.Attribute) and value.attr == "code":
        return  # of an error, which was made elsewhere
    elif isinstance(value, ast.Subscript) and isinstance(value.value, ast.Name):
        yield from table(source, tree, scope, value.value, None)
    elif isinstance(value, ast.Name):
        yield from named(source, tree, scope, value.id)
    else:
        raise Unreadable(ast.unparse(value))


def named(source: Source, tree: ast.Module, scope: Function | None, name: str) -> Iterator[str]:
    """Yield the codes that a name may stand for: a variable, an argument, a constant."""
    for target, index, value in assigned(scope or tree):
        if target == name and index is None:
            yield from resolve(source, tree, scope, value)
            return
        if target == name:
            yield from table(source, tree, scope, value, index)
            return
    if scope is not None:
        arguments = [one.arg for one in [*scope.args.posonlyargs, *scope.args.args]]
        if name in arguments:
            place = arguments.index(name) - (arguments[0] in ("self", "cls"))
            for their_tree, their_scope, call in source.calls(scope.name, tree):
                value = argument(call, name, place)
                yield from resolve(source, their_tree, their_scope, value)
            return
        yield from named(source, tree, None, name)
        return
    raise Unreadable(name)


def table(
    source: Source, tree: ast.Module, scope: Function | None, value: ast.expr, index: int | None
) -> Iterator[str]:
    """Yield the codes in the rows of a table: at a place of each, or the rows themselves."""
    if isinstance(value, ast.Dict):
        for row in value.values:
            yield from table(source, tree, scope, row, index)
    elif isinstance(value, ast.Tuple) and index is not None:
        yield from resolve(source, tree, scope, value.elts[index])
    elif isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        if value.func.attr != "get":
            raise Unreadable(ast.unparse(value))
        yield from table(source, tree, scope, value.func.value, index)
        for default in value.args[1:]:
            yield from table(source, tree, scope, default, index)
    elif isinstance(value, ast.Name):
        rows = [found for target, _, found in assigned(tree) if target == value.id]
        if not rows:
            raise Unreadable(value.id)
        for row in rows:
            yield from table(source, tree, scope, row, index)
    elif index is None:
        yield from resolve(source, tree, scope, value)
    else:
        raise Unreadable(ast.unparse(value))


def assigned(scope: Function | ast.Module) -> Iterator[tuple[str, int | None, ast.expr]]:
    """Yield what a function or a module assigns: name, its place in a tuple, value."""
    for node in scope.body if isinstance(scope, ast.Module) else ast.walk(scope):
        if isinstance(node, ast.AnnAssign) and node.value and isinstance(node.target, ast.Name):
            yield node.target.id, None, node.value
        if not isinstance(node, ast.Assign):
            continue
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield target.id, None, node.value
            elif isinstance(target, ast.Tuple):
                for index, one in enumerate(target.elts):
                    if isinstance(one, ast.Name):
                        yield one.id, index, node.value


def scoped(tree: ast.Module) -> Iterator[tuple[Function | None, ast.AST]]:
    """Yield every node with the innermost function that it stands in."""

    def walk(node: ast.AST, scope: Function | None) -> Iterator[tuple[Function | None, ast.AST]]:
        for child in ast.iter_child_nodes(node):
            yield scope, child
            inner = child if isinstance(child, Function) else scope
            yield from walk(child, inner)

    yield from walk(tree, None)


def argument(call: ast.Call, name: str, place: int) -> ast.expr:
    """Return an argument of a call, by its name or its place."""
    for word in call.keywords:
        if word.arg == name:
            return word.value
    if len(call.args) <= place or isinstance(call.args[place], ast.Starred):
        raise Unreadable(ast.unparse(call))
    return call.args[place]


def code_of_super(node: ast.AST) -> bool:
    """Whether a node is ``super().__init__("some-code", …)``."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "__init__"
        and isinstance(node.func.value, ast.Call)
        and name_of(node.func.value.func) == "super"
        and len(node.args) > 1
        and isinstance(node.args[0], ast.Constant)
    )


def name_of(node: ast.expr) -> str:
    """Return the last part of a name such as ``tables.DataError``."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""
