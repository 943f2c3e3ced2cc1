"""Where a run is: what the journal says together with which processes are alive."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from ..clock import utc_now
from ..errors import NO_CAUSE, Cause
from ..journal import Journal, rows
from ..journal.records import Attempt, Mark, Run, RunState, StepRecord, StepState
from ..journal.waits import CurrentWait
from ..plan.plan import Plan
from ..plan.step import Step
from ..process import liveness
from ..process.paths import RunPaths
from ..wording import IN_DOCUMENTS, NOTHING, CommandStyle, Wording, text_for
from . import outcome
from .outcome import Outcome

_LIVED_S = 60.0
_FIRST_ROUND = 1


@dataclasses.dataclass(frozen=True)
class View:
    """One look at the newest run.

    Attributes:
        number: which step runs or comes next, from 1; 0 before the first has begun. While nothing
            runs, a step that is due again does not count: the run had come further.
        total: how many steps there are.
        title: what runs now, or came last.
        waits_for: what the operator has to do, where it waits for that.
        waits: all that is waited for now.
        next: id of the step that comes next, or empty.
        error: what ended it, in words, or empty.
        failure: the same as data; false where no words of its own were kept.
        marks: what is still switched, and what had to stay.
        again: ids of steps before the place reached that are due again, or run again.
        late: what of the run has arrived late, one sentence each.
        made_progress: of one that is interrupted, whether its runner ended a step or lived for a
            minute. One that ends at once and has done nothing would do so again.
        silent_since: since when the runner gives no sign of life: it hangs. None: it does not.
    """

    run: str
    state: RunState
    plan: Plan
    number: int
    total: int
    title: str
    waits_for: Wording
    next: str
    error: str
    remedy: Wording
    marks: tuple[Mark, ...]
    steps: Mapping[str, StepRecord]
    attempt: Attempt | None
    tasks: Mapping[str, int]
    settings: Mapping[str, Any]
    waits: tuple[CurrentWait, ...] = ()
    left_s: float = 0.0
    late: tuple[str, ...] = ()
    silent_since: datetime.datetime | None = None
    again: tuple[str, ...] = ()
    made_progress: bool = False
    failure: Cause = NO_CAUSE

    @property
    def where(self) -> str:
        """Which step of how many, and how many of those before it are due again."""
        again = f", {len(self.again)} due again" if self.again else ""
        return f"step {self.number} of {self.total}{again}"

    @property
    def eta(self) -> datetime.datetime | None:
        """When it is expected to be done, if it went on now; None where nothing is left."""
        if self.state.finished or not self.left_s:
            return None
        return utc_now() + datetime.timedelta(seconds=self.left_s)

    @property
    def until(self) -> datetime.datetime | None:
        """Nothing begins that may end later, as the newest attempt was told; None: no limit."""
        return self.attempt.limit.until if self.attempt is not None else None

    @property
    def unfinished(self) -> bool:
        """Whether `upgrade` has something to go on with."""
        return self.state.unfinished

    @property
    def to(self) -> str:
        """Codename of the release it goes to."""
        return self.plan.target

    @property
    def outcome(self) -> Outcome:
        """What it comes to: what was reached and what was left out."""
        return outcome.of(self.plan, self.steps)

    @property
    def cause(self) -> str:
        """What ended it, without the title of its step: for a line that has little room."""
        record = self.steps.get(self.failure.step)
        return str((record.error if record else "") or self.failure.seen) or self.error

    @property
    def plan_hash(self) -> str:
        """The plan's hash."""
        return self.plan.hash

    @property
    def running(self) -> tuple[Step, ...]:
        """The steps that run now."""
        return tuple(
            step
            for step in self.plan.root.single_steps()
            if step.id in self.steps and self.steps[step.id].state is StepState.RUNNING
        )

    def to_dict(self, style: CommandStyle = IN_DOCUMENTS) -> dict[str, Any]:
        """Return what `status format=json` shows; `style`: how its reader types our commands."""
        cancelled = self.attempt.cancelled if self.attempt else None
        return {
            "schema": 1,
            "id": self.run,
            "state": self.state.value,
            "plan": self.plan.hash,
            "from": self.plan.origin,
            "to": self.plan.target,
            "number": self.number,
            "total": self.total,
            "due-again": list(self.again),
            "waits-for": str(self.waits_for),
            "waits": [str(one.what) for one in self.waits],
            "next": self.next,
            "error": self.error,
            "remedy": text_for(self.remedy, style),
            "left-out": list(self.outcome.left),
            "late": list(self.late),
            "silent-since": _text(self.silent_since),
            "until": _text(self.until),
            "cancel": _text(cancelled),
            "forced": _text(self.attempt.forced if self.attempt else None),
            "marks": [
                {
                    "id": mark.id,
                    "state": mark.state.value,
                    "since": _text(mark.at),
                    "note": mark.note,
                }
                for mark in self.marks
            ],
            "eta": _text(self.eta),
            "steps": [self._step(step) for step in self.plan.root.steps],
        }

    def to_text(self, style: CommandStyle) -> str:
        """Return what `status` shows; `style`: how its reader types our commands."""
        from . import status_text

        return status_text.text(self, utc_now(), style)

    def _step(self, step: Step) -> dict[str, Any]:
        data = step.to_dict()
        data["steps"] = [self._step(child) for child in step.steps]
        record = self.steps.get(step.id)
        if record is not None:
            data |= {
                "state": record.state.value,
                "started": _text(record.started),
                "ended": _text(record.ended),
                "task": self.tasks.get(step.id),
                "note": record.note,
                "error": record.error,
            }
        return data


