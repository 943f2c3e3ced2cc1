"""What steps do with the tasks that they get back."""

from __future__ import annotations

from ..errors import StepFailed
from ..juju.port import Task, TaskStatus
from ..wording import UPGRADE, join


def went_well(task: Task) -> bool:
    """Whether a task completed; for a command, also whether it exited with 0."""
    code = str(task.output.get("return-code", 0))
    return task.status is TaskStatus.COMPLETED and code in ("0", "")


def must_have_completed(task: Task) -> Task:
    """Return a task that completed (and, for a command, exited with 0).

    Raises:
        StepFailed: naming task, unit, status, message and the end of what it printed.
    """
    if went_well(task):
        return task
    code = task.output.get("return-code", 0)
    printed = str(task.output.get("stderr") or task.output.get("stdout") or "").strip()
    detail = "; ".join(part for part in (task.message, printed[-300:]) if part)
    raise StepFailed(
        "task-failed",
        f"{task.name} on {task.unit} (task {task.id}) ended {task.status.value}"
        + (f" with exit code {code}" if str(code) not in ("0", "") else "")
        + (f": {detail}." if detail else "."),
        join(f"See juju show-task {task.id}; then run `", UPGRADE, "` to try it again."),
    )
