"""What every part of the journal stands on: one connection, who holds the run, its story."""

from __future__ import annotations

import datetime
import itertools
import json
import sqlite3
from collections.abc import Callable, Mapping
from typing import Any

from ..errors import JournalError
from . import rows
from .database import Database
from .records import Attempt, Event

TAKEN = "annotation-taken"
LET_GO = "annotation-let-go"


class FencedOff(JournalError):
    """This runner no longer holds the run: another attempt began, or it was ended by force."""


class CancelRecorded(Exception):
    """A cancel is recorded: nothing may begin."""


class RunEvents:
    """What was told of each run, line by line.

    Args:
        db: the journal's file.
        now: the clock of all stamps.
    """

    def __init__(self, db: Database, now: Callable[[], datetime.datetime]):
        self._db = db
        self._now = now

    def add_event(self, run: str, what: str, data: Mapping[str, Any]) -> None:
        """Add a line to a run's story."""
        with self._db.write("tell") as db:
            self._tell(db, run, what, data)

    def add_attempt_event(self, token: int, what: str) -> None:
        """Add a line about an attempt to its run's story, if it has not ended.

        Raises:
            FencedOff: it has.
        """
        with self._db.write("tell") as db:
            attempt = self._hold(db, token)
            self._tell(db, attempt.run, what, {"token": token})

    def events(self, run: str) -> tuple[Event, ...]:
        """Return a run's story."""
        found = self._db.read("select * from event where run = ? order by seq", run)
        return tuple(rows.event(row) for row in found)

    def last_event_time(self, run: str) -> datetime.datetime:
        """Return the latest stamp in a run's story: at least until then it has gone on."""
        found = self._db.read(
            "select max(at) as at from event where run = ? and what <> ?", run, LET_GO
        )
        return rows.time(found[0]["at"]) if found[0]["at"] else self._now()

    def clock_set_back(self, run: str) -> list[tuple[datetime.datetime, datetime.datetime]]:
        """Return where a run's stamps go back: the one before, and the one after it."""
        found = self._db.read(
            "select before, at from (select at, lag(at) over (order by seq) as before "
            "from event where run = ?) where at < before",
            run,
        )
        return [(rows.time(row["before"]), rows.time(row["at"])) for row in found]

    def made_progress(self, run: str, until: datetime.datetime, lived_s: float) -> bool:
        """Whether the newest attempt at a run has ended a step, or went on for some time.

        Its order tells, and what lies between each line and the next: where the clock was set back
        nothing does.

        Args:
            run: the run.
            until: when the attempt ended, or now.
            lived_s: for how long it has to have gone on.
        """
        found = self._db.read(
            "select what, at from event where run = ? and seq >= (select seq from event "
            "where run = ? and what = 'attempt-begun' order by seq desc limit 1) "
            "and what <> ? order by seq",
            run,
            run,
            LET_GO,  # others may say so long after its end
        )
        if any(row["what"] == "step-ended" for row in found):
            return True
        stamps = [*(rows.time(row["at"]) for row in found), until]
        gaps = [(later - one).total_seconds() for one, later in itertools.pairwise(stamps)]
        return sum(gap for gap in gaps if gap > 0) >= lived_s

    def note_taken(self, run: str, token: int) -> None:
        """Write down that the model's annotation is about to say that a run goes on."""
        self.add_event(run, TAKEN, {"token": token})

    def note_let_go(self, run: str, token: int) -> None:
        """Write down that it does not say so any more."""
        self.add_event(run, LET_GO, {"token": token})

    def is_on_model(self, run: str) -> bool:
        """Whether the model's annotation may say that a run goes on: nobody has said otherwise."""
        found = self._db.read(
            "select what from event where run = ? and what in (?, ?) order by seq desc limit 1",
            run,
            TAKEN,
            LET_GO,
        )
        return bool(found) and found[0]["what"] == TAKEN

    def newest_event(self) -> tuple[int, str]:
        """Return number and stamp of the newest line of all stories; zero where there is none."""
        found = self._db.read("select seq, at from event order by seq desc limit 1")
        return (found[0]["seq"], found[0]["at"]) if found else (0, "")

    def has_event(self, seq: int, at: str) -> bool:
        """Whether this journal has told a line: one that was put back from a copy has not."""
        return bool(self._db.read("select 1 from event where seq = ? and at = ?", seq, at))

    def _tell(self, db: sqlite3.Connection, run: str, what: str, data: Mapping[str, Any]) -> None:
        db.execute(
            "insert into event (run, at, what, data) values (?, ?, ?, ?)",
            (run, self._stamp(), what, json.dumps(data)),
        )

    def _hold(self, db: sqlite3.Connection, token: int) -> Attempt:
        found = db.execute("select * from attempt where token = ?", (token,)).fetchall()
        if not found:
            raise FencedOff("fenced", f"The journal has no attempt {token}.")
        attempt = rows.attempt(found[0])
        newest = db.execute("select max(token) from attempt").fetchone()[0]
        if newest != token or attempt.ended is not None:
            raise FencedOff("fenced", f"Attempt {token} no longer holds run {attempt.run}.")
        return attempt

    def _stamp(self) -> str:
        return self._now().isoformat()
