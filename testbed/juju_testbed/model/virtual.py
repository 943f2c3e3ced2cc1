"""An asyncio loop whose clock jumps to the next timer when nothing is ready."""

from __future__ import annotations

import asyncio
import concurrent.futures
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class NothingLeft(RuntimeError):
    """Every task waits for something that can never happen: a deadlock in virtual time."""


class _JumpingSelector(selectors.SelectSelector):
    """Never sleeps for a timer; it moves the loop's time instead."""

    def __init__(self, owner: VirtualTimeLoop):
        super().__init__()
        self._owner = owner
        self._files = 0

    def register(self, *args: Any) -> selectors.SelectorKey:
        """Count: this is asked at every turn of the loop."""
        key = super().register(*args)
        self._files = len(self.get_map())
        return key

    def unregister(self, *args: Any) -> selectors.SelectorKey:
        """Count."""
        key = super().unregister(*args)
        self._files = len(self.get_map())
        return key

    def select(self, timeout: float | None = None) -> list[Any]:
        alone = not self._owner.threads_busy and self._files <= 1  # the loop's own pipe
        events = [] if alone else super().select(0)
        if events or (timeout is not None and timeout <= 0):
            return events
        if self._owner.threads_busy:
            # A thread's work takes no virtual time: wait for it really, then look again.
            return super().select(0.05)
        if timeout is None:
            raise NothingLeft("no timer, no thread, no input: virtual time stands still")
        self._owner.advance(timeout)
        return events


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Runs hours of timers in no time, in a deterministic order.

    Work in threads (`run_in_executor`, `asyncio.to_thread`) is waited for at a standstill.
    Sockets work as far as their data is already there; a world with a network wants a real loop.
    """

    def __init__(self) -> None:
        self._virtual_now = 0.0
        self.threads_busy = 0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """Return seconds of virtual time since the loop was made."""
        return self._virtual_now

    def advance(self, seconds: float) -> None:
        """Move the clock; timers that fall due run in the next turn."""
        self._virtual_now += seconds

    def run_in_executor(
        self,
        executor: concurrent.futures.Executor | None,
        func: Callable[..., Any],
        *args: Any,
    ) -> asyncio.Future[Any]:
        """Run in a thread; time does not move until it is back."""
        self.threads_busy += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_done)
        return future

    def _thread_done(self, _future: asyncio.Future[Any]) -> None:
        self.threads_busy -= 1


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in virtual time, as `asyncio.run` does in real time."""
    loop = VirtualTimeLoop()
    try:
        asyncio.set_event_loop(loop)
        return loop.run_until_complete(main)
    finally:
        _cancel_all(loop)
        loop.run_until_complete(loop.shutdown_asyncgens())
        asyncio.set_event_loop(None)
        loop.close()


def _cancel_all(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    if tasks:
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
