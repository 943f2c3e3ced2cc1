"""Reads the flags of hook tools the way Go's gnuflag does; also tells how answers are printed."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import yaml

TRUE, FALSE = ("1", "t", "true"), ("0", "f", "false")


class ToolError(Exception):
    """A hook tool refuses; `code` is its exit code, the text goes to stderr after ``ERROR``."""

    def __init__(self, message: str, code: int = 1):
        super().__init__(message)
        self.code = code


@dataclasses.dataclass(frozen=True)
class Parsed:
    """Flags by their long name, and what is left."""

    flags: dict[str, Any]
    rest: list[str]


FORMAT = {"format": str, "o": str, "output": str}


def parse(arguments: Sequence[str], known: dict[str, type]) -> Parsed:
    """Split arguments into flags and the rest; flags may stand anywhere before ``--``.

    `known` maps a flag (without dashes) to str or bool; a bool takes a value only after ``=``.

    Raises:
        ToolError: an unknown flag, a missing or wrong value.
    """
    flags: dict[str, Any] = {}
    rest: list[str] = []
    queue = list(arguments)
    while queue:
        argument = queue.pop(0)
        if argument == "--":
            rest += queue
            break
        if not argument.startswith("-") or argument == "-":
            rest.append(argument)
            continue
        name, equals, value = argument.lstrip("-").partition("=")
        if name not in known:
            raise ToolError(f"option provided but not defined: {argument.split('=')[0]}", 2)
        if known[name] is bool:
            flags[name] = _boolean(name, value) if equals else True
        elif equals:
            flags[name] = value
        elif queue:
            flags[name] = queue.pop(0)
        else:
            raise ToolError(f"option needs an argument: {argument}", 2)
    return Parsed(flags, rest)


def _boolean(name: str, value: str) -> bool:
    if value.lower() in TRUE:
        return True
    if value.lower() in FALSE:
        return False
    raise ToolError(f'invalid boolean value "{value}" for option -{name}', 2)


def show(value: Any, flags: dict[str, Any]) -> str:
    """Print a value as ``--format`` asks: json, yaml, or smart (bare text; nothing for None)."""
    kind = flags.get("format", "smart")
    if kind == "json":
        return json.dumps(value) + "\n"
    if kind == "yaml":
        return yaml.safe_dump(value, default_flow_style=False)
    if kind != "smart":
        raise ToolError(f'invalid value "{kind}" for option --format: unknown format "{kind}"', 2)
    if value is None:
        return ""
    if isinstance(value, bool):
        return f"{value}\n"  # Juju's smart format has True and False with a capital letter
    if isinstance(value, (dict, list)):
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return "".join(f"{item}\n" for item in value)
        return yaml.safe_dump(value, default_flow_style=False)
    return f"{value}\n"
