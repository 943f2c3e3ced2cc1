"""What steps ask a Ceph cluster through a ceph-mon unit."""

from __future__ import annotations

import json
from typing import Any

from .. import untyped
from ..errors import StepFailed
from ..wording import UPGRADE, Wording, join
from .context import Context
from .task_results import must_have_completed


async def ask(ctx: Context, unit: str, query: str) -> dict[str, Any]:
    """Run a query of ``ceph`` and return its JSON.

    Raises:
        StepFailed: it failed, or answered something else.
    """
    task = must_have_completed(await ctx.read_command(unit, f"ceph {query} -f json"))
    try:
        found = json.loads(str(task.output.get("stdout", "")))
    except ValueError as error:
        raise StepFailed(
            "ceph-reply",
            f"ceph {query} on {unit} (task {task.id}) gave no JSON: {error}.",
            _look(unit, query),
        ) from error
    state = untyped.as_object(found)
    if state is None:
        raise StepFailed(
            "ceph-reply", f"ceph {query} on {unit} gave no JSON object.", _look(unit, query)
        )
    return state


def _look(unit: str, query: str) -> Wording:
    return join(f"Look at juju exec -u {unit} 'ceph {query}', then run `", UPGRADE, "`.")
