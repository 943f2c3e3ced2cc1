"""Signals as messages: a handler notes which one came, and the flow of the program reads it.

So a signal is heard in every phase and counted once, and never breaks anything off in the middle.
Imported before anything heavy, so that a ctrl+c during the first half second is heard as well.
"""

from __future__ import annotations

import queue
import signal
from types import FrameType

_HEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
HANGUP = int(signal.SIGHUP)


class Signals:
    """The signals that came, oldest first."""

    def __init__(self) -> None:
        # Its `put` may be called by a handler while `get` is running in the same thread.
        self._came: queue.SimpleQueue[int] = queue.SimpleQueue()

    def install(self) -> None:
        """Hear these signals from now on, but for those the caller had ignored.

        A shell ignores SIGINT for what it puts into the background, and `nohup` ignores SIGHUP.
        """
        for number in _HEARD:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._note)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        # Ctrl+\ is pressed by whom ctrl+c did not serve; it asks for the same.
        self._came.put(int(signal.SIGINT) if number == signal.SIGQUIT else number)

    def send(self, number: int) -> None:
        """Let a signal have come; a lost terminal counts as SIGHUP."""
        self._came.put(number)

    def take(self, timeout_s: float = 0.0) -> int | None:
        """Return the next signal's number, waiting at most so long; None if none came."""
        try:
            # A signal that comes while this waits ends the wait: its handler fills the queue.
            return self._came.get(timeout=timeout_s) if timeout_s else self._came.get_nowait()
        except queue.Empty:
            return None
