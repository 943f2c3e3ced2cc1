"""Tells a whole run from the journal: the data of its report. Asks nobody, changes nothing."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ..checks.problem import Problem
from ..journal import Journal, rows
from ..journal.baseline import Baseline
from ..journal.records import POST_CHECK, Attempt, Event, Operation, Run, StepRecord, StepState
from ..kinds import ROWS, Kind
from ..options.options import Options
from ..plan.plan import Plan
from ..plan.step import Step
from ..wording import IN_DOCUMENTS, CommandStyle
from . import outcome, step_attempts, view, wait_times
from .report_data import (
    ApplicationLine,
    AttemptLine,
    EventLine,
    LastLook,
    MarkLine,
    Report,
    StepAttempt,
    StepLine,
    TimeShare,
    next_step,
)

_ORIGINS = ("openstack-origin", "source")


def make_report(
    journal: Journal, *, alive: bool, now: datetime.datetime, style: CommandStyle = IN_DOCUMENTS
) -> Report | None:
    """Return the account of the newest run; None where nothing has ever run.

    Args:
        alive: whether a supervisor or a runner is, or comes (`liveness.is_going`).
        now: when this is; what goes on is taken to last until then.
    """
    with journal.moment():
        run = journal.current()
        return None if run is None else _tell(journal, run, alive, now, style)


def _tell(
    journal: Journal, run: Run, alive: bool, now: datetime.datetime, style: CommandStyle
) -> Report:
    plan = rows.plan(run.plan)
    problems = tuple(one.text_for(style) for one in plan.problems)
    records, events = journal.steps(run.id), journal.events(run.id)
    rows.check_steps(plan, records)
    operations, attempts = journal.operations(run.id), journal.attempts(run.id)
    begun = step_attempts.step_attempts(events)
    last = attempts[-1] if attempts else None
    state = view.state_of(run, last, alive=alive)
    until = now if attempts and attempts[-1].ended is None else (run.ended or now)
    sittings = tuple(_sitting(one, now) for one in attempts)
    working = sum(one.seconds for one in sittings)
    waited = wait_times.Spans(wait_times.spans(events, until))
    lines = tuple(_lines(plan, records, begun, operations, waited, until))
    every = {step.id: step for step in plan.root.walk()}
    return Report(
        run=run.id,
        state=state.value,
        model=plan.model,
        origin=plan.origin,
        target=plan.target,
        plan=plan.hash,
        title=plan.root.title,
        made=now,
        created=run.created,
        ended=run.ended,
        working=working,
        resting=max(0.0, ((run.ended or now) - run.created).total_seconds() - working),
        error=run.error.told,
        remedy=run.error.remedy.text_for(style),
        options=_chosen(plan.options),
        counts=dict(Counter(line.state for line in lines)),
        applications=tuple(_applications(plan, run, records)),
        sittings=sittings,
        steps=lines,
        doubts=step_attempts.doubts(begun, every, records, operations),
        happenings=tuple(_happenings(events, every)),
        marks=tuple(
            MarkLine(mark.id, mark.state.value, mark.at, mark.note)
            for mark in journal.marks(run.id)
        ),
        waits=wait_times.waits(events, until),
        parts=_shares([(line.part, line) for line in lines], until),
        kinds=_shares([(line.kind, line) for line in lines], until),
        problems=problems,
        left_out=tuple(_left_out(plan, problems, records)),
        last_look=_last_look(events),
        next=next_step(state.value).text_for(style),
        backups=tuple(_backups(plan, records)),
    )


def _backups(plan: Plan, records: Mapping[str, StepRecord]) -> Iterator[str]:
    for step in plan.root.single_steps():
        if step.kind is Kind.BACKUP_DATABASE and records[step.id].state is StepState.DONE:
            yield records[step.id].note


def _sitting(attempt: Attempt, now: datetime.datetime) -> AttemptLine:
    return AttemptLine(
        token=attempt.token,
        job=attempt.job.value,
        started=attempt.started,
        ended=attempt.ended,
        cancelled=attempt.cancelled,
        cancelled_by=attempt.cancelled_by,
        forced=attempt.forced,
        how=attempt.how,
        seconds=max(0.0, ((attempt.ended or now) - attempt.started).total_seconds()),
        until=attempt.limit.until,
    )


def _lines(
    plan: Plan,
    records: Mapping[str, StepRecord],
    begun: Mapping[str, tuple[StepAttempt, ...]],
    operations: Sequence[Operation],
    waited: wait_times.Spans,
    until: datetime.datetime,
) -> Iterator[StepLine]:
    """Yield the plan's steps in its order, then those that the run added (marks put back)."""
    belongs = plan.parts
    known = {step.id: step for step in plan.root.walk()}
    planned = [step.id for step in plan.root.single_steps()]
    tasks: dict[str, list[int]] = {}
    for one in operations:
        if one.task is not None:
            tasks.setdefault(one.step, []).append(one.task)
    added = [name for name in records if name not in belongs]
    for number, name in enumerate([*planned, *added], start=1):
        step, record = known.get(name), records.get(name)
        part = known.get(belongs.get(name, ""))
        times = begun.get(name, ())
        ran = [(one.began, one.ended or until) for one in times]
        target = step.target if step else "model"
        yield StepLine(
            number=number,
            id=name,
            title=step.title if step else f"Outside the plan: {name}",
            kind=step.kind.value if step else Kind.PUT_BACK.value,
            target=target,
            part=part.title if part else "Marks put back",
            state=record.state.value if record else StepState.PENDING.value,
            note=record.note if record else "",
            error=record.error if record else "",
            seconds=wait_times.length(ran),
            tries=times,
            tasks=tuple(tasks.get(name, ())),
            waited=wait_times.within(waited, ran, target),
            planned=step is not None,
        )


