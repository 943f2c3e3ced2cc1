"""What a command is made of: its arguments, what it runs with, and the table of a family."""

from __future__ import annotations

import argparse
import functools
import re
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

from .client import Connection
from .errors import usage
from .store import ClientStore, Controller, ModelRef

_SPAN = re.compile(r"([0-9]*\.?[0-9]+)(h|ms|us|ns|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}


class Parser(argparse.ArgumentParser):
    """Says what is wrong in Juju's words; flags may stand between arguments."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of exiting, with the words of Go's flag package."""
        unknown = re.match(r"unrecognized arguments: (.*)", message)
        if unknown:
            first = unknown[1].split()[0]
            if first.startswith("-"):
                message = f"option provided but not defined: {first.split('=')[0]}"
            else:
                quoted = " ".join(f'"{word}"' for word in unknown[1].split())
                message = f"unrecognized args: [{quoted}]"
        raise usage(message)


class Context:
    """One call of the command: the client's files and the connections it has opened."""

    def __init__(self, options: argparse.Namespace, store: ClientStore):
        self.options = options
        self.store = store
        self._open: list[Connection] = []

    @functools.cached_property
    def target(self) -> tuple[Controller, ModelRef]:
        """The controller and model that the command works on."""
        return self.store.model(getattr(self.options, "model", "") or "")

    @property
    def controller(self) -> Controller:
        """The controller alone, for commands that know no model."""
        name = getattr(self.options, "controller", "") or ""
        return self.store.controller(name)

    @functools.cached_property
    def model_api(self) -> Connection:
        """A connection to the model."""
        controller, model = self.target
        return self._connect(controller, model.uuid)

    @functools.cached_property
    def controller_api(self) -> Connection:
        """A connection to the controller."""
        return self._connect(self.controller, "")

    def _connect(self, controller: Controller, uuid: str) -> Connection:
        connection = Connection(controller, self.store.account(controller.name), uuid)
        self._open.append(connection)
        return connection

    def close(self) -> None:
        """Close what was opened."""
        for connection in self._open:
            connection.close()


class Command(NamedTuple):
    """A command.

    Attributes:
        purpose: one line for ``juju help commands``.
        run: does it; returns the exit code.
        arguments: adds what it takes to a parser.
        formats: the formats of ``--format``, the default first; none for no such flag.
        of_model: it takes ``--model``.
    """

    purpose: str
    run: Callable[[Context], int]
    arguments: Callable[[Parser], Any] = lambda parser: None
    formats: tuple[str, ...] = ()
    of_model: bool = True

    def parser(self, name: str) -> Parser:
        """Return the command's parser."""
        parser = Parser(
            prog=f"juju {name}",
            description=self.purpose,
            allow_abbrev=False,
            # To ask the terminal for its width takes a module more, also where no help is shown.
            formatter_class=functools.partial(argparse.HelpFormatter, width=98),
        )
        if self.of_model:
            parser.add_argument("-m", "--model", default="")
        if self.formats:
            parser.add_argument(
                "--format", choices=self.formats, default=self.formats[0], metavar="FORMAT"
            )
            parser.add_argument("-o", "--output", default="")
        for flag in ("--quiet", "-q", "--debug", "--verbose", "--color", "--no-color", "--utc"):
            if flag not in parser._option_string_actions:
                parser.add_argument(flag, action="store_true")
        self.arguments(parser)
        return parser


def duration(text: str) -> float:
    """Read a Go duration (``1m30s``, ``-1s``); seconds.

    Raises:
        CommandError: it is none.
    """
    sign, rest = (-1.0, text[1:]) if text.startswith("-") else (1.0, text)
    if rest == "0":
        return 0.0
    parts = _SPAN.findall(rest)
    if not parts or "".join(number + unit for number, unit in parts) != rest:
        raise usage(f'invalid value "{text}" for option --wait: time: invalid duration "{text}"')
    return sign * sum(float(number) * _SECONDS[unit] for number, unit in parts)


def names(text: str) -> list[str]:
    """Split a comma-separated list."""
    return [part.strip() for part in text.split(",") if part.strip()]


def boolean(text: str) -> bool:
    """Read the value of a flag like ``--parallel=false``."""
    return text.lower() not in ("false", "f", "0")


def key_value(argument: str) -> tuple[str, str]:
    """Split ``key=value``.

    Raises:
        CommandError: there is no ``=`` or no key.
    """
    key, equals, value = argument.partition("=")
    if not equals or not key:
        raise usage(f'expected "key=value", got "{argument}"')
    return key, value


def read_text(path: str) -> str:
    """Return what a file holds."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def unit_tag(name: str) -> str:
    """Return the tag of a unit."""
    return f"unit-{name.replace('/', '-')}"


def id_of_tag(tag: str) -> str:
    """Return the name in a tag: ``cou/0`` for ``unit-cou-0``, ``0/lxd/1`` for a machine's."""
    kind, _, rest = tag.partition("-")
    if kind == "unit":
        application, _, number = rest.rpartition("-")
        return f"{application}/{number}"
    return rest.replace("-", "/") if kind == "machine" else rest
