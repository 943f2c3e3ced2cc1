"""What the user sees, and the log file that holds all of it.

In text form everything but errors goes to stdout, as the peer's does; with ``--format json``
stdout holds the result alone and all else goes to stderr.
"""

from __future__ import annotations

import datetime
import logging
import os
import pathlib
import sys
import textwrap
from collections.abc import Callable
from typing import TypeVar

import rich.console
import rich.status
import rich.text

from .. import printable
from ..process import logs, ownership
from ..wording import COMMAND_LINE
from . import os_errors, worker_thread
from .exit_codes import CommandInterrupted
from .signals import Signals

logger = logging.getLogger("cou.cli")

T = TypeVar("T")
_LEVELS = (logging.WARNING, logging.INFO, logging.DEBUG)


class Screen:
    """Prints and logs.

    Args:
        signals: heard while something is waited for.
        json: stdout is for results in JSON alone.
        verbose: 1 shows records from INFO on, 2 from DEBUG on, 3 those of libraries too.
    """

    def __init__(
        self, signals: Signals, *, json: bool = False, quiet: bool = False, verbose: int = 0
    ):
        self.signals = signals
        self.json = json
        self.quiet = quiet
        self._verbose = verbose
        self.console = _console(stderr=json)
        self._results = _console(stderr=False)
        self._errors = _console(stderr=True)
        self.log_path: pathlib.Path | None = None
        self.lost = False
        # What `during` shows on a terminal, and what turns there.
        self._doing = ""
        self._turning: rich.status.Status | None = None

    def discard_output(self) -> None:
        """Write to nowhere from now on: the terminal is gone, and a write to it would fail."""
        self.lost = True
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for stream in (sys.stdout, sys.stderr):
            os.dup2(nowhere, stream.fileno())
        os.close(nowhere)

    @property
    def live(self) -> bool:
        """Whether a live view can be drawn."""
        return self.console.is_terminal and not self.quiet

    def open_log(self, folder: pathlib.Path) -> None:
        """Log all that follows into a new file, and say where it is.

        Raises:
            CouError: it cannot be written.
        """
        try:
            path = _new_log(folder)
        except OSError as error:
            raise os_errors.of_file(error) from error
        handler = logging.FileHandler(path, encoding="utf-8")
        handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
        if self._verbose < 3:
            handler.addFilter(_ours)
        root = logging.getLogger()
        logs.make_harmless([handler], COMMAND_LINE)
        root.addHandler(handler)
        root.setLevel(logging.DEBUG)
        self.log_path = path
        self.show_progress(f"Full execution log: '{path}'")

    def show_records(self) -> None:
        """Show records on stderr from now on, as many as the user asked for."""
        if not self._verbose:
            return
        root = logging.getLogger()
        root.setLevel(logging.DEBUG)
        handler = logging.StreamHandler(sys.stderr)
        handler.setLevel(_LEVELS[min(self._verbose, 2)])
        handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        handler.addFilter(lambda record: not getattr(record, "shown", False))
        if self._verbose < 3:
            handler.addFilter(_ours)
        logs.make_harmless([handler], COMMAND_LINE)
        root.addHandler(handler)

    def show_progress(self, *lines: str) -> None:
        """Show progress; each text is one line, whatever it holds."""
        for line in lines:
            logger.info("%s", line, extra={"shown": True})
            if not self.quiet:
                _print(self.console, line)

    def show_always(self, *lines: str) -> None:
        """Show what also a quiet user has to see: a question's context, an ending."""
        for line in lines:
            logger.info("%s", line, extra={"shown": True})
            _print(self.console, line)

    def wrapped(self, text: str) -> str:
        """Return a text with its lines broken between words where a terminal would break words."""
        if not self.console.is_terminal:
            return text
        return "\n".join(_fold(line, self.console.width) for line in text.splitlines())

    def result(self, text: str) -> None:
        """Put a result on stdout; its lines are those that it was built of."""
        logger.debug("result: %s", text, extra={"shown": True})
        self._results.file.write(printable.lines(text) + "\n")
        self._results.file.flush()

    def error(self, text: str) -> None:
        """Show an error on stderr."""
        logger.error("%s", text, extra={"shown": True})
        _print(self._errors, text, style="red")

    def during(self, text: str, work: Callable[[], T], done: str = "") -> T:
        """Do something that changes nothing, and hear signals meanwhile.

        Args:
            text: shown before it begins: on a terminal it turns while it lasts, and stays when a
                signal ends it.
            done: said when it is done; on a terminal it takes the text's place.

        Raises:
            CommandInterrupted: a signal came first.
        """
        if not self.live:
            self.show_progress(text)
            found = worker_thread.run_in_thread(work, self.signals)
            if done:
                self.show_progress(done)
            return found
        logger.info("%s", text, extra={"shown": True})
        self._doing = text
        try:
            with self.console.status(rich.text.Text(printable.line(text))) as self._turning:
                found = worker_thread.run_in_thread(work, self.signals)
        except CommandInterrupted:
            _print(self.console, self._doing)
            raise
        finally:
            self._turning = None
        _print(self.console, done or self._doing)
        return found

    def go_on(self, text: str) -> None:
        """Say what is done from now on, from within the work of `during`."""
        if self._turning is None:
            self.show_progress(text)
            return
        logger.info("%s", text, extra={"shown": True})
        _print(self.console, self._doing)
        self._doing = text
        self._turning.update(rich.text.Text(printable.line(text)))


def _new_log(folder: pathlib.Path) -> pathlib.Path:
    ownership.check_folder(folder)  # first: else folders would be made where a planted link leads
    # One after the other: `parents` gives the folders above whatever mode the umask leaves.
    for one in (folder.parent, folder):
        one.mkdir(mode=0o700, parents=True, exist_ok=True)
    ownership.check_folder(folder)
    stamp = datetime.datetime.now().astimezone().strftime("%Y%m%d%H%M%S")
    path = folder / f"cou-{stamp}.log"
    # Made with its mode, so that at no moment anybody else can open it.
    os.close(os.open(path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600))
    return path


def _fold(line: str, width: int) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.fill(
        line.strip(),
        max(width, 40),
        initial_indent=indent,
        subsequent_indent=f"{indent}    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _console(*, stderr: bool) -> rich.console.Console:
    # The live view is wrapped; what is printed is not, each says so: it may be copied or piped.
    return rich.console.Console(stderr=stderr, highlight=False, markup=False, emoji=False)


def _print(console: rich.console.Console, text: str, style: str | None = None) -> None:
    console.print(printable.line(text), style=style, soft_wrap=True)


def _ours(record: logging.LogRecord) -> bool:
    """Whether a record is ours, or a warning of a library."""
    return record.name.startswith("cou") or record.levelno >= logging.WARNING