def view_of_run(
    paths: RunPaths,
    journal: Journal,
    *,
    estimated: bool = True,
    silent: datetime.datetime | None = None,
) -> View | None:
    """Look at the newest run of a place, as `view_of_journal` does, and at its processes."""
    alive = liveness.is_going(paths)
    seen = view_of_journal(journal, alive=alive, estimated=estimated, silent=silent)
    # Somebody may have begun it between the look at the processes and the one at the journal.
    if (
        not alive
        and seen is not None
        and seen.state is RunState.INTERRUPTED
        and liveness.is_going(paths)
    ):
        return view_of_journal(journal, alive=True, estimated=estimated, silent=silent)
    return seen


def view_of_journal(
    journal: Journal,
    *,
    alive: bool,
    estimated: bool = True,
    silent: datetime.datetime | None = None,
) -> View | None:
    """Look at the newest run, or at the plan shown since; None where nothing was ever planned.

    Args:
        alive: whether a supervisor or a runner is, or comes (`liveness.is_going`).
        estimated: whether to say how long it will take, which reads all runs.
        silent: since when the runner gives no sign of life (`heartbeat.noted`).
    """
    with journal.moment():
        return _look(journal, alive, estimated, silent)


def _look(
    journal: Journal, alive: bool, estimated: bool, silent: datetime.datetime | None
) -> View | None:
    run = journal.current()
    shown = journal.shown() if run is None or run.state.finished else None
    if shown is not None:
        plan = rows.plan(shown[0])
        return _planned(plan, _left_s(journal, plan, {}) if estimated else 0.0)
    if run is None:
        return None
    attempt = journal.attempt(run.id)
    steps = journal.steps(run.id)
    plan = rows.plan(run.plan)
    state = state_of(run, attempt, alive=alive)
    here = _here(plan, steps)
    return View(
        run=run.id,
        state=state,
        plan=plan,
        number=here.number,
        total=here.total,
        title=here.title,
        waits_for=run.waits_for,
        next=here.next,
        error=run.error.told or _silent_end(state),
        remedy=run.error.remedy,
        failure=run.error,
        marks=journal.switched(run.id),
        steps=steps,
        attempt=attempt,
        tasks=journal.newest_tasks(run.id),
        waits=run.waits,
        settings=run.settings,
        late=journal.late(run.id),
        left_s=_left_s(journal, plan, steps) if estimated else 0.0,
        silent_since=silent if alive and state.going else None,
        again=here.again,
        made_progress=state is RunState.INTERRUPTED and _got_somewhere(journal, attempt),
    )


def _got_somewhere(journal: Journal, attempt: Attempt | None) -> bool:
    if attempt is None:
        return False
    return journal.made_progress(attempt.run, attempt.ended or utc_now(), _LIVED_S)


