"""Where supervisor and runner write: the run's log and, under systemd, the system's journal."""

from __future__ import annotations

import logging
import pathlib
import sys
import types

from ..report import words

FORMAT = "%(asctime)s %(name)s %(levelname)s %(message)s"
# Levels as syslog numbers them; the journal takes them from a line's beginning (sd-daemon(3)).
_SYSLOG = {"DEBUG": 7, "INFO": 6, "WARNING": 4, "ERROR": 3, "CRITICAL": 2}


class _Harmless(logging.Formatter):
    """Records whose messages, which quote the model, cannot steer a terminal or feign a line."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - of the library
        record.message = words.clean(record.message)
        return super().formatMessage(record)


class _ForJournal(_Harmless):
    """Lines with the level where the journal looks for it; it adds time and name itself."""

    def format(self, record: logging.LogRecord) -> str:
        level = _SYSLOG.get(record.levelname, 6)
        return "\n".join(f"<{level}>{line}" for line in super().format(record).splitlines())


def configure(path: pathlib.Path | None) -> None:
    """Write to stderr, which is the run's log in a session of its own.

    Args:
        path: the run's log where stderr is the system's journal: then both are written.
    """
    stream = logging.StreamHandler()
    handlers: list[logging.Handler] = [stream]
    stream.setFormatter(_Harmless(FORMAT))
    if path is not None:
        stream.setFormatter(_ForJournal("%(name)s: %(message)s"))
        file = logging.FileHandler(path, encoding="utf-8")
        file.setFormatter(_Harmless(FORMAT))
        handlers.append(file)
        # An error nobody caught is for both too.
        sys.excepthook = _uncaught
    logging.basicConfig(level=logging.INFO, handlers=handlers)


def _uncaught(
    kind: type[BaseException], error: BaseException, trace: types.TracebackType | None
) -> None:
    logging.getLogger("cou").critical("ended by an error", exc_info=(kind, error, trace))
