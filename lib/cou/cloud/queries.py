"""Read-only tasks on many units at once, with one deadline for all of them."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from .. import concurrency
from ..errors import JujuError
from ..juju import resending
from ..juju.port import Juju, Task, TaskStatus

_TRIES = 4
_PAUSE_S = 0.3
_POLL_S = 0.5
_GRACE_S = 2.0  # for taking back, after the deadline, what has not begun


@dataclasses.dataclass(frozen=True)
class Query:
    """One question to one unit: an action, or a command.

    Attributes:
        key: what the asker calls the question.
        action: the action's name, or empty for a command.
        command: the command, or empty for an action.
    """

    unit: str
    key: str
    action: str = ""
    command: str = ""

    @property
    def asked(self) -> str:
        """What was asked, for people."""
        return f"action {self.action}" if self.action else f"`{self.command}`"


@dataclasses.dataclass(frozen=True)
class Answer:
    """What became of a query.

    Attributes:
        output: results of the task where it completed.
        failure: why there is no answer; empty where there is one.
    """

    query: Query
    output: Mapping[str, Any]
    failure: str = ""


class Deadline:
    """One point in time that all parts of a reading share; measured on the event loop."""

    def __init__(self, seconds: float):
        self._loop = asyncio.get_running_loop()
        self._end = self._loop.time() + seconds

    @property
    def left_s(self) -> float:
        """Seconds left; never negative."""
        return max(0.0, self._end - self._loop.time())


async def ask(juju: Juju, queries: Sequence[Query], deadline: Deadline) -> tuple[Answer, ...]:
    """Put queries to units, all at once, and return one answer for each, in the same order.

    Tasks that have not begun at the deadline are taken back, so that nothing of a plan is left
    waiting in the model; a query that runs is left to end, as it changes nothing.
    """
    sent = await concurrency.run_together(*(_send(juju, query, deadline) for query in queries))
    waiting = {task: query for query, (task, _) in zip(queries, sent, strict=True) if task}
    ended = await _follow(juju, set(waiting), deadline)
    left = sorted(set(waiting) - set(ended))
    if left:
        await _take_back(juju, left)
    return tuple(
        _answer(query, failure, ended.get(task))
        for query, (task, failure) in zip(queries, sent, strict=True)
    )


async def _send(juju: Juju, query: Query, deadline: Deadline) -> tuple[int, str]:
    """Enqueue one query; return its task id, or 0 and why not.

    A query whose answer was lost is sent again: it only reads, so that once more does no harm.
    """

    async def send() -> int:
        return await concurrency.with_timeout(_enqueue(juju, query, deadline), deadline.left_s)

    async def pause(seconds: float) -> None:
        await asyncio.sleep(min(seconds, deadline.left_s))

    try:
        return await resending.until_answered(send, pause, tries=_TRIES, pause_s=_PAUSE_S), ""
    except JujuError as error:
        return 0, error.seen
    except asyncio.TimeoutError:
        return 0, "Juju did not take the question in time"


async def _enqueue(juju: Juju, query: Query, deadline: Deadline) -> int:
    if query.action:
        return await juju.enqueue(query.unit, query.action, {})
    return await juju.run_command(query.unit, query.command, max(1.0, deadline.left_s))


async def _follow(juju: Juju, ids: set[int], deadline: Deadline) -> dict[int, Task]:
    """Read tasks until all have ended or the deadline has come."""
    ended: dict[int, Task] = {}
    pause_s = 0.05  # most answers are quick; later looks are rarer
    while (open_ids := ids - set(ended)) and deadline.left_s > 0:
        tasks: Mapping[int, Task] = {}
        with contextlib.suppress(JujuError, asyncio.TimeoutError):  # looked at again below
            tasks = await concurrency.with_timeout(juju.tasks(sorted(open_ids)), deadline.left_s)
        ended.update({one: task for one, task in tasks.items() if task.status.final})
        if ids - set(ended):
            await asyncio.sleep(min(pause_s, deadline.left_s))
            pause_s = min(_POLL_S, pause_s * 2)
    return ended


async def _take_back(juju: Juju, ids: Sequence[int]) -> None:
    try:
        tasks = await concurrency.with_timeout(juju.tasks(ids), _GRACE_S)
        unbegun = [one for one, task in tasks.items() if task.status is TaskStatus.PENDING]
        if unbegun:
            await concurrency.with_timeout(juju.cancel_tasks(sorted(unbegun)), _GRACE_S)
    except (JujuError, asyncio.TimeoutError):
        return  # they only read; the answers are reported as missing either way


def _answer(query: Query, failure: str, task: Task | None) -> Answer:
    if failure:
        return Answer(query, {}, failure)
    if task is None:
        return Answer(query, {}, "no answer in time")
    if task.status is not TaskStatus.COMPLETED:
        return Answer(query, task.output, f"the task ended {task.status.value}: {task.message}")
    code = task.output.get("return-code", 0)
    if not query.action and code != 0:
        error = str(task.output.get("stderr", "")).strip().splitlines()
        last = error[-1] if error else "no message"
        return Answer(query, task.output, f"it ended with code {code}: {last}")
    return Answer(query, task.output)
