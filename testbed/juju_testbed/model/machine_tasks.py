"""Commands on machines: `juju exec --machine`, which no unit's agent runs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from .charm import Outcome
from .entities import Operation, Task, Unit
from .errors import not_found
from .execution import ending
from .operations import EXEC, Operations, exec_parameters, tag_of


class MachineTasks(Operations):
    """The machine agents' part: commands run beside whatever the units do.

    A machine has no files or processes of its own here: a command runs in the surroundings of
    the first principal unit on it (assumed), without taking that unit's turn. On a machine that
    holds no unit it fails.
    """

    def run(
        self,
        command: str,
        units: Sequence[str],
        timeout_s: float | None,
        by: str,
        machines: Sequence[str] = (),
    ) -> Operation:
        """Enqueue a command on units and machines as one operation.

        Raises:
            ModelError: there is no such unit or machine, or the command is refused.
        """
        for id in machines:
            if id not in self.machines:
                raise not_found("machine", id)
        operation = super().run(command, units, timeout_s, by)
        for id in machines:
            self._begin_on_machine(operation, id, exec_parameters(command, timeout_s), by)
        tags = [tag_of(self.tasks[number].receiver) for number in operation.tasks]
        operation.summary = f"{EXEC} run on {','.join(tags)}"
        return operation

    def _begin_on_machine(
        self, operation: Operation, machine: str, params: dict[str, Any], by: str
    ) -> None:
        """Add a task for a machine; its agent begins it after the watch delay."""
        task = self._task(operation, machine, EXEC, params, by)
        task.parallel = True
        self.asked("Action.Run", by, task=task.id, name=EXEC, parameters=params, machine=machine)
        coroutine = self._machine_task(task)
        work = asyncio.get_running_loop().create_task(coroutine, name=f"machine {machine}")
        self.machine_work.add(work)
        work.add_done_callback(self.machine_work.discard)

    async def _machine_task(self, task: Task) -> None:
        await self.clock.sleep(self.watch_delay_s)
        if task.status != "pending":
            return
        self.begin(task)
        unit = self._stand_in(task.receiver)
        if unit is None:
            outcome = Outcome(code=1, stderr="no unit of this machine runs commands")
        else:
            outcome = await self._bounded(unit, task)
        self.end(task, *ending(task, outcome))

    async def _bounded(self, unit: Unit, task: Task) -> Outcome:
        """Run the command within its own time limit."""
        timeout_s = float(task.parameters.get("timeout") or 0) / 1_000_000_000 or None
        charm = self.store.behaviour(unit.charm_url)
        work = charm.command(unit, str(task.parameters["command"]), timeout_s)
        try:
            limit = timeout_s / self.clock.scale if timeout_s else None
            return await asyncio.wait_for(work, limit)
        except asyncio.TimeoutError:
            return Outcome(code=143, failed=True, message="command cancelled")

    def _stand_in(self, machine: str) -> Unit | None:
        here = [u for u in self.units.values() if u.machine == machine and not u.principal]
        return here[0] if here else None
