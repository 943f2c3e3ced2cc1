"""A dump that has become too old is made again when a run is resumed; the first one stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..journal import Journal, operation_age
from ..journal.operation_age import ClockReading
from ..journal.records import StepRecord, StepState
from ..kinds import Kind
from ..plan.plan import Plan
from ..wording import text


def make_due(
    journal: Journal, run: str, token: int, plan: Plan, max_age_s: float, moment: ClockReading
) -> None:
    """Make backup steps due again whose dump is older than it may be, while anything is left.

    A dump is no way back for what was written to the databases after it, so one of last week is
    not what the operator counts on when the upgrade goes on.

    Raises:
        FencedOff: this runner no longer holds the run.
    """
    age_s = operation_age.of_steps(journal, run, moment)
    for name in outdated(plan, journal.steps(run), age_s, max_age_s):
        note = journal.step(run, name).note
        journal.make_due(token, name, text("note/backup-outdated", before=note))


def outdated(
    plan: Plan,
    records: Mapping[str, StepRecord],
    age_s: Callable[[StepRecord], float],
    max_age_s: float,
) -> list[str]:
    """Return the backup steps whose dump is too old; none where nothing is left to do.

    Args:
        plan: the run's.
        records: what became of its steps.
        age_s: how long ago a step has done its work (`ages.of_steps`).
        max_age_s: how old a dump may be.
    """
    if all(record.state.over for record in records.values()):
        return []
    return [
        step.id
        for step in plan.root.single_steps()
        if step.kind is Kind.BACKUP_DATABASE
        and (record := records.get(step.id)) is not None
        and record.state is StepState.DONE
        and age_s(record) > max_age_s
    ]
