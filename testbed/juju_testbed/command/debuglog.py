"""debug-log."""

from __future__ import annotations

import fnmatch
import sys
import time
from typing import Any

from . import output
from .command import Command, Context, Parser
from .errors import CommandError

LEVELS = ("TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
POLL_S = 0.3


def _log_arguments(parser: Parser) -> None:
    parser.add_argument("-n", "--lines", type=int, default=10)
    parser.add_argument("--limit", type=int, default=0)
    parser.add_argument("--replay", action="store_true")
    parser.add_argument("--tail", action="store_true")
    parser.add_argument("--no-tail", action="store_true")
    parser.add_argument("-T", dest="no_tail", action="store_true")
    parser.add_argument("-l", "--level", default="")
    parser.add_argument("-i", "--include", action="append", default=[])
    parser.add_argument("-x", "--exclude", action="append", default=[])
    parser.add_argument("--include-module", action="append", default=[])
    parser.add_argument("--exclude-module", action="append", default=[])
    parser.add_argument("--date", action="store_true")
    parser.add_argument("--ms", action="store_true")


def debug_log(context: Context) -> int:
    """Print the model's log; follow it on a terminal or with --tail, unless --limit is given."""
    options = context.options
    follows = not options.no_tail and (options.tail or (sys.stdout.isatty() and not options.limit))
    everything = options.replay or not follows
    api, seen, printed, first = context.model_api, 0, 0, True
    while True:
        answer = api.call("Testbed", "DebugLog", {"after": seen, "limit": 0})
        seen = answer["next"]
        lines = [line for line in answer["lines"] if _wanted(options, line)]
        if first and not everything:
            lines = lines[-options.lines :]
        if options.limit:
            # --limit prints that many of the newest and ends (juju debug-log).
            lines = lines[-options.limit :]
        for line in lines:
            print(_line(context, line))
        printed += len(lines)
        first = False
        if not follows or (options.limit and printed >= options.limit):
            return 0
        sys.stdout.flush()
        time.sleep(POLL_S)


def _wanted(options: Any, line: dict[str, Any]) -> bool:
    if options.level:
        if options.level.upper() not in LEVELS:
            raise CommandError(
                f'level value "{options.level}" is not one of "TRACE", "DEBUG", "INFO", '
                '"WARNING", "ERROR"'
            )
        if LEVELS.index(line["level"]) < LEVELS.index(options.level.upper()):
            return False
    elif line["level"] in ("TRACE", "DEBUG"):
        return False  # the default logging-config keeps INFO and above
    entity, module = line["entity"], line["module"]
    if options.include and not any(_is_entity(entity, name) for name in options.include):
        return False
    if any(_is_entity(entity, name) for name in options.exclude):
        return False
    if options.include_module and not any(module.startswith(m) for m in options.include_module):
        return False
    return not any(module.startswith(m) for m in options.exclude_module)


def _is_entity(entity: str, name: str) -> bool:
    tag = f"unit-{name.replace('/', '-')}" if "/" in name else name
    return fnmatch.fnmatch(entity, tag) or entity == f"machine-{name}"


def _line(context: Context, line: dict[str, Any]) -> str:
    when = output.local(context, line["timestamp"])
    stamp = ""
    if when is not None:
        stamp = when.strftime("%Y-%m-%d %H:%M:%S" if context.options.date else "%H:%M:%S")
        if context.options.ms:
            stamp += f".{when.microsecond // 1000:03}"
    return f"{line['entity']}: {stamp} {line['level']} {line['module']} {line['message']}"


COMMANDS = {
    "debug-log": Command("Displays log messages for a model.", debug_log, _log_arguments),
}
