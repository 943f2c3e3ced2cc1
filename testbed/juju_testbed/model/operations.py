"""Operations and their tasks: enqueue, begin, end, cancel."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from . import actions
from .charm import Outcome
from .clock import whole_seconds
from .entities import Operation, Task
from .errors import ModelError, not_found
from .statuses import Statuses

EXEC = "juju-exec"
ACTIVE = ("pending", "running", "aborting")
# Error wins over failed over cancelled over completed; aborted as cancelled.
_RANK = ("error", "failed", "aborted", "cancelled", "completed")
MAX_LOG_MESSAGES = 1000


def exec_parameters(command: str, timeout_s: float | None) -> dict[str, Any]:
    """Return the parameters of a command's task.

    Raises:
        ModelError: the command itself calls juju-exec or juju-run.
    """
    if re.search(r"\bjuju-(exec|run)\b", command):
        word = "juju-exec" if "juju-exec" in command else "juju-run"
        raise ModelError(f'cannot use "{word}" as an action command')
    return {
        "command": command,
        "timeout": int((timeout_s or 0) * 1_000_000_000),
        "workload-context": False,
    }


def tag_of(receiver: str) -> str:
    """Return the tag of a unit's name or a machine's id; ids begin with a digit, names never."""
    kind = "machine" if receiver[:1].isdigit() else "unit"
    return f"{kind}-{receiver.replace('/', '-')}"


class Operations(Statuses):
    """The action queue of a model."""

    def enqueue(
        self,
        requests: Iterable[tuple[str, str, Mapping[str, Any]]],
        by: str,
        overrides: Sequence[tuple[bool | None, str | None]] = (),
    ) -> Operation:
        """Enqueue actions as one operation; tasks of bad requests are stored as ``error``.

        Args:
            requests: (unit name, action name, parameters) each.
            by: the user that asked.
            overrides: `parallel` and `execution-group` per request, None for the charm's own.
        """
        wanted = list(requests)
        names = sorted({name for _, name, _ in wanted})
        receivers = ",".join(tag_of(unit) for unit, _, _ in wanted)
        operation = self._operation(f"{', '.join(names)} run on {receivers}")
        for index, (receiver, name, params) in enumerate(wanted):
            parallel, group = overrides[index] if index < len(overrides) else (None, None)
            task = self._task(operation, receiver, name, dict(params), by)
            self._prepare(operation, task, parallel, group)
            self.asked(
                "Action.EnqueueOperation",
                by,
                task.message if task.status == "error" else "",
                unit=receiver,
                task=task.id,
                name=name,
                parameters=task.parameters,
            )
        self.touch([receiver for receiver, _, _ in wanted])
        return operation

    def run(
        self, command: str, units: Sequence[str], timeout_s: float | None, by: str
    ) -> Operation:
        """Enqueue a command on units, as `juju exec` does; it takes no machine lock.

        Raises:
            ModelError: the command itself calls juju-exec or juju-run, or a unit is not there.
        """
        params = exec_parameters(command, timeout_s)
        for unit in units:
            self.unit(unit)
        operation = self._operation(f"{EXEC} run on {','.join(map(tag_of, units))}")
        for unit in units:
            task = self._task(operation, unit, EXEC, dict(params), by)
            task.parallel = True  # the predefined exec action (juju core/actions/actions.go)
            self.asked("Action.Run", by, unit=unit, task=task.id, name=EXEC, parameters=params)
        self.touch(list(units))
        return operation

    def _operation(self, summary: str) -> Operation:
        operation = Operation(self.next_id("task"), summary)
        operation.enqueued = whole_seconds(self.clock.now())
        self.operations[operation.id] = operation
        return operation

    def _task(
        self, operation: Operation, receiver: str, name: str, params: dict[str, Any], by: str
    ) -> Task:
        task = Task(self.next_id("task"), operation.id, receiver, name, params, "pending", by=by)
        task.enqueued = whole_seconds(self.clock.now())
        self.tasks[task.id] = task
        operation.tasks.append(task.id)
        if receiver in self.uniters:
            self.uniters[receiver].assigned.append(task.id)
        return task

    def _prepare(
        self, operation: Operation, task: Task, parallel: bool | None, group: str | None
    ) -> None:
        """Check the request against the charm, or make it an error."""
        try:
            application = self.application(self.unit(task.receiver).application)
            definition = application.definition.actions.get(task.name)
            if definition is None or not self.charm_is_here(application.charm_url):
                raise ModelError(
                    f'action "{task.name}" not defined on unit "{task.receiver}"', "not found"
                )
            task.parameters = actions.check(task.name, definition, task.parameters)
        except ModelError as error:
            task.status, task.message = "error", error.message
            task.completed = whole_seconds(self.clock.now())
            operation.fail = error.message
            self._settle_operation(operation)
            return
        task.parallel = definition.parallel if parallel is None else parallel
        task.execution_group = definition.execution_group if group is None else group

    def charm_is_here(self, url: str) -> bool:
        """Tell whether a charm's archive is downloaded, so that its actions are known."""
        return url not in self.charms or self.charms[url] <= self.clock.steady()

    def begin(self, task: Task) -> None:
        """Note that an agent begins a task."""
        task.status = "running"
        task.started = whole_seconds(self.clock.now())
        operation = self.operations[task.operation]
        operation.started = operation.started or task.started
        self.log.write(
            self.clock.now(),
            "task-begun",
            by=task.by,
            unit=task.receiver,
            task=task.id,
            name=task.name,
            parameters=task.parameters,
        )

    def end(self, task: Task, status: str, message: str, results: dict[str, Any]) -> None:
        """Note how a task ended; a cancelled one that was never begun ends here too."""
        task.status, task.message, task.results = status, message, results
        task.completed = whole_seconds(self.clock.now())
        self.log.write(
            self.clock.now(),
            "task-ended",
            by=task.by,
            unit=task.receiver,
            task=task.id,
            name=task.name,
            parameters=task.parameters,
            status=status,
            message=message,
            results=results,
        )
        self._settle_operation(self.operations[task.operation])

    def _settle_operation(self, operation: Operation) -> None:
        tasks = [self.tasks[number] for number in operation.tasks]
        if all(task.status not in ACTIVE for task in tasks):
            operation.completed = whole_seconds(self.clock.now())

    def operation_status(self, operation: Operation) -> str:
        """Return the status of an operation, from its tasks."""
        statuses = {self.tasks[number].status for number in operation.tasks}
        for active in ("running", "aborting", "pending"):
            if active in statuses:
                # One task done and another waiting is a running operation.
                return "running" if len(statuses) > 1 and active == "pending" else active
        return next((status for status in _RANK if status in statuses), "completed")

    def add_task_log(self, task_id: int, message: str) -> None:
        """Add to a task's log, as `action-log` does; beyond 1000 messages they are dropped.

        Raises:
            ModelError: the task does not run.
        """
        task = self._known(task_id)
        if task.status not in ("running", "aborting"):
            raise ModelError(f"cannot log message to task {task_id}: it is {task.status}")
        if len(task.log) < MAX_LOG_MESSAGES:
            task.log.append((whole_seconds(self.clock.now()), message))

    def cancel(self, task_id: int, by: str) -> str:
        """Cancel a task; return its status after the call.

        A pending one never starts. A running action is killed and becomes ``aborted`` when its
        process is gone; a running command is not told. One that has ended
        stays as it is.

        Raises:
            ModelError: no such task.
        """
        task = self._known(task_id)
        self.asked("Action.Cancel", by, unit=task.receiver, task=task.id, name=task.name)
        if task.status == "pending":
            self.end(task, "cancelled", "action cancelled via the API", {})
            self.touch([task.receiver])
        elif task.status == "running":
            task.status = "aborting"
            self.touch([task.receiver])
        return task.status

    def _known(self, task_id: int) -> Task:
        task = self.tasks.get(task_id)
        if task is None:
            raise not_found("action", str(task_id))
        return task

    async def juju_exec(self, unit_name: str, command: str) -> Outcome:
        """Run a command on a unit from the inside; it waits its turn like any operation.

        Returns when the command has ended. If the agent dies meanwhile the outcome has code 1
        and says "command execution aborted" (juju worker/uniter/runlistener.go).
        """
        self.unit(unit_name)
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.uniters[unit_name].add_command(command, done)
        return await done

    def queue_hook(
        self, unit_name: str, hook: str, context: Mapping[str, str] | None = None
    ) -> None:
        """Have a unit run a hook when its turn comes, once its agent has noticed."""
        self.unit(unit_name)
        self.uniters[unit_name].add_hook(hook, dict(context or {}))