class _Here(NamedTuple):
    """Which step runs or comes next, of how many; its title, the id of the one to begin."""

    number: int
    total: int
    title: str
    next: str
    again: tuple[str, ...]


def _here(plan: Plan, records: Mapping[str, StepRecord]) -> _Here:
    ordered = [step for step in plan.root.single_steps() if step.id in records]
    left = [step for step in ordered if not records[step.id].state.over]
    running = [step for step in left if records[step.id].state is StepState.RUNNING]
    due = [step for step in left if records[step.id].state is not StepState.RUNNING]
    again = _again(ordered, records)
    known = frozenset(again)
    current = next(iter([*running, *(step for step in left if step.id not in known), *left]), None)
    begun = any(records[step.id].started for step in ordered)
    return _Here(
        number=ordered.index(current) + 1 if current and begun else 0,
        total=len(ordered),
        title=current.title if current else "",
        next=due[0].id if due else "",
        again=again,
    )


def _again(ordered: Sequence[Step], records: Mapping[str, StepRecord]) -> tuple[str, ...]:
    """Return the steps that had been begun before and are due again, or run again.

    A restore makes the steps due whose marks it put back, and a resumption those whose dump has
    become too old: their round grows. Where steps that come later are over, the run had come
    further than they are.
    """
    reached = max((n for n, one in enumerate(ordered) if records[one.id].state.over), default=0)
    found: list[str] = []
    for number, step in enumerate(ordered):
        record = records[step.id]
        another = record.round > _FIRST_ROUND
        due = record.state is StepState.PENDING and record.started is not None
        running = record.state is StepState.RUNNING and another and number < reached
        if running or (due and (another or number < reached)):
            found.append(step.id)
    return tuple(found)


def _left_s(journal: Journal, plan: Plan, steps: Mapping[str, StepRecord]) -> float:
    from . import estimate

    durations = estimate.learn(journal)
    at_once = plan.options.max_parallel
    return durations.expected(plan.root, steps, at_once=at_once, now=utc_now())


def _planned(plan: Plan, left_s: float) -> View:
    leaves = list(plan.root.single_steps())
    return View(
        run="",
        state=RunState.PLANNED,
        plan=plan,
        number=0,
        total=len(leaves),
        title="",
        waits_for=NOTHING,
        next=leaves[0].id if leaves else "",
        error="",
        remedy=NOTHING,
        marks=(),
        steps={},
        attempt=None,
        tasks={},
        settings={},
        left_s=left_s,
    )


def summary(journal: Journal, silent: datetime.datetime | None = None) -> str:
    """Return what is worth telling the charm about: it changes when `juju status` should."""
    run = journal.current()
    shown = journal.shown() if run is None or run.state.finished else None
    if run is None or shown is not None:
        return RunState.PLANNED.value if shown is not None else ""
    state = state_of(run, journal.attempt(run.id), alive=True)
    belongs = rows.plan(run.plan).parts
    part = next((belongs[name] for name in journal.running(run.id) if name in belongs), "")
    hangs = f"hangs since {silent:%H:%M:%S}" if silent else ""
    error = run.error.told or _silent_end(state)
    return f"{state.value} {part} {run.waits_for} {error} {hangs}".rstrip()


def state_of(run: Run, attempt: Attempt | None, *, alive: bool) -> RunState:
    """Return a run's state: draining and interrupted are seen only together with processes."""
    if not run.state.active or (attempt is not None and attempt.ended is not None):
        return run.state
    if not alive:
        return RunState.INTERRUPTED
    return RunState.DRAINING if attempt is not None and attempt.cancelled else run.state


def _silent_end(state: RunState) -> str:
    return "Its runner is gone." if state is RunState.INTERRUPTED else ""


def _text(at: datetime.datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None


def describe(steps: Sequence[Step], records: Mapping[str, StepRecord]) -> list[dict[str, str]]:
    """Return steps for an acknowledgement: step, title, target and since."""
    return [
        {
            "step": step.id,
            "title": step.title,
            "target": step.target,
            "since": _text(records[step.id].started) or "",
        }
        for step in steps
    ]
