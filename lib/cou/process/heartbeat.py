"""The runner's sign of life to its supervisor: a byte in a pipe, sent from its event loop.

A runner that is stopped, or that computes for ever, sends none. Its supervisor says so and does
nothing else: whether to end it is the operator's to decide.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import pathlib
import time
from collections.abc import Callable

# A runner beats twice a second; its longest computation, a plan of a large model, takes seconds.
SILENT_AFTER_S = 30.0
VARIABLE = "COU_PULSE"


class HeartbeatSender:
    """The runner's end of the pipe; one without a supervisor beats into nothing."""

    def __init__(self, descriptor: int | None = None):
        self._descriptor = descriptor
        if descriptor is not None:
            os.set_blocking(descriptor, False)

    @classmethod
    def inherited(cls) -> HeartbeatSender:
        """Return the one that the supervisor gave to this process."""
        given = os.environ.pop(VARIABLE, "")
        return cls(int(given)) if given else cls()

    def beat(self) -> None:
        """Give a sign of life; a full pipe or a dead supervisor is no reason to stop."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                os.write(self._descriptor, b".")


class HeartbeatReceiver:
    """The supervisor's end of the pipe.

    Args:
        now: a monotonic clock in seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic):
        self._now = now
        self._heard = now()
        self._read, self.descriptor = os.pipe()
        os.set_blocking(self._read, False)

    def given(self) -> None:
        """Close the runner's end, once the runner has it."""
        os.close(self.descriptor)

    def close(self) -> None:
        """Listen no more."""
        os.close(self._read)

    def silence_s(self) -> float:
        """Return how long nothing was heard."""
        with contextlib.suppress(BlockingIOError):
            if os.read(self._read, 1 << 16):
                self._heard = self._now()
        return self._now() - self._heard


def note(path: pathlib.Path, since: datetime.datetime | None) -> None:
    """Write down since when the runner has been silent; None takes it back.

    A file beside the locks and not the journal: a runner may hang with the journal in its hand.
    """
    with contextlib.suppress(OSError):
        if since is None:
            path.unlink(missing_ok=True)
        else:
            path.write_text(since.isoformat(), encoding="ascii")


def noted(path: pathlib.Path) -> datetime.datetime | None:
    """Return since when the runner has been silent; None where it is not."""
    try:
        return datetime.datetime.fromisoformat(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
