"""Work that takes long is done aside, in a thread, so that the main thread hears every signal.

A signal ends the command at once, whatever the thread waits for: a controller that does not
answer, a name server, a lock. Only what changes nothing, or may be broken off, is done so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from .exit_codes import CommandInterrupted
from .signals import Signals

T = TypeVar("T")
_LOOK_S = 0.05


class WorkerThread(Generic[T]):
    """One call in a thread that does not keep the process alive."""

    def __init__(self, work: Callable[[], T]):
        self._work = work
        self._results: list[T] = []
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._results.append(self._work())
        except BaseException as error:  # raised again by `result`, in the thread that waits
            self._error = error

    def wait(self, signals: Signals) -> T:
        """Return or raise what the work does; signals that come meanwhile are dropped.

        For what answers a signal: it is begun once, and whoever is impatient gets its answer.
        """
        while not self.over:
            signals.take(_LOOK_S)
        while signals.take() is not None:
            pass
        return self.result()

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return not self._thread.is_alive()

    def result(self) -> T:
        """Return or raise what the work did; it is over."""
        if self._error is not None:
            raise self._error
        return self._results[0]


def run_in_thread(work: Callable[[], T], signals: Signals) -> T:
    """Return what `work` returns, or raise what it raises.

    Args:
        signals: the first one that comes ends the wait; the thread is left behind.

    Raises:
        CommandInterrupted: a signal came first.
    """
    aside = WorkerThread(work)
    while not aside.over:
        number = signals.take(_LOOK_S)
        if number is not None:
            raise CommandInterrupted(number)
    # A ctrl+c reaches programs that the work has started as well: their end is not the news.
    number = signals.take()
    if number is not None:
        raise CommandInterrupted(number)
    return aside.result()
