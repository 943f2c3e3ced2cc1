"""Tasks that nobody loses: none dies unseen, and none outlives who began it.

asyncio promises neither. What a task raises is kept until somebody asks for it, a task that is
cancelled may go on, and up to Python 3.11 `asyncio.wait_for` swallows a cancellation that comes
just when what it waits for has ended. So all tasks of `cou` are begun here and nowhere else.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar, overload

from .errors import CouError

logger = logging.getLogger("cou.concurrency")

# What swallowed its cancellation, as a library may, is cancelled again after this.
_AGAIN_S = 5.0

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")


def begin_task(work: Coroutine[Any, Any, T], name: str = "") -> asyncio.Task[T]:
    """Begin a task; who begins one awaits it, and has `end_tasks` end it whatever comes."""
    return asyncio.get_running_loop().create_task(work, name=name or None)


async def end_tasks(*tasks: asyncio.Task[Any]) -> None:
    """Cancel tasks and wait until the last has ended, whatever they do about it.

    Raises:
        asyncio.CancelledError: the caller was cancelled meanwhile; they have ended all the same.
    """
    cancelled: asyncio.CancelledError | None = None
    for task in tasks:
        task.cancel()
    while left := [task for task in tasks if not task.done()]:
        try:
            _, deaf = await asyncio.wait(left, timeout=_AGAIN_S)
        except asyncio.CancelledError as error:
            cancelled = error
            continue
        for task in deaf:
            task.cancel()
    for task in tasks:
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.info("%s ended with %r", task.get_name(), error)
    if cancelled is not None:
        raise cancelled


async def run_main(work: Coroutine[Any, Any, T]) -> T:
    """Do what a process is there for; then end every other task of its loop, whoever began it.

    `asyncio.run` cancels them once and waits for ever for one that is deaf to it.
    """
    try:
        return await work
    finally:
        me = asyncio.current_task()
        await end_tasks(*(task for task in asyncio.all_tasks() if task is not me))


async def with_timeout(work: Coroutine[Any, Any, T], limit_s: float) -> T:
    """Return what some work returns, if it does so in time; it is over when this is.

    Raises:
        asyncio.TimeoutError: it did not.
        asyncio.CancelledError: the caller was cancelled, also where the work has just ended.
    """
    task = begin_task(work)
    try:
        await asyncio.wait([task], timeout=limit_s)
        in_time = task.done()
    finally:
        await end_tasks(task)
    if task.cancelled() and not in_time:
        raise asyncio.TimeoutError
    return task.result()


@overload
async def run_together(
    one: Coroutine[Any, Any, A], two: Coroutine[Any, Any, B], /
) -> tuple[A, B]: ...
@overload
async def run_together(
    one: Coroutine[Any, Any, A],
    two: Coroutine[Any, Any, B],
    three: Coroutine[Any, Any, C],
    four: Coroutine[Any, Any, D],
    /,
) -> tuple[A, B, C, D]: ...
@overload
async def run_together(*works: Coroutine[Any, Any, T]) -> tuple[T, ...]: ...
async def run_together(*works: Coroutine[Any, Any, Any]) -> tuple[Any, ...]:
    """Return what several works return; the first that fails ends the others, and is raised."""
    tasks = [begin_task(work) for work in works]
    if not tasks:
        return ()
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        failed = [task for task in done if not task.cancelled() and task.exception() is not None]
    finally:
        await end_tasks(*tasks)
    for task in failed:
        task.result()
    return tuple(task.result() for task in tasks)


class BackgroundTasks:
    """A piece of work, and the tasks that go on beside it until it is over.

    One of those that ends by itself, however it does, ends the work with its cause.
    """

    def __init__(self) -> None:
        self._beside: dict[asyncio.Task[None], str] = {}
        self._lost: asyncio.Event = asyncio.Event()
        self._cause: BaseException | None = None

    def start(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Begin what goes on for as long as the work does.

        Args:
            work: it never ends by itself.
            name: what it does, for people: "watch for a cancel".
        """
        task = begin_task(work, name)
        self._beside[task] = name
        task.add_done_callback(self._ended)

    async def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do the work; when this is over, so is everything that was started.

        Raises:
            CouError: what ended one of the tasks beside it, or ``task-ended``.
        """
        main, lost = (
            begin_task(work, "work"),
            begin_task(self._lost.wait(), "wait for a lost task"),
        )
        try:
            await asyncio.wait([main, lost], return_when=asyncio.FIRST_COMPLETED)
            over = main.done()
        finally:
            beside, self._beside = list(self._beside), {}
            await end_tasks(main, lost, *beside)
        if self._cause is not None and not over:
            raise self._cause
        return main.result()

    def _ended(self, task: asyncio.Task[None]) -> None:
        name = self._beside.pop(task, None)
        if name is None or self._cause is not None:  # it was ended, or is not the first
            return
        self._cause = _cause(name, task)
        logger.error("%s", self._cause, exc_info=self._cause.__cause__)
        self._lost.set()


def _cause(name: str, task: asyncio.Task[None]) -> BaseException:
    error = None if task.cancelled() else task.exception()
    if isinstance(error, CouError) or (error is not None and not isinstance(error, Exception)):
        return error
    how = f"{type(error).__name__}: {error}" if error is not None else "it returned"
    how = "it was cancelled" if task.cancelled() else how
    lost = CouError("task-ended/cause", name=name, how=how)
    lost.__cause__ = error
    return lost
