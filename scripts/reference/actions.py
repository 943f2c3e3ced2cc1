"""The pages of actions and of options, made from the files that Juju reads."""

from __future__ import annotations

import pathlib
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

_ACTIONS = """# Actions

`juju run cou/0 <action> <parameter>=<value>`. No action waits for the upgrade: each answers within
seconds, `plan` within 45. `juju run` reads values as YAML, and with
`--string-args` as texts; both mean the same, or are refused. What an action answers is in
[statuses and outcomes](statuses.md#what-the-actions-answer).

A wrong value is refused before anything happens, with the code `bad-parameter`, the parameter's
name, its value and what is allowed. Juju itself refuses what never reaches the charm, in words of
its own and without a code: a parameter or an action that is not listed here, a word without an
equals sign, and a value that is not YAML.

This page is generated from `actions.yaml`: `make reference` writes it.
"""
_OPTIONS = """# Configuration

`juju config cou <option>=<value>`. A change takes effect with the next `plan`, and for
`credentials` with the next login; a run that goes on keeps the options that it was planned with.

The action `plan` and the command `cou` on the unit plan the same. What they are given, such as
`max-parallel` or `--quiet-period`, comes before an option of this page, and that before the
default. At a workstation there are no such options.

This page is generated from `config.yaml`: `make reference` writes it.
"""


def actions(source: pathlib.Path) -> str:
    """Return the page of all actions, in the order of the file."""
    return "\n".join([_ACTIONS, *_actions(yaml.safe_load(source.read_text(encoding="utf-8")))])


def _actions(every: Mapping[str, Any]) -> Iterator[str]:
    for name, action in every.items():
        yield f"## {name}\n"
        yield f"{_line(action['description'])}\n"
        params = action.get("params", {})
        if not params:
            yield "It has no parameters.\n"
            continue
        yield "| Parameter | What it is |"
        yield "|---|---|"
        yield from (f"| `{key}` | {_line(one['description'])} |" for key, one in params.items())
        yield ""


def configuration(source: pathlib.Path) -> str:
    """Return the page of the charm's options, in the order of the file."""
    options = yaml.safe_load(source.read_text(encoding="utf-8"))["options"]
    rows = [
        f"| `{name}` | {one['type']} | {_value(one)} | {_line(one['description'])} |"
        for name, one in options.items()
    ]
    table = ["| Option | Type | Default | What it is |", "|---|---|---|---|"]
    return "\n".join([_OPTIONS, *table, *rows, ""])


def _value(schema: Mapping[str, Any]) -> str:
    if "default" not in schema:
        return "–"
    value = schema["default"]
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value}`" if value != "" else "empty"


def _line(text: str) -> str:
    return " ".join(str(text).split())
