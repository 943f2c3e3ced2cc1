"""What a command line is about: its screen, its surroundings, the options all verbs share."""

from __future__ import annotations

import functools
import pathlib
from collections.abc import Callable, Mapping
from typing import Any

import click
from click.core import ParameterSource
from click.shell_completion import CompletionItem

from .. import printable
from ..errors import CouError
from . import juju_client_files, location
from .screen import Screen
from .signals import Signals


class CommandContext:
    """Made before the command line is parsed; `begin` is called when it was."""

    def __init__(self, signals: Signals):
        self._signals = signals
        self.screen = Screen(signals)
        self._model = ""
        self._login: pathlib.Path | None = None

    def begin(
        self, *, model: str, login: pathlib.Path | None, form: str, quiet: bool, verbose: int
    ) -> None:
        """Take over the options that all verbs share."""
        self._model, self._login = model, login
        self.screen = Screen(self._signals, json=form == "json", quiet=quiet, verbose=verbose)
        self.screen.show_records()

    def find_location(
        self, given: Mapping[str, Any] | None = None, *, log: bool = False
    ) -> location.RunLocation:
        """Find out where the command runs.

        Args:
            given: settings that the command line gives, by the names of the charm's options.
            log: whether the command keeps a log, whose path is the first thing said.

        Raises:
            BadInput: neither a unit nor Juju client data is there.
        """
        if log:
            self.screen.open_log(location.log_dir())
        return location.find(self._model, self._login, given or {})

    def find_running_location(self) -> location.RunLocation:
        """Find out where the run is that is to be stopped, also without the client's data.

        Raises:
            BadInput: it cannot be told; what goes on here is named.
        """
        return location.find_running(self._model, self._login)


def _complete_model(_: click.Context, __: click.Parameter, typed: str) -> list[CompletionItem]:
    try:
        found = juju_client_files.names()
    except CouError:  # a completion has no place for an error
        return []
    short = [name.rpartition("/")[2] for name in found]
    return [
        CompletionItem(name)
        for name in [*short, *found]
        if name.startswith(typed) and name == printable.line(name)
    ]


def not_empty(context: click.Context, option: click.Parameter, text: str | None) -> str | None:
    """Refuse an option that is given without a value, as of a variable that no shell knows.

    Left out, it has its default; nobody who typed it has meant that.
    """
    source = context.get_parameter_source(option.name or "")
    if text is not None and not text.strip() and source is ParameterSource.COMMANDLINE:
        raise click.BadParameter("It must not be empty.", ctx=context, param=option)
    return text


_SHARED: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--model",
        default="",
        metavar="[CONTROLLER:]MODEL",
        callback=not_empty,
        help="The model; the Juju client's current one if not given.",
        shell_complete=_complete_model,
    ),
    click.option(
        "--login",
        type=click.Path(exists=True, dir_okay=False, path_type=pathlib.Path),
        help="A YAML file with username and password, instead of the Juju client's account.",
    ),
    click.option("--quiet", "-q", is_flag=True, help="Only results, questions and errors."),
    click.option("--verbose", "-v", count=True, help="More; up to three times."),
)


def verb(*formats: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function ``(app, …)`` a verb with the options that all share.

    Args:
        formats: values of ``--format``, the default first; none for text alone.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @click.pass_obj
        @functools.wraps(function)
        def command(app: CommandContext, /, **given: Any) -> Any:
            form = given.get("form", "text")
            if given["quiet"] and given["verbose"]:
                raise click.UsageError("--quiet and --verbose exclude each other.")
            app.begin(
                model=given.pop("model"),
                login=given.pop("login"),
                form=form,
                quiet=given.pop("quiet"),
                verbose=given.pop("verbose"),
            )
            return function(app, **given)

        decorated: Any = command
        if formats:
            decorated = click.option(
                "--format",
                "form",
                type=click.Choice(formats),
                default=formats[0],
                show_default=True,
                help="Form of the result on stdout.",
            )(decorated)
        for option in reversed(_SHARED):
            decorated = option(decorated)
        return decorated

    return decorate
