"""What a hook tool is given, and what it may say back."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Callable, Mapping

import yaml

from ..context import HookContext
from ..flags import ToolError


@dataclasses.dataclass(frozen=True)
class Call:
    """One call of a hook tool from a charm's process."""

    context: HookContext
    arguments: list[str]
    stdin: str = ""
    directory: str = "/"

    def read(self, path: str) -> str:
        """Read a file that an argument names, relative to the caller; ``-`` is its stdin."""
        if path == "-":
            return self.stdin
        try:
            return (pathlib.Path(self.directory) / path).read_text(encoding="utf-8")
        except OSError as error:
            raise ToolError(f"open {path}: {error.strerror}") from error

    def read_mapping(self, path: str) -> Mapping[str, str]:
        """Read a YAML or JSON file of texts by key."""
        try:
            content = yaml.safe_load(self.read(path))
        except yaml.YAMLError as error:
            raise ToolError(f"cannot parse {path}: {error}") from error
        if content is None:
            return {}
        if not isinstance(content, dict):
            raise ToolError(f"cannot parse {path}: it holds no mapping")
        return {str(key): _text(value) for key, value in content.items()}


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


Tool = Callable[[Call], str]


def pairs(arguments: list[str]) -> dict[str, str]:
    """Read ``key=value`` arguments.

    Raises:
        ToolError: one has no ``=`` or no key.
    """
    values: dict[str, str] = {}
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if not equals or not key:
            raise ToolError(f'expected "key=value", got "{argument}"')
        values[key] = value
    return values


def at_most(rest: list[str], number: int) -> None:
    """Refuse arguments beyond `number`.

    Raises:
        ToolError: there are more.
    """
    if len(rest) > number:
        quoted = " ".join(f'"{argument}"' for argument in rest[number:])
        raise ToolError(f"unrecognized args: [{quoted}]", 2)
