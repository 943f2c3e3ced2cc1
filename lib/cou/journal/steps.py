"""Steps of a run: begin, which is the fence, end, resolve, make due again."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

from ..errors import JournalError
from ..wording import NOTHING, Wording, text, to_json
from . import rows
from .fence import CancelRecorded
from .records import Resolution, StepRecord, StepState, Verdict
from .runs import Runs


def _data(told: Wording) -> str:
    return json.dumps(to_json(told))


class Steps(Runs):
    """The table step."""

    _known: tuple[object, Mapping[str, StepRecord]] = (None, {})

    def steps(self, run: str) -> Mapping[str, StepRecord]:
        """Return what became of every step, in the plan's order."""
        state = run, self._db.state()
        if state != self._known[0]:
            found = self._db.read("select * from step where run = ? order by position", run)
            self._known = state, {record.id: record for record in map(rows.step, found)}
        return self._known[1]

    def step(self, run: str, step: str) -> StepRecord:
        """Return what became of one step.

        Raises:
            JournalError: the run has no such step.
        """
        found = self._db.read("select * from step where run = ? and id = ?", run, step)
        if not found:
            raise JournalError("step-unknown", run=run, step=f"{step!r}")
        return rows.step(found[0])

    def running(self, run: str) -> list[str]:
        """Return the steps of a run that run now, in the plan's order."""
        found = self._db.read(
            "select id from step where run = ? and state = 'running' order by position", run
        )
        return [row["id"] for row in found]

    def begin_step(self, token: int, step: str) -> None:
        """Mark a step running, unless a cancel is recorded: the fence.

        Raises:
            CancelRecorded: a cancel is recorded.
            FencedOff: this runner no longer holds the run.
        """
        with self._db.write("begin-step") as db:
            attempt = self._hold(db, token)
            if attempt.cancelled is not None:
                raise CancelRecorded
            db.execute(
                "update step set state = ?, started = ?, ended = null, note_data = '{}', "
                "error_data = '{}' where run = ? and id = ? and state in (?, ?)",
                (
                    StepState.RUNNING.value,
                    self._stamp(),
                    attempt.run,
                    step,
                    StepState.PENDING.value,
                    StepState.IN_DOUBT.value,
                ),
            )
            self._tell(db, attempt.run, "step-begun", {"step": step})

    def end_step(
        self,
        token: int,
        step: str,
        state: StepState,
        *,
        note: Wording = NOTHING,
        error: Wording = NOTHING,
    ) -> None:
        """Record how a step ended; pending again where it was drained between its operations.

        Raises:
            FencedOff: this runner no longer holds the run.
        """
        with self._db.write("end-step", urgent=True) as db:
            attempt = self._hold(db, token)
            db.execute(
                "update step set state = ?, ended = ?, note_data = ?, error_data = ? "
                "where run = ? and id = ?",
                (state.value, self._stamp(), _data(note), _data(error), attempt.run, step),
            )
            what = {"step": step, "state": state.value, "error": to_json(error)}
            self._tell(db, attempt.run, "step-ended", what)

    def make_due(self, token: int, step: str, note: Wording) -> None:
        """Make a step that is over due again; `note` says why.

        Raises:
            FencedOff: this runner no longer holds the run.
        """
        with self._db.write("make-due") as db:
            attempt = self._hold(db, token)
            db.execute(
                "update step set state = ?, round = round + 1, note_data = ? "
                "where run = ? and id = ? and state in (?, ?)",
                (
                    StepState.PENDING.value,
                    _data(note),
                    attempt.run,
                    step,
                    StepState.DONE.value,
                    StepState.SATISFIED.value,
                ),
            )

    def resolve_step(self, run: str, step: str, resolution: Resolution, reason: str) -> None:
        """Record what an operator says became of a failed or in-doubt step; nothing is running.

        Raises:
            JournalError: the step is neither failed nor in doubt, or an attempt is going on.
        """
        states = {
            Resolution.DONE: StepState.DONE,
            Resolution.RETRY: StepState.PENDING,
            Resolution.SKIP: StepState.SKIPPED,
        }
        self._newest_format()
        note = text(f"note/{resolution.value}", reason=reason)
        with self._db.write("resolve-step") as db:
            record, attempt = self.step(run, step), self.attempt(run)
            if record.state not in (StepState.FAILED, StepState.IN_DOUBT) or (
                attempt is not None and attempt.ended is None
            ):
                raise JournalError("step-not-open", step=step, state=record.state.value)
            db.execute(
                "update step set state = ?, round = round + 1, note_data = ? "
                "where run = ? and id = ?",
                (states[resolution].value, _data(note), run, step),
            )
            self._give_up(db, run, step)
            what = {"step": step, "as": resolution.value, "reason": reason}
            self._tell(db, run, "step-resolved", what)

    def _give_up(self, db: sqlite3.Connection, run: str, step: str) -> None:
        """Have what a step has sent count no longer; where nobody answered it may still arrive."""
        found = db.execute(
            "select * from operation where run = ? and step = ? and verdict is null", (run, step)
        ).fetchall()
        for one in map(rows.operation, found):
            doubt = {} if one.task is not None else {"doubtful": True}
            db.execute(
                "update operation set verdict = ?, result = ? where id = ?",
                (Verdict.NOT_DONE.value, json.dumps({**one.result, **doubt}), one.id),
            )

    def add_step(self, token: int, step: str) -> None:
        """Add a step that is not in the plan (a mark that is put back), due now.

        Raises:
            FencedOff: this runner no longer holds the run.
        """
        with self._db.write("add-step") as db:
            attempt = self._hold(db, token)
            db.execute(
                "insert into step (run, id, position, state) "
                "select ?, ?, coalesce(max(position), 0) + 1, ? from step where run = ? "
                "on conflict (run, id) do update set state = excluded.state, round = round + 1",
                (attempt.run, step, StepState.PENDING.value, attempt.run),
            )

    def replace_plan(self, run: str, plan: str, kept: Sequence[str]) -> None:
        """Give an unfinished run the remainder that was shown; what it leaves out is skipped.

        Args:
            run: the run.
            plan: the plan as JSON text.
            kept: ids of the steps that it still has.
        """
        self._newest_format()
        left_out = _data(text("note/left-out-by-operator"))
        with self._db.write("replace-plan") as db:
            db.execute("update run set plan = ? where id = ?", (plan, run))
            for record in self.steps(run).values():
                if record.id not in kept and not record.state.over:
                    db.execute(
                        "update step set state = ?, note_data = ? where run = ? and id = ?",
                        (StepState.SKIPPED.value, left_out, run, record.id),
                    )
            db.execute("delete from shown")
            self._tell(db, run, "plan-replaced", {})
