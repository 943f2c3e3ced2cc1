"""A dump that has become too old is made again when a run is resumed; the first one stays."""

from __future__ import annotations

import datetime

from ..plan.plan import Plan
from ..plan.step import Kind
from .journal import Journal
from .records import StepState


def make_due(
    journal: Journal, run: str, token: int, plan: Plan, max_age_s: float, now: datetime.datetime
) -> None:
    """Make backup steps due again whose dump is older than it may be, while anything is left.

    A dump is no way back for what was written to the databases after it, so one of last week is
    not what the operator counts on when the upgrade goes on.

    Raises:
        Fenced: this runner no longer holds the run.
    """
    records = journal.steps(run)
    if all(record.state.over for record in records.values()):
        return
    for step in plan.root.leaves():
        if step.kind is not Kind.BACKUP_DATABASE:
            continue
        record = records[step.id]
        if record.state is not StepState.DONE or record.ended is None:
            continue
        if (now - record.ended).total_seconds() > max_age_s:
            journal.make_due(token, step.id, f"too old, kept, and made again: {record.note}")
