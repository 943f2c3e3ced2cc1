"""Where supervisor and runner write: the run's log and, under systemd, the system's journal.

Whatever else logs, the command line and the charm, has its records made harmless here too.
"""

from __future__ import annotations

import logging
import pathlib
import sys
import traceback
import types
from collections.abc import Iterable

from .. import printable
from ..errors import CouError
from ..wording import CommandStyle, Wording

FORMAT = "%(asctime)s %(name)s %(levelname)s %(message)s"
# Levels as syslog numbers them; the journal takes them from a line's beginning (sd-daemon(3)).
_SYSLOG = {"DEBUG": 7, "INFO": 6, "WARNING": 4, "ERROR": 3, "CRITICAL": 2}


# Before each line of what is no record: no error's text can feign one.
_INDENT = "    "


class _Harmless(logging.Filter):
    """Lets every record pass, with a text that cannot steer a terminal or feign a record.

    Errors in it name our commands as its reader types them.
    """

    def __init__(self, style: CommandStyle):
        super().__init__()
        self._style = style

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(self._told(one) for one in record.args)
        record.msg, record.args = printable.line(record.getMessage()), ()
        if record.exc_info and record.exc_info[0] is not None and not record.exc_text:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
            record.exc_text = _indented(record.exc_text)
        if record.stack_info and not record.stack_info.startswith(_INDENT):
            record.stack_info = _indented(record.stack_info)
        return True

    def _told(self, value: object) -> object:
        if isinstance(value, CouError):
            return value.text_for(self._style)
        return value.text_for(self._style) if isinstance(value, Wording) else value


def make_harmless(handlers: Iterable[logging.Handler], style: CommandStyle) -> None:
    """Have handlers write nothing of what the model, a unit or an operator says as it is."""
    for handler in handlers:
        for one in [one for one in handler.filters if isinstance(one, _Harmless)]:
            handler.removeFilter(one)
        handler.addFilter(_Harmless(style))


def _indented(text: str) -> str:
    return "\n".join(f"{_INDENT}{printable.line(one)}" for one in text.split("\n"))


class _ForJournal(logging.Formatter):
    """Lines with the level where the journal looks for it; it adds time and name itself."""

    def format(self, record: logging.LogRecord) -> str:
        level = _SYSLOG.get(record.levelname, 6)
        return "\n".join(f"<{level}>{line}" for line in super().format(record).splitlines())


def configure(path: pathlib.Path | None, style: CommandStyle) -> None:
    """Write to stderr, which is the run's log in a session of its own.

    Args:
        path: the run's log where stderr is the system's journal: then both are written.
    """
    stream = logging.StreamHandler()
    handlers: list[logging.Handler] = [stream]
    stream.setFormatter(logging.Formatter(FORMAT))
    if path is not None:
        stream.setFormatter(_ForJournal("%(name)s: %(message)s"))
        file = logging.FileHandler(path, encoding="utf-8")
        file.setFormatter(logging.Formatter(FORMAT))
        handlers.append(file)
    make_harmless(handlers, style)
    # An error nobody caught is a record like others: for both places, and as harmless.
    sys.excepthook = _uncaught
    logging.basicConfig(level=logging.INFO, handlers=handlers)


def _uncaught(
    kind: type[BaseException], error: BaseException, trace: types.TracebackType | None
) -> None:
    logging.getLogger("cou").critical("ended by an error", exc_info=(kind, error, trace))
