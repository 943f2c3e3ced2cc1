"""A unit's agent: a loop that runs one operation after the other."""

from __future__ import annotations

import asyncio
import datetime
import functools
import random
import re
from typing import TYPE_CHECKING, Any

from . import configs, execution
from .charm import Charm, Outcome
from .entities import Counted, Unit
from .errors import ModelError
from .resolver import Inbox, Local, QueuedHook, Remote, next_operation

if TYPE_CHECKING:
    from .operations import Operations

RETRY_FIRST_S = 5.0  # juju apiserver/facades/agent/retrystrategy
RETRY_MAX_S = 300.0
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(h|m|s|ms)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


class Uniter:
    """The agent of one unit.

    Attributes:
        resolved: what the operator said about the hook error (controller side).
        dying: the unit is to be removed (controller side).
        ended: the unit is gone.
        assigned: ids of the tasks for this unit that may still be pending (controller side).
        local: what the agent has done; survives a restart of the agent.
        remote: what it has seen; read anew when its watchers fire.
        inbox: hooks, commands and timers that wait for their turn.
        commands: juju-exec commands that wait, with whom to tell.
        task: id of the task that runs now, 0 if none.
    """

    def __init__(self, model: Operations, unit: Unit, settled: bool):
        self.model = model
        self.unit = unit
        self.resolved = ""
        self.dying = self.ended = False
        self.assigned: list[int] = []
        application = model.applications[unit.application]
        self.local = Local()
        if settled:
            self.local = Local(
                configs.config_hash(application), application.charm_url, started=True
            )
        self.remote = Remote()
        self.inbox = Inbox()
        self.commands: list[tuple[str, asyncio.Future[Outcome]]] = []
        self.task = 0
        self._wake = asyncio.Event()
        self._loop_task: asyncio.Task[None] | None = None
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._retries = 0
        self._draw = random.Random(unit.name)  # jitter, the same in every run

    def __getstate__(self) -> dict[str, Any]:
        """Keep what outlives the agent's process."""
        state = dict(self.__dict__)
        return {**state, "commands": [], "_loop_task": None, "_timers": {}, "_wake": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Stand still until `start`."""
        self.__dict__.update(state)
        self._wake = asyncio.Event()

    # -- life -------------------------------------------------------------------------------

    @property
    def alive(self) -> bool:
        """Whether the agent runs."""
        return self._loop_task is not None and not self._loop_task.done()

    def start(self) -> None:
        """Start the agent, again if it was killed."""
        if self.alive:
            return
        self._recover()
        self.notice()
        self._loop_task = asyncio.get_running_loop().create_task(
            self._run(), name=f"uniter {self.unit.name}"
        )
        self._loop_task.add_done_callback(self._ended)
        Counted.writes += 1  # whether an agent lives is shown
        self._arm_update_status()

    def kill(self) -> asyncio.Task[None] | None:
        """End the agent in the middle of whatever it does; return what is still to be awaited."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if not self.alive or self._loop_task is None:
            return None
        if self.local.hook is not None or self.task:
            self.charm().kill(self.unit)
        self._loop_task.cancel()
        return self._loop_task

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Show that an agent died of a fault in a charm or in the testbed itself."""
        Counted.writes += 1
        if task.cancelled() or task.exception() is None:
            return
        error = task.exception()
        self.model.set_agent(self.unit.name, "failed", f"{type(error).__name__}: {error}")
        asyncio.get_running_loop().call_exception_handler(
            {"message": f"agent of {self.unit.name} died", "exception": error, "task": task}
        )

    def _recover(self) -> None:
        """Clear up after an earlier life: cut-off tasks fail, a cut-off hook awaits its retry."""
        for number in self.assigned:
            task = self.model.tasks[number]
            if task.status in ("running", "aborting"):
                self.model.end(task, "failed", "action terminated", {})
        self.task = 0
        for _, done in self.commands:
            if not done.done():
                done.set_result(Outcome(code=1, stderr="command execution aborted"))
        self.commands.clear()
        self.inbox.commands = 0
        if self.local.hook is not None:
            cut_off, self.local.hook = self.local.hook, None
            self.failed(cut_off)
        elif self.local.failed is not None:
            self.failed(self.local.failed)

    def gone(self) -> None:
        """End with the unit, which the controller forgets."""
        self.ended = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self.model.forget_unit(self.unit)

    async def _run(self) -> None:
        while not self.ended:
            operation = next_operation(self.local, self.remote, self.inbox)
            if operation is not None:
                await execution.run(self, operation)
                continue
            self.report_rest()
            self._wake.clear()
            await self._wake.wait()

    def report_rest(self) -> None:
        """Report that there is nothing to do for what was seen: idle, or the hook error."""
        name = self.unit.name
        if self.local.failed is not None:
            hook = self.local.failed.name
            self.report("error", f'hook failed: "{hook}"', {"hook": hook})
        elif self.unit.agent.current != "idle":
            self.model.set_agent(name, "idle")

    def report(self, current: str, message: str, data: dict[str, Any] | None = None) -> None:
        """Report an agent status, unless it is the one reported last."""
        agent = self.unit.agent
        if (agent.current, agent.message) != (current, message):
            self.model.set_agent(self.unit.name, current, message, data)

    def charm(self) -> Charm:
        """Return what runs the charm that this unit has."""
        return self.model.store.behaviour(self.unit.charm_url)

    # -- watchers ---------------------------------------------------------------------------

    def notice_later(self) -> None:
        """Let the watchers fire after their delay; a dead agent looks when it starts."""
        if self.alive:
            self._later(self.notice)

    def _later(self, callback: Any) -> None:
        if self.model.watch_delay_s > 0:
            self.model.clock.call_later(self.model.watch_delay_s, callback)
        else:
            callback()

    def notice(self) -> None:
        """Read what the controller has for this unit now."""
        if self.ended:
            return
        model, application = self.model, self.model.applications[self.unit.application]
        self.assigned = [n for n in self.assigned if model.tasks[n].completed is None]
        pending = [n for n in self.assigned if model.tasks[n].status == "pending"]
        url = application.charm_url
        here = model.charm_is_here(url)
        if not here:  # the controller still fetches it; the agent tries again
            left = model.charms[url] - model.clock.steady()
            model.clock.call_later(max(left / datetime.timedelta(seconds=1), 0.01), self.notice)
        config = configs.config_hash(application)
        self.remote = Remote(url, here, config, pending, self.resolved, self.dying)
        if self.task and model.tasks[self.task].status == "aborting":
            execution.abort(self)
        self._wake.set()

    def add_hook(self, name: str, context: dict[str, str]) -> None:
        """Queue a hook; an equal one that waits already is enough, one that runs is not."""
        hook = QueuedHook(name, context)

        def deliver() -> None:
            # One that runs stays in the queue until it has ended.
            runs = self.local.hook == hook and hook not in self.local.due
            if self.inbox.hooks.count(hook) <= runs:
                self.inbox.hooks.append(hook)
            self._wake.set()

        if self.alive:
            self._later(deliver)
        else:
            deliver()

    def add_command(self, command: str, done: asyncio.Future[Outcome]) -> None:
        """Queue a juju-exec command; a local socket brings it, so no watcher delays it.

        Raises:
            ModelError: the agent is down.
        """
        if not self.alive:
            raise ModelError(f"connection refused: the agent of {self.unit.name} is down")
        self.commands.append((command, done))
        self.inbox.commands = len(self.commands)
        self._wake.set()

    # -- hook errors and timers -------------------------------------------------------------

    def failed(self, hook: QueuedHook) -> None:
        """Put the unit in error and arrange the automatic retry, where the model retries."""
        self.local.failed = hook
        self.inbox.retry_due = False
        if self.model.config["automatically-retry-hooks"] is not True:
            return
        wait_s = min(RETRY_FIRST_S * 2**self._retries, RETRY_MAX_S)
        self._retries += 1
        self._timer("retry", wait_s * self._draw.uniform(1.0, 1.1), self._retry)

    def recovered(self) -> None:
        """Forget the hook error."""
        self.local.failed, self.inbox.retry_due = None, False
        self._retries, self.resolved, self.remote.resolved = 0, "", ""
        timer = self._timers.pop("retry", None)
        if timer is not None:
            timer.cancel()

    def _retry(self) -> None:
        self.inbox.retry_due = True
        self._wake.set()

    def _arm_update_status(self) -> None:
        interval_s = seconds(str(self.model.config.get("update-status-hook-interval", "")))
        if interval_s > 0:
            self._timer("update-status", interval_s * self._draw.uniform(0.8, 1.2), self._update)

    def _update(self) -> None:
        self.inbox.update_status_due = True
        self._wake.set()
        self._arm_update_status()

    def _timer(self, name: str, after_s: float, callback: Any) -> None:
        old = self._timers.pop(name, None)
        if old is not None:
            old.cancel()
        self._timers[name] = self.model.clock.call_later(after_s, callback)


@functools.lru_cache
def seconds(span: str) -> float:
    """Turn a Go duration (``1h30m``) into seconds; 0 for anything else."""
    return sum(float(number) * _SECONDS[unit] for number, unit in _SPAN.findall(span))