def _applications(
    plan: Plan, run: Run, records: Mapping[str, StepRecord]
) -> Iterator[ApplicationLine]:
    """Yield what the plan does something to, by name, with what the run found before."""
    before = (Baseline.from_json(run.baseline) if run.baseline else Baseline({})).applications
    own: dict[str, list[Step]] = {}
    for step in plan.root.single_steps():
        if step.target != "model":
            own.setdefault(step.target.split("/")[0], []).append(step)
    for name, steps in sorted(own.items()):
        was = before.get(name)
        channel = was.channel if was else ""
        changes = [s for s in steps if s.kind is Kind.REFRESH]
        source = [
            s for s in steps if s.kind is Kind.SET_CONFIG and s.params.get("key") in _ORIGINS
        ]
        key = str(source[-1].params["key"]) if source else ""
        yield ApplicationLine(
            name=name,
            was=channel,
            now=str(changes[-1].params.get("channel", channel)) if changes else channel,
            origin_was=was.options.get(key, "") if was else "",
            origin_now=str(source[-1].params["value"]) if source else "",
            units=len(was.units) if was else 0,
            over=sum(records[s.id].state.over for s in steps),
            total=len(steps),
            verified=any(
                ROWS[s.kind].verifies
                and records[s.id].state in (StepState.DONE, StepState.SATISFIED)
                for s in steps
            ),
        )


def _happenings(events: Sequence[Event], steps: Mapping[str, Step]) -> Iterator[EventLine]:
    for event in events:
        name = str(event.data.get("step", ""))
        title = steps[name].title if name in steps else name
        if event.what == "drift":
            also = "; a step that is left would be wrong" if event.data.get("stops") else ""
            yield EventLine(event.at, "drift", f"{rows.told(event.data, 'text')}{also}")
        elif event.what == "step-resolved":
            words = f"{title} ({name}): {event.data['as']}, because: {event.data['reason']}"
            yield EventLine(event.at, "decision", words)
        elif event.what in ("late-task", "late-change"):
            yield EventLine(
                event.at, "arrived late", f"{title} ({name}): {rows.told(event.data, 'text')}"
            )
        elif event.what == "plan-replaced":
            yield EventLine(event.at, "plan", "The run goes on under other options.")
        elif event.what == "step-ended" and event.data.get("error"):
            words = f"{title} ({name}): {rows.told(event.data, 'error')}"
            yield EventLine(event.at, str(event.data["state"]), words)


def _last_look(events: Sequence[Event]) -> LastLook | None:
    for event in reversed(events):
        if event.what == POST_CHECK:
            found = tuple(
                f"{one['code']} ({one['subject']}): {rows.told(one, 'seen')}"
                for one in event.data["findings"]
            )
            return LastLook(event.at, found, rows.told(event.data, "failure"))
    return None


def _left_out(
    plan: Plan, problems: Sequence[Problem], records: Mapping[str, StepRecord]
) -> Iterator[str]:
    for name in plan.options.skip_apps:
        yield f"{name}: left out by the option skip-apps"
    for name in plan.ignored:
        yield f"{name}: not recognised, so neither upgraded nor waited for"
    for one in problems:
        if one.code in outcome.LEFT_OUT:
            yield " ".join((f"{one.brief or one.subject}:", one.seen, one.remedy))
    titles = {step.id: step.title for step in plan.root.single_steps()}
    for record in records.values():
        if record.state is StepState.SKIPPED:
            yield f"{titles.get(record.id, record.id)} ({record.id}): {record.note or 'skipped'}"


def _shares(
    named: Sequence[tuple[str, StepLine]], until: datetime.datetime
) -> tuple[TimeShare, ...]:
    """Add up by name; what ran at the same time counts once. In the order of the plan."""
    found: dict[str, list[StepLine]] = {}
    for name, line in named:
        found.setdefault(name, []).append(line)
    return tuple(
        TimeShare(
            name,
            len(lines),
            wait_times.length([(t.began, t.ended or until) for line in lines for t in line.tries]),
        )
        for name, lines in found.items()
    )


def _chosen(options: Options) -> dict[str, Any]:
    usual = Options().to_dict()
    return {name: value for name, value in options.to_dict().items() if value != usual[name]}
