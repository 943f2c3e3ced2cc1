"""Runs and the attempts at them: the plan shown, begin, resume, cancel, end."""

from __future__ import annotations

import json
import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import NO_CAUSE, Cause, JournalError
from ..wording import NOTHING, Wording, to_json
from . import rows, waits
from .fence import RunEvents
from .records import SIGNAL, Attempt, Job, Limit, Run, RunState, StepState
from .schema import WITH_DATA


class Runs(RunEvents):
    """The tables shown, run and attempt."""

    # The plan last shown

    def show(self, plan: str, settings: Mapping[str, Any], run: str = "") -> None:
        """Record the plan that was shown; the next `upgrade` starts this one.

        Args:
            plan: the plan as JSON text.
            settings: the settings it was made with.
            run: the unfinished run whose remainder it is, under other options; else empty.
        """
        with self._db.write("show") as db:
            db.execute(
                "insert or replace into shown (only, plan, settings, at, run) "
                "values (1, ?, ?, ?, ?)",
                (plan, json.dumps(settings), self._stamp(), run),
            )

    def shown(self, run: str = "") -> tuple[str, Mapping[str, Any]] | None:
        """Return the plan last shown (as the remainder of this run) and its settings."""
        found = self._db.read("select plan, settings from shown where run = ?", run)
        return rows.shown(found[0]) if found else None

    # Runs

    def create_run(
        self, plan: str, settings: Mapping[str, Any], steps: Sequence[str], limit: Limit
    ) -> Attempt:
        """Create a run of the plan shown and its first attempt; no plan is shown then.

        Raises:
            JournalError: another run is unfinished.
        """
        self._newest_format()
        with self._db.write("create-run") as db:
            unfinished = self.current()
            if unfinished and not unfinished.state.finished:
                raise JournalError("run-unfinished/create-run", unfinished=unfinished.id)
            now = self._stamp()
            run = f"{self._now():%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"
            db.execute(
                "insert into run (id, plan, settings, state, created) values (?, ?, ?, ?, ?)",
                (run, plan, json.dumps(settings), RunState.STARTING.value, now),
            )
            db.executemany(
                "insert into step (run, id, position, state) values (?, ?, ?, ?)",
                [
                    (run, step, position, StepState.PENDING.value)
                    for position, step in enumerate(steps)
                ],
            )
            db.execute("delete from shown")
            return self._begin_attempt(db, run, Job.UPGRADE, limit)

    def resume_run(self, run: str, job: Job, limit: Limit) -> Attempt:
        """Begin another attempt at an unfinished run; what is left of failed steps is due again.

        Steps that a dead runner left running are in doubt from here on.

        Raises:
            JournalError: the run is finished, or an attempt at it has not ended.
        """
        self._newest_format()
        with self._db.write("resume-run") as db:
            found = self.run(run)
            last = self.attempt(run)
            if found.state.finished or (last is not None and last.ended is None):
                raise JournalError("run-not-resumable", run=run)
            if job is Job.UPGRADE:
                self._carry(db, run)
                db.execute("delete from shown where run = ''")
                db.execute(
                    "update step set state = ?, round = round + 1, error_data = '{}' "
                    "where run = ? and state = ?",
                    (StepState.PENDING.value, run, StepState.FAILED.value),
                )
                # What nobody has seen the end of goes on, and may yet turn out to have gone well:
                # then it is done in the round in which that is seen.
                db.execute(
                    "update or ignore operation set round = (select round from step "
                    "where step.run = operation.run and step.id = operation.step) "
                    "where run = ? and verdict is null",
                    (run,),
                )
            db.execute(
                "update run set state = ?, error = '{}' where id = ?",
                (RunState.STARTING.value, run),
            )
            self._wait_for_nothing(db, run)
            return self._begin_attempt(db, run, job, limit)

    def _newest_format(self) -> None:
        """Bring the file to the newest format, unless a runner of an older version may be at work.

        It writes the format that it knows. So until its attempt has ended the file stays as it is,
        and what orders nothing new works on it: status, cancel, force, and a plan that is shown.
        """
        if not self._db.read("select 1 from attempt where ended is null"):
            self._db.bring_up_to_date()

    def bring_up_to_date(self) -> None:
        """Bring the file to the newest format; for a runner, which is the only one at work."""
        self._db.bring_up_to_date()

    def _carry(self, db: sqlite3.Connection, run: str) -> None:
        """Take what a failed step has done over into its next round: only the rest is due again.

        What was sent later under the same name says what is so now, so the newest of each counts.
        """
        found = db.execute(
            "select operation.* from operation join step on step.run = operation.run "
            "and step.id = operation.step and step.round = operation.round "
            "where step.run = ? and step.state = ? order by operation.id",
            (run, StepState.FAILED.value),
        )
        newest = {(one.step, one.name): one for one in map(rows.operation, found.fetchall())}
        db.executemany(
            "update operation set round = round + 1 where id = ?",
            [(one.id,) for one in newest.values() if one.ended_well],
        )

    def _begin_attempt(self, db: sqlite3.Connection, run: str, job: Job, limit: Limit) -> Attempt:
        token = db.execute(
            "insert into attempt (run, job, bounds, started) values (?, ?, ?, ?)",
            (run, job.value, json.dumps(limit.to_dict()), self._stamp()),
        ).lastrowid
        self._tell(db, run, "attempt-begun", {"token": token, "job": job.value})
        attempt = self.attempt(run)
        if attempt is None or attempt.token != token:
            raise JournalError("journal-unusable/begin-attempt")
        return attempt

    def current(self) -> Run | None:
        """Return the newest run."""
        found = self._db.read("select * from run order by rowid desc limit 1")
        return rows.run(found[0]) if found else None

    def runs(self) -> tuple[Run, ...]:
        """Return all runs, oldest first."""
        return tuple(rows.run(row) for row in self._db.read("select * from run order by rowid"))

    def run(self, run: str) -> Run:
        """Return a run.

        Raises:
            JournalError: there is none of that id.
        """
        found = self._db.read("select * from run where id = ?", run)
        if not found:
            raise JournalError("run-unknown", run=f"{run!r}")
        return rows.run(found[0])

    def attempt(self, run: str) -> Attempt | None:
        """Return the newest attempt at a run."""
        found = self._db.read(
            "select * from attempt where run = ? order by token desc limit 1", run
        )
        return rows.attempt(found[0]) if found else None

    def attempts(self, run: str) -> tuple[Attempt, ...]:
        """Return all attempts at a run, oldest first."""
        found = self._db.read("select * from attempt where run = ? order by token", run)
        return tuple(rows.attempt(row) for row in found)

    def hold(self, token: int) -> Attempt:
        """Return the attempt of a token that still holds its run.

        Raises:
            FencedOff: it does not.
        """
        with self._db.write("hold") as db:
            return self._hold(db, token)

    def set_run_state(self, token: int, state: RunState, waits_for: Wording = NOTHING) -> None:
        """Record a state that does not end the attempt.

        Raises:
            FencedOff: the attempt is no longer the newest, or has ended.
        """
        with self._db.write("set-run-state") as db:
            attempt = self._hold(db, token)
            db.execute(
                "update run set state = ?, waits_for_data = ? where id = ?",
                (state.value, json.dumps(to_json(waits_for)), attempt.run),
            )

    def set_waits(self, token: int, awaited: Sequence[waits.CurrentWait]) -> None:
        """Record what is waited for, for those who follow the run.

        Raises:
            FencedOff: the attempt is no longer the newest, or has ended.
        """
        with self._db.write("set-waits") as db:
            attempt = self._hold(db, token)
            before = waits.for_events(self.run(attempt.run).waits)
            db.execute(
                "update run set waits_data = ? where id = ?", (waits.dumps(awaited), attempt.run)
            )
            lines = waits.for_events(awaited)
            if lines != before:
                self._tell(db, attempt.run, "waits", {"lines": lines})

    def end_attempt(self, token: int, state: RunState, error: Cause = NO_CAUSE) -> None:
        """Record how an attempt and, with it for now, the run ended; urgent on a full disk.

        Steps still running are in doubt from here on. An attempt that has ended stays as it is.
        """
        with self._db.write("end-attempt", urgent=True) as db:
            found = db.execute("select * from attempt where token = ?", (token,)).fetchall()
            if not found or found[0]["ended"] is not None:
                return
            run, now = found[0]["run"], self._stamp()
            db.execute(
                "update attempt set ended = ?, how = ? where token = ?", (now, state.value, token)
            )
            db.execute(
                "update step set state = ? where run = ? and state = ?",
                (StepState.IN_DOUBT.value, run, StepState.RUNNING.value),
            )
            db.execute(
                "update run set state = ?, error = ?, ended = ? where id = ?",
                (state.value, json.dumps(error.to_json()), now if state.finished else None, run),
            )
            self._wait_for_nothing(db, run)
            self._tell(db, run, "attempt-ended", {"token": token, "how": state.value})

    def _wait_for_nothing(self, db: sqlite3.Connection, run: str) -> None:
        db.execute("update run set waits_for = '', waits = '' where id = ?", (run,))
        if self._db.format >= WITH_DATA:
            db.execute(
                "update run set waits_for_data = '{}', waits_data = '[]' where id = ?", (run,)
            )

    def set_baseline(self, token: int, baseline: str) -> None:
        """Record what the run found in the model before its first step.

        Raises:
            FencedOff: this runner no longer holds the run.
        """
        with self._db.write("set-baseline") as db:
            attempt = self._hold(db, token)
            db.execute("update run set baseline = ? where id = ?", (baseline, attempt.run))

    # Cancel

    def cancel(self, token: int, by: str, *, forced: bool = False) -> tuple[Attempt, list[str]]:
        """Record a cancel of an attempt, once; return it and the steps that are running.

        An operator's cancel takes the place of a signal's: the run then waits for the operator,
        also one that was interrupted and might have gone on by itself. Of all who wait to write
        a cancel comes first (`turn`).

        Raises:
            JournalError: it could not be recorded, so nothing is acknowledged.
        """
        with self._db.write("cancel", urgent=True, ahead=True) as db:
            now = self._stamp()
            db.execute(
                "update attempt set cancelled = coalesce(cancelled, ?), "
                "cancelled_by = iif(cancelled is null or cancelled_by = ?, ?, cancelled_by), "
                "forced = iif(?, coalesce(forced, ?), forced) "
                "where token = ? and (ended is null or how = ?)",
                (now, SIGNAL, by, forced, now, token, RunState.INTERRUPTED.value),
            )
            row = db.execute("select * from attempt where token = ?", (token,)).fetchone()
            running = db.execute(
                "select id from step where run = ? and state = ? order by position",
                (row["run"], StepState.RUNNING.value),
            ).fetchall()
            self._tell(db, row["run"], "force" if forced else "cancel", {"by": by})
            return rows.attempt(row), [one["id"] for one in running]
