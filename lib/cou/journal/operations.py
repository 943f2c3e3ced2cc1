"""What a step has sent and what it has switched: written before, and when the end is seen."""

from __future__ import annotations

import datetime
import json
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import JournalError
from ..wording import Wording, to_json
from . import rows
from .fence import CancelRecorded, FencedOff
from .records import Mark, Operation, Verdict
from .steps import Steps

# Through the index of the keys, round by round: a step may have thousands of operations.
_NAMED = """
with recursive rounds (number) as (
    select 1
    union all
    select number + 1 from rounds
    where number < (select round from step where run = ? and id = ?)
)
select operation.* from rounds cross join operation
on run = ? and step = ? and round = number and key = ?
union all
select operation.* from rounds cross join operation
on run = ? and step = ? and round = number and key > ? and key < ?
order by id
"""


class Operations(Steps):
    """The tables operation and mark."""

    def record_intent(
        self,
        token: int,
        step: str,
        key: str,
        request: Mapping[str, Any],
        watermark: int = 0,
        model_time: datetime.datetime | None = None,
        result: Mapping[str, Any] | None = None,
        *,
        can_wait: bool = False,
    ) -> Operation:
        """Write down a call before it is made.

        Args:
            token: the attempt's.
            step: for which it is made.
            key: its name within the step and round.
            request: what is asked for.
            watermark: the highest task id before it.
            model_time: the controller's clock before it.
            result: what is known of its sending.
            can_wait: the step can stop before it; the fence stands here too, then.

        Raises:
            CancelRecorded: it can wait, and a cancel is recorded.
            FencedOff: this runner no longer holds the run, or it was ended by force.
        """
        with self._db.write("intend") as db:
            attempt = self._hold(db, token)
            if attempt.forced is not None:
                raise FencedOff("fenced", "The run was cancelled by force.")
            if can_wait and attempt.cancelled is not None:
                raise CancelRecorded
            current = self.step(attempt.run, step).round
            db.execute(
                "insert into operation "
                "(run, step, round, key, request, watermark, intended, model_time, result) "
                "values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    attempt.run,
                    step,
                    current,
                    key,
                    json.dumps(request),
                    watermark,
                    self._stamp(),
                    model_time.isoformat() if model_time else None,
                    json.dumps(result or {}),
                ),
            )
        found = self.operation(attempt.run, step, key)
        if found is None:
            raise JournalError("journal-unusable/intend")
        return found

    def record_task(self, token: int, operation: int, task: int) -> None:
        """Write down the task id that Juju returned."""
        with self._db.write("record-task", urgent=True) as db:
            self._hold(db, token)
            db.execute("update operation set task = ? where id = ?", (task, operation))

    def record_verdict(
        self, token: int, operation: int, verdict: Verdict, result: Mapping[str, Any]
    ) -> None:
        """Write down how an operation ended."""
        with self._db.write("record-verdict", urgent=True) as db:
            self._hold(db, token)
            self._add(db, operation, result)
            db.execute("update operation set verdict = ? where id = ?", (verdict.value, operation))

    def note(self, token: int, operation: int, found: Mapping[str, Any]) -> None:
        """Write down what was found out about an operation that says nothing of its end.

        Raises:
            FencedOff: this runner no longer holds the run.
        """
        with self._db.write("note", urgent=True) as db:
            self._hold(db, token)
            self._add(db, operation, found)

    def _add(self, db: sqlite3.Connection, operation: int, found: Mapping[str, Any]) -> None:
        row = db.execute("select * from operation where id = ?", (operation,)).fetchone()
        known = {**rows.operation(row).result, **found}
        db.execute("update operation set result = ? where id = ?", (json.dumps(known), operation))

    def operation(self, run: str, step: str, key: str) -> Operation | None:
        """Return an operation of a step's present round."""
        found = self._db.read(
            "select operation.* from operation join step on step.run = operation.run "
            "and step.id = operation.step and step.round = operation.round "
            "where operation.run = ? and operation.step = ? and key = ?",
            run,
            step,
            key,
        )
        return rows.operation(found[0]) if found else None

    def operations(self, run: str, step: str = "") -> tuple[Operation, ...]:
        """Return all operations of a run or of one step of it, oldest first."""
        found = self._db.read(
            "select * from operation where run = ? and (? = '' or step = ?) order by id",
            run,
            step,
            step,
        )
        return tuple(rows.operation(row) for row in found)

    def named(self, run: str, step: str, name: str) -> tuple[Operation, ...]:
        """Return the operations of a step that have a name, of all rounds, oldest first.

        Repetitions of it have the name too: it stands before the first tilde of their keys.
        """
        of = run, step
        found = self._db.read(_NAMED, *of, *of, name, *of, f"{name}~", f"{name}~~")
        return tuple(rows.operation(row) for row in found)

    def newest_name(self, run: str, step: str, prefix: str) -> str:
        """Return the name of the newest operation of a step that counts; empty if none does.

        Of earlier rounds counts what was never seen to end.

        Args:
            run: the run.
            step: the step.
            prefix: its name begins so.
        """
        found = self._db.read(
            "select key from operation where run = ? and step = ? and substr(key, 1, ?) = ? "
            "and (round = (select round from step where run = ? and id = ?) or verdict is null) "
            "order by id desc limit 1",
            *(run, step, len(prefix), prefix, run, step),
        )
        return str(found[0]["key"]).split("~")[0] if found else ""

    def may_still_arrive(self, run: str, step: str = "") -> tuple[Operation, ...]:
        """Return the operations of which a request may still arrive: of a run, or a step of it."""
        found = self._db.read(
            "select * from operation where run = ? and instr(result, '\"doubtful\"') > 0 "
            "and (? = '' or step = ?) order by id",
            run,
            step,
            step,
        )
        return tuple(one for one in map(rows.operation, found) if one.may_still_arrive)

    def unanswered(self, run: str) -> tuple[Operation, ...]:
        """Return the operations of a run of which nobody has heard whether they arrived."""
        found = self._db.read(
            "select * from operation where run = ? and verdict is null and task is null", run
        )
        every = {one.id: one for one in (*map(rows.operation, found), *self.may_still_arrive(run))}
        return tuple(every[number] for number in sorted(every))

    def note_afterwards(self, run: str, operation: int, key: str, text: Wording) -> None:
        """Write down, once, what of an ended run has arrived late.

        Args:
            run: the run; where it goes on its runner writes, and this does nothing.
            operation: what it is of.
            key: the task's id, or ``change``.
            text: a sentence or two.
        """
        with self._db.write("note-afterwards") as db:
            known = self._ended(db, run, operation)
            kept = to_json(text)
            if known is None or known.result.get("late", {}).get(key) == kept:
                return
            self._add(db, operation, {"late": {**known.result.get("late", {}), key: kept}})
            if key == "change":
                self._tell(db, run, "late-change", {"step": known.step, "text": kept})
            else:
                data = {"step": known.step, "task": int(key), "text": kept}
                self._tell(db, run, "late-task", data)

    def count_late_checks(self, run: str, operations: Sequence[int]) -> None:
        """Write down that operations of an ended run were looked after once more."""
        with self._db.write("count-looks") as db:
            for operation in operations:
                known = self._ended(db, run, operation)
                if known is not None:
                    looks = int(known.result.get("looks", 0)) + 1
                    self._add(db, operation, {"looks": looks})

    def _ended(self, db: sqlite3.Connection, run: str, operation: int) -> Operation | None:
        if not self.run(run).state.finished:
            return None
        row = db.execute(
            "select * from operation where id = ? and run = ?", (operation, run)
        ).fetchone()
        return rows.operation(row) if row is not None else None

    def late(self, run: str) -> tuple[Wording, ...]:
        """Return what of a run has arrived late."""
        found = self._db.read(
            "select * from operation where run = ? and instr(result, '\"late\"') > 0 order by id",
            run,
        )
        late = [rows.operation(row).result.get("late", {}) for row in found]
        return tuple(rows.told(one, name) for one in late for name in one)

    def sent(self, run: str) -> frozenset[int]:
        """Return all tasks that are known of a run."""
        found = self._db.read("select task from operation where run = ? and task is not null", run)
        return frozenset(int(row["task"]) for row in found)

    def newest_tasks(self, run: str) -> Mapping[str, int]:
        """Return the newest task of each step of a run that has sent one."""
        found = self._db.read(
            "select id, (select task from operation where run = step.run and step = step.id "
            "and task is not null order by operation.id desc limit 1) as task "
            "from step where run = ?",
            run,
        )
        return {row["id"]: int(row["task"]) for row in found if row["task"] is not None}

    def open_tasks(self, run: str) -> list[int]:
        """Return the tasks of a run of which nobody has seen the end."""
        found = self._db.read(
            "select task from operation where run = ? and verdict is null "
            "and task is not null order by id",
            run,
        )
        return [int(row["task"]) for row in found]

    def newest_operation(self) -> tuple[int, str]:
        """Return number and stamp of the newest operation of all runs; zero if there is none."""
        found = self._db.read("select id, intended from operation order by id desc limit 1")
        return (found[0]["id"], found[0]["intended"]) if found else (0, "")

    def has_operation(self, number: int, at: str) -> bool:
        """Whether an operation was written down here: in a copy from before it was not."""
        return bool(
            self._db.read("select 1 from operation where id = ? and intended = ?", number, at)
        )

    # Marks

    def write_mark(self, token: int, mark: Mark) -> None:
        """Write or rewrite a mark; before anything is switched.

        Raises:
            FencedOff: this runner no longer holds the run.
        """
        with self._db.write("write-mark", urgent=True) as db:
            attempt = self._hold(db, token)
            db.execute(
                "insert or replace into mark "
                "(run, id, kind, target, data, state, step, at, note_data) "
                "values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    attempt.run,
                    mark.id,
                    mark.kind,
                    mark.target,
                    json.dumps(mark.data),
                    mark.state.value,
                    mark.step,
                    mark.at.isoformat(),
                    json.dumps(to_json(mark.note)),
                ),
            )
            self._tell(db, attempt.run, "mark", {"mark": mark.id, "state": mark.state.value})

    def mark(self, run: str, mark: str) -> Mark | None:
        """Return a mark of a run; None where it has none of that id."""
        found = self._db.read("select * from mark where run = ? and id = ?", run, mark)
        return rows.mark(found[0]) if found else None

    def switched(self, run: str) -> tuple[Mark, ...]:
        """Return the marks of a run that were not put back, oldest first."""
        found = self._db.read(
            "select * from mark where run = ? and state <> 'put-back' order by rowid", run
        )
        return tuple(rows.mark(row) for row in found)

    def marks(self, run: str) -> tuple[Mark, ...]:
        """Return all marks of a run, in the order in which they were written last."""
        found = self._db.read("select * from mark where run = ? order by rowid", run)
        return tuple(rows.mark(row) for row in found)
