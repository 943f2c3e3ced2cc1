"""A dump that has become too old is made again when a run is resumed; the first one stays."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from ..plan.plan import Plan
from ..plan.step import Kind
from .journal import Journal
from .records import StepRecord, StepState


def make_due(
    journal: Journal, run: str, token: int, plan: Plan, max_age_s: float, now: datetime.datetime
) -> None:
    """Make backup steps due again whose dump is older than it may be, while anything is left.

    A dump is no way back for what was written to the databases after it, so one of last week is
    not what the operator counts on when the upgrade goes on.

    Raises:
        Fenced: this runner no longer holds the run.
    """
    for name in outdated(plan, journal.steps(run), max_age_s, now):
        note = journal.step(run, name).note
        journal.make_due(token, name, f"too old, kept, and made again: {note}")


def outdated(
    plan: Plan, records: Mapping[str, StepRecord], max_age_s: float, now: datetime.datetime
) -> list[str]:
    """Return the backup steps whose dump is too old; none where nothing is left to do."""
    if all(record.state.over for record in records.values()):
        return []
    return [
        step.id
        for step in plan.root.leaves()
        if step.kind is Kind.BACKUP_DATABASE
        and (record := records.get(step.id)) is not None
        and record.state is StepState.DONE
        and record.ended is not None
        and (now - record.ended).total_seconds() > max_age_s
    ]
