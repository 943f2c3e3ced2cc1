"""Follows a run in the journal until its attempt has ended, and passes signals on to it.

The runner is in a session of its own, so a ctrl+c at the terminal reaches this process alone: the
first signal records a cancel, the second kills the runner.
"""

from __future__ import annotations

import contextlib
import dataclasses
import time
from collections.abc import Generator

from rich.live import Live

from ..clock import utc_now
from ..control.control import Control, ForceAnswer
from ..errors import CouError
from ..journal import Journal
from ..process import liveness
from ..process.paths import RunPaths
from ..show import view
from . import exit_codes, worker_thread
from .exit_codes import CommandEnded, ExitCode
from .live_view import LiveView
from .progress_lines import ProgressLines
from .screen import Screen
from .signals import HANGUP

_TICK_S = 0.2
_LOOK_S = 1.0
_ENDING_S = 3.0


@dataclasses.dataclass(frozen=True)
class FollowedAttempt:
    """How an attempt ended.

    Attributes:
        signal: the last signal that came, or 0.
        forced: what a forced stop did, if there was one.
    """

    view: view.View
    signal: int = 0
    forced: ForceAnswer | None = None


class Follower:
    """Follows one attempt.

    Args:
        skip: a look at the run whose changes were told already.
    """

    def __init__(
        self, screen: Screen, paths: RunPaths, control: Control, skip: view.View | None = None
    ):
        self._screen = screen
        self._paths = paths
        self._control = control
        self._signal = 0
        self._forced: ForceAnswer | None = None
        self._lines = ProgressLines(begins=not screen.live)
        self._lines.start(skip)

    def follow(self) -> FollowedAttempt:
        """Follow until the attempt has ended, however that comes about.

        Raises:
            CommandEnded: the terminal is gone; the run goes on.
            CouError: the journal cannot be read, or there is no run.
        """
        journal = Journal(self._paths.home, create=False)
        try:
            with self._drawing() as live:
                return self._until_end(journal, live)
        finally:
            journal.close()

    def _until_end(self, journal: Journal, live: Live | None) -> FollowedAttempt:
        picture = LiveView()
        log = _Tail(self._screen, self._paths)
        looker = _Looker(journal, self._paths)
        while True:
            seen = looker.look()
            now = utc_now()
            lines = list(self._lines.between(seen, now))
            if lines:
                _clear(live)
            for line in lines:
                self._screen.show_progress(line)
            log.copy(seen.run)
            if _is_over(seen):
                self._await_processes()
                return FollowedAttempt(seen, self._signal, self._forced)
            if live is not None:
                live.update(picture.draw(seen, now), refresh=True)
            number = self._screen.signals.take(_TICK_S)
            if number is not None:
                _clear(live)
                self._hear(number, seen)
                looker.forget()

    def _await_processes(self) -> None:
        """Wait a moment for the runner and the supervisor: they still clean up."""
        deadline = time.monotonic() + _ENDING_S
        while liveness.is_alive(self._paths) and time.monotonic() < deadline:
            time.sleep(_TICK_S / 10)

    @contextlib.contextmanager
    def _drawing(self) -> Generator[Live | None]:
        if not self._screen.live:
            yield None
            return
        with Live(
            console=self._screen.console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="ellipsis",
        ) as live:
            yield live

    def _hear(self, number: int, seen: view.View) -> None:
        if number == HANGUP:
            self._screen.discard_output()
            raise CommandEnded(ExitCode.ERROR)
        first = not self._signal
        self._signal = number
        if first:
            self._cancel()
        else:
            self._force(seen)

    def _cancel(self) -> None:
        self._screen.show_always(exit_codes.CANCELLING)
        try:
            cancelled = self._control.cancel()
        except CouError as error:
            self._screen.error(f"{error.seen} Press ctrl+c again to stop immediately.")
            return
        for step in cancelled.running:
            self._screen.show_progress(f"Finishing: {step['title']}")

    def _force(self, seen: view.View) -> None:
        access = self._control.account()
        # Once, whatever comes meanwhile: a second one would find nothing any more, and say so.
        self._forced = worker_thread.WorkerThread(lambda: self._control.force(access)).wait(
            self._screen.signals
        )


class _Looker:
    """Looks at the run when the journal was written, and now and then for dead processes."""

    def __init__(self, journal: Journal, paths: RunPaths):
        self._journal = journal
        self._paths = paths
        self._version = -1
        self._at = 0.0
        self._seen: view.View | None = None

    def forget(self) -> None:
        self._seen = None

    def look(self) -> view.View:
        version, now = self._journal.version(), time.monotonic()
        if self._seen is None or version != self._version or now - self._at > _LOOK_S:
            self._seen = view.view_of_run(self._paths, self._journal)
            self._version, self._at = version, now
        if self._seen is None:
            raise CouError("no-run/look")
        return self._seen


class _Tail:
    """Copies the runner's log into ours, so that one file tells everything."""

    def __init__(self, screen: Screen, paths: RunPaths):
        self._path = screen.log_path
        self._paths = paths
        self._offsets: dict[str, int] = {}

    def copy(self, run: str) -> None:
        """Copy what the log of a run has grown by since the last call; never its past."""
        source = self._paths.log(run)
        if self._path is None or not source.exists():
            return
        size = source.stat().st_size
        offset = self._offsets.setdefault(run, size)
        if size > offset:
            # The run goes on, and is followed, also where the disk takes no more log.
            with (
                contextlib.suppress(OSError),
                source.open("rb") as file,
                self._path.open("ab") as log,
            ):
                file.seek(offset)
                log.write(file.read(size - offset))
        self._offsets[run] = size


def _clear(live: Live | None) -> None:
    """Take the picture away before a line is printed, which rich draws unwrapped with it else.

    What is wider than the terminal then takes more rows than rich counts, and some would stay.
    """
    if live is not None:
        live.update("", refresh=True)


def _is_over(seen: view.View) -> bool:
    ended = seen.attempt is None or seen.attempt.ended is not None
    return ended or not seen.state.going
