"""The unit files of a systemd service, rendered from the templates beside this module."""

from __future__ import annotations

import functools
import os
import pathlib
import sys
from typing import TYPE_CHECKING

from ..errors import CouError
from ..journal.records import LEFT
from . import command_line, spawn, systemd
from .paths import RunPaths

if TYPE_CHECKING:
    import jinja2

_PASSED_ON = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "LANG")
# For how long a charm that has just been blocked looks again by itself.
_LOOK_S = 900
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./:,=+@")


def notifier(paths: RunPaths) -> str:
    """Return the name of the service that notifies the charm how the run ended."""
    return f"{paths.service.removesuffix('.service')}-tell.service"


def look_again_service(paths: RunPaths) -> str:
    """Return the name of the service that has a blocked charm look again."""
    return f"{paths.service.removesuffix('.service')}-look.service"


def blocked_file(paths: RunPaths) -> pathlib.Path:
    """Return the file that is there for as long as the charm is to look again."""
    return paths.run_dir / "blocked"


def attempt_file(paths: RunPaths) -> pathlib.Path:
    """Return the file with the parameters of one attempt."""
    return paths.run_dir / "attempt.env"


def write_attempt(paths: RunPaths, token: int, log: pathlib.Path) -> None:
    """Hand over the parameters of one attempt, as systemd reads an ``EnvironmentFile``."""
    text = f'COU_TOKEN="{token}"\nCOU_LOG="{log}"\n'
    with open(
        attempt_file(paths),
        "w",
        encoding="utf-8",
        opener=lambda path, flags: os.open(path, flags, 0o600),
    ) as file:
        file.write(text)


def render(paths: RunPaths, *, sandbox: bool) -> dict[str, str]:
    """Return names and texts of the unit files, for this process's Python and search path.

    Raises:
        CouError: a path cannot stand in a unit file.
    """
    context = _context(paths)
    names = {
        paths.service: "supervisor.service.j2",
        notifier(paths): "tell.service.j2",
        look_again_service(paths): "look.service.j2",
    }
    return {
        name: _templates().get_template(template).render(context, sandbox=sandbox)
        for name, template in names.items()
    }


def sandbox(paths: RunPaths) -> tuple[str, ...]:
    """Return the settings that need a mount namespace, ``Key=value``."""
    text = _templates().get_template("sandbox.conf.j2").render(_context(paths))
    return tuple(line for line in text.splitlines() if line and not line.startswith("#"))


def _context(paths: RunPaths) -> dict[str, object]:
    environment = spawn.environment()
    return {
        "name": paths.service.removesuffix(".service"),
        "tell": notifier(paths),
        "unit": paths.unit,
        "home": str(paths.home),
        "left": LEFT,
        "blocked": str(blocked_file(paths)),
        "look_s": _LOOK_S,
        "run_dir": str(paths.run_dir),
        "attempt": str(attempt_file(paths)),
        "python": sys.executable,
        "systemctl": systemd.tool("systemctl"),
        "timeout": systemd.tool("timeout"),
        "arguments": command_line.folders(paths),
        "environment": {key: environment[key] for key in _PASSED_ON if key in environment},
    }


@functools.cache
def _templates() -> jinja2.Environment:
    from .. import templating

    # A unit file is no HTML; `word` quotes.
    environment = templating.environment("cou.process", autoescape=False)
    environment.filters["word"] = word
    return environment


def word(value: str) -> str:
    """Return text as one word of a unit file (systemd.syntax(7)).

    Raises:
        CouError: it holds what has another meaning in some settings; no path of ours does.
    """
    if any(sign in value for sign in "$\n\r\0"):
        raise CouError("unit-file/word", value=f"{value!r}")
    text = value.replace("%", "%%")
    if text and set(text) <= _PLAIN:
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
