"""An asyncio loop whose clock jumps to the next timer when nothing is ready."""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import contextvars
import heapq
import itertools
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class NothingLeft(RuntimeError):
    """Every task waits for something that can never happen: a deadlock in virtual time."""


class _CountingSelector(selectors.SelectSelector):
    """Knows how many files it has without looking: that is asked at every turn of the loop."""

    def __init__(self) -> None:
        super().__init__()
        self.files = 0

    def register(self, *args: Any) -> selectors.SelectorKey:
        """Count."""
        key = super().register(*args)
        self.files = len(self.get_map())
        return key

    def unregister(self, *args: Any) -> selectors.SelectorKey:
        """Count."""
        key = super().unregister(*args)
        self.files = len(self.get_map())
        return key


class _Handle(asyncio.TimerHandle):
    """One for timers and for the next turn alike: made and cancelled in half of asyncio's time."""

    __slots__ = ()

    def __init__(  # pyright: ignore[reportMissingSuperCall]
        self,
        when: float,
        callback: Callable[..., object],
        args: Any,
        loop: asyncio.AbstractEventLoop,
        context: contextvars.Context | None,
    ):
        self._when, self._callback, self._args, self._loop = when, callback, args, loop
        self._context = contextvars.copy_context() if context is None else context
        self._cancelled = self._scheduled = False
        self._source_traceback = self._repr = None

    def cancel(self) -> None:
        """Forget what it would call."""
        self._cancelled = True
        self._callback = self._args = None


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Runs hours of timers in no time, in a deterministic order: of equal ones the older first.

    Work in threads (`run_in_executor`, `asyncio.to_thread`) is waited for at a standstill.
    Sockets work as far as their data is already there; a world with a network wants a real loop.

    Its turn and its timers are its own, since those of asyncio are most of what quiet hours cost.
    """

    # asyncio's own
    _ready: collections.deque[asyncio.Handle]
    _stopping: bool
    _closed: bool
    _process_events: Callable[[list[Any]], None]

    def __init__(self) -> None:
        self._virtual_now = 0.0
        self.threads_busy = 0
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._number = itertools.count()
        self._files = _CountingSelector()
        super().__init__(self._files)

    def time(self) -> float:
        """Return seconds of virtual time since the loop was made."""
        return self._virtual_now

    def call_later(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        delay: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call back after some virtual seconds."""
        return self.call_at(self._virtual_now + delay, callback, *args, context=context)

    def call_at(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        when: float,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.TimerHandle:
        """Call back at a virtual time."""
        if self._closed:
            raise RuntimeError("Event loop is closed")
        timer = _Handle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._number), timer))
        return timer

    def close(self) -> None:
        """Forget the timers too."""
        super().close()
        self._timers.clear()

    def call_soon(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        callback: Callable[..., object],
        *args: Any,
        context: contextvars.Context | None = None,
    ) -> asyncio.Handle:
        """Call back in the next turn."""
        if self._closed:
            raise RuntimeError("Event loop is closed")
        handle = _Handle(self._virtual_now, callback, args, self, context)
        self._ready.append(handle)
        return handle

    def _run_once(self) -> None:
        """Take turns, as `asyncio.BaseEventLoop` does, until somebody stops the loop."""
        ready, timers, files = self._ready, self._timers, self._files
        while True:
            if self.threads_busy or files.files > 1:
                # A thread's work takes no virtual time: wait for it really, then look again.
                really = self.threads_busy and not (ready or self._stopping)
                self._process_events(files.select(0.05 if really else 0))
            # Alone with the loop's own pipe nothing can come from outside.
            if not (ready or self._stopping or self.threads_busy):
                self._move_time()
            while timers and timers[0][0] <= self._virtual_now:
                ready.append(heapq.heappop(timers)[2])
            for _ in range(len(ready)):
                handle = ready.popleft()
                if not handle._cancelled:  # pyright: ignore[reportPrivateUsage]
                    handle._run()  # pyright: ignore[reportPrivateUsage]
            if self._stopping:
                return

    def _move_time(self) -> None:
        """Go on to the next timer: everybody waits."""
        timers = self._timers
        while timers and timers[0][2].cancelled():
            heapq.heappop(timers)
        if not timers:
            raise NothingLeft("no timer, no thread, no input: virtual time stands still")
        self._virtual_now = max(self._virtual_now, timers[0][0])

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
