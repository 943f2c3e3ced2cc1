"""Has the charm look at the run, through `juju-exec`, and goes by how that ended.

A call that failed or ran into its time limit has told nothing: it is made again after a pause that
grows, and sooner where there is something else to tell. It waits for whatever the unit is doing,
so nobody waits for it while a run goes on.
"""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import time
from collections.abc import Callable

from .. import printable
from . import sd_notify
from .paths import RunPaths

logger = logging.getLogger("cou.telling")

EVERY_S = 5.0
LONGEST_PAUSE_S = 20.0
_TIMEOUT_S = 60
_LAST_TIMEOUT_S = 120
_LAST_WITHIN_S = 600.0
_LOOK_S = 0.5
_COMMAND = "JUJU_DISPATCH_PATH=hooks/run_changed ./dispatch"


def pause_s(failures: int) -> float:
    """Return how long after a call no other is made, by how many have failed in a row."""
    return min(EVERY_S * 2 ** max(0, min(failures, 8) - 1), LONGEST_PAUSE_S)


class CharmNotifier:
    """Tells one unit's charm that its run is another than it was.

    Args:
        paths: folders of the unit; without a charm nothing is told.
        now: a clock that never goes back, in seconds.
    """

    def __init__(self, paths: RunPaths, now: Callable[[], float] = time.monotonic):
        self._paths = paths
        self._now = now
        self._process: subprocess.Popen[bytes] | None = None
        self._wanted = ""  # the newest summary
        self._telling = ""  # what the newest call was made for
        self._told: str | None = ""  # None: the newest call has failed
        self._failures = 0
        self._next = now()

    @property
    def pid(self) -> int | None:
        """The call under way."""
        return self._process.pid if self._process is not None else None

    def due(self) -> bool:
        """Whether something is to be told by now that was not, though nothing has changed."""
        return not self._is_busy() and self._wanted != self._told and self._now() >= self._next

    def notify(self, summary: str) -> None:
        """Have the charm look, unless it has seen this, a call is under way, or one just was."""
        if self._paths.charm_dir is None:
            return
        if summary != self._wanted:  # news need not wait until a long pause is over
            self._next = min(self._next, self._now() + EVERY_S)
        self._wanted = summary
        if self.due():
            self._begin(summary, _TIMEOUT_S)

    def finish(self, needless: Callable[[], bool]) -> bool:
        """Tell of the end, and try until the charm has looked; return whether it has.

        Args:
            needless: whether somebody else tells by now, or it is time to go.
        """
        if self._paths.charm_dir is None:
            return True
        until = self._now() + _LAST_WITHIN_S
        if self._process is not None:  # what it shows may be from before the end
            self._process.wait()
            self._is_busy()
        self._next = self._now()
        while True:
            self._begin("", _LAST_TIMEOUT_S)
            while self._is_busy():
                time.sleep(_LOOK_S / 10)
            if not self._failures:
                return True
            while self._now() < self._next:
                if self._now() > until or needless():
                    return False
                time.sleep(_LOOK_S)

    def _begin(self, summary: str, timeout_s: int) -> None:
        self._telling, self._next = summary, self._now() + EVERY_S
        sd_notify.notify(f"STATUS={printable.line(summary.strip())}")
        to = ["-u", self._paths.unit, "--", _COMMAND]
        try:
            self._process = subprocess.Popen(
                [_tool("timeout"), str(timeout_s), _tool("juju-exec"), *to],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={k: v for k, v in os.environ.items() if k != "JUJU_CONTEXT_ID"},
            )
        except OSError as error:
            self._note_failure(str(error))

    def _is_busy(self) -> bool:
        """Whether a call is under way; one that has just ended is judged."""
        if self._process is None:
            return False
        code = self._process.poll()
        if code is None:
            return True
        self._process = None
        if code == 0:
            if self._failures:
                logger.info("the charm has looked at the run again")
            self._told, self._failures = self._telling, 0
        else:
            self._note_failure(f"juju-exec ended with exit code {code}")
        return False

    def _note_failure(self, why: str) -> None:
        if not self._failures:
            logger.warning("the charm could not be told of the run: %s; trying again", why)
        self._told = None
        self._failures += 1
        self._next = self._now() + pause_s(self._failures)


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise FileNotFoundError(f"there is no {name} on this machine")
    return found
