"""run and exec."""

from __future__ import annotations

import re
import shlex
from typing import Any

from . import output, tasks
from .command import Command, Context, Parser, boolean, duration, names, unit_tag
from .errors import CommandError, usage
from .waiting import operation_results

UNIT = re.compile(r"^([a-z][a-z0-9]*(?:-[a-z0-9]*[a-z][a-z0-9]*)*)/([0-9]+|leader)$")
NAME = re.compile(r"^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$")
RUN_WAIT_S, EXEC_WAIT_S = 60.0, 300.0


def _common(parser: Parser) -> None:
    parser.add_argument("--background", action="store_true")
    parser.add_argument("--wait", default="0s")


def _wait_s(context: Context, default_s: float) -> float:
    wait_s = duration(context.options.wait)
    if context.options.background and wait_s > 0:
        raise usage("cannot specify both --wait and --background")
    return wait_s or default_s


def _run_arguments(parser: Parser) -> None:
    _common(parser)
    parser.add_argument("--params", default="")
    parser.add_argument("--string-args", action="store_true")
    parser.add_argument("words", nargs="*")


def _split(words: list[str]) -> tuple[list[str], str, list[str]]:
    """Split the words into units, the action's name and its key=value arguments."""
    units: list[str] = []
    for index, word in enumerate(words):
        if UNIT.match(word):
            units.append(word)
        elif NAME.match(word):
            _check_units(units)
            return units, word, words[index + 1 :]
        else:
            raise usage(f'invalid unit or action name "{word}"')
    _check_units(units)
    raise usage("no action specified")


def _check_units(units: list[str]) -> None:
    if not units:
        raise usage("no unit specified")
    if len({unit.partition("/")[0] for unit in units}) > 1:
        raise usage("all units must be of the same application")


def _parameters(context: Context, arguments: list[str]) -> dict[str, Any]:
    """Read the parameters: those of the file, then those of the command line over them."""
    params: dict[str, Any] = {}
    if context.options.params:
        params = _params_file(context.options.params)
    for argument in arguments:
        dotted, equals, text = argument.partition("=")
        if not equals:
            raise usage(f'argument "{argument}" must be of the form key.key.key...=value')
        keys = dotted.split(".")
        for key in keys:
            if not NAME.match(key):
                raise usage(
                    f'key "{key}" must start and end with lowercase alphanumeric, '
                    "and contain only lowercase alphanumeric and hyphens"
                )
        _put(params, keys, text if context.options.string_args else _yaml_value(text))
    return params


def _params_file(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as file:
            content = _yaml_value(file.read())
    except OSError as error:
        raise CommandError(f"open {path}: {str(error.strerror).lower()}") from error
    if content is not None and not isinstance(content, dict):
        raise CommandError("params must contain a YAML map with string keys")
    return {str(key): value for key, value in (content or {}).items()}


def _yaml_value(text: str) -> Any:
    from . import goyaml  # loads PyYAML, which an action without parameters does not need

    return goyaml.load(text)


def _put(target: dict[str, Any], keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        inner = target.get(key)
        if not isinstance(inner, dict):
            inner = target[key] = {}
        target = inner
    target[keys[-1]] = value


def run(context: Context) -> int:
    """Run an action on units of one application."""
    units, name, arguments = _split(context.options.words)
    wait_s = _wait_s(context, RUN_WAIT_S)
    params = _parameters(context, arguments)
    actions = [
        {
            "receiver": unit if unit.endswith("/leader") else unit_tag(unit),
            "name": name,
            "parameters": params,
        }
        for unit in units
    ]
    enqueued = context.model_api.call("Action", "EnqueueOperation", {"actions": actions})
    return operation_results(context, enqueued, wait_s, quiet=False, plain=tasks.plain)


def _exec_arguments(parser: Parser) -> None:
    _common(parser)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("-u", "--unit", action="append", default=[])
    parser.add_argument("-a", "--app", "--application", action="append", default=[])
    parser.add_argument("--machine", action="append", default=[])
    parser.add_argument("--parallel", nargs="?", const=True, default=True, type=boolean)
    parser.add_argument("--execution-group", default="")
    parser.add_argument("--operator", action="store_true")
    parser.add_argument("words", nargs="*")


def execute(context: Context) -> int:
    """Run a command on units, applications or machines."""
    options = context.options
    if not options.words:
        raise usage("no commands specified")
    # One word is a shell text; several are quoted, so that the shell sees them as they are.
    command = options.words[0] if len(options.words) == 1 else shlex.join(options.words)
    targets = {
        "units": [name for text in options.unit for name in names(text)],
        "applications": [name for text in options.app for name in names(text)],
        "machines": [name for text in options.machine for name in names(text)],
    }
    wait_s = _wait_s(context, EXEC_WAIT_S)
    params = {
        "commands": command,
        "timeout": int(max(wait_s, 0) * 1_000_000_000),
        "parallel": options.parallel,
        "execution-group": options.execution_group,
        "workload-context": False,
    }
    if options.all:
        if any(targets.values()):
            raise usage("You cannot specify --all and individual machines")
        enqueued = context.model_api.call("Action", "RunOnAllMachines", params)
    elif any(targets.values()):
        enqueued = context.model_api.call("Action", "Run", {**params, **targets})
    else:
        raise usage(
            "You must specify a target, either through --all, --machine, --application or --unit"
        )
    return operation_results(context, enqueued, wait_s, quiet=True, plain=_streams)


def _streams(value: dict[str, dict[str, Any]]) -> str:
    """Return what the commands printed, headed by the receiver if there are several."""
    text = ""
    for name in sorted(value, key=output.natural):
        results = value[name].get("results") or {}
        printed = "".join(
            str(results[stream]).removesuffix("\n") + "\n"
            for stream in ("stdout", "stderr")
            if results.get(stream)
        )
        text += f"{name}:\n{printed}\n" if len(value) > 1 else printed
    return text


COMMANDS = {
    "run": Command(
        "Run an action on a specified unit.", run, _run_arguments, ("plain", "json", "yaml")
    ),
    "exec": Command(
        "Run the commands on the remote targets specified.",
        execute,
        _exec_arguments,
        ("plain", "json", "yaml"),
    ),
}
