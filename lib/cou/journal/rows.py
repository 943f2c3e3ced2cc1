"""Reads rows of the journal's tables, and the plans in them, as records.

SQLite keeps no checksum: a disk that flips a bit in a text is only noticed here.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import functools
import json
import sqlite3
from collections.abc import Callable, Generator, Mapping
from typing import Any, TypeVar

from ..errors import Cause, JournalError
from ..plan.plan import Plan
from ..wording import TOLD_IN_WORDS, Wording, from_json
from . import waits
from .records import (
    Attempt,
    Event,
    Job,
    Limit,
    Mark,
    MarkState,
    Operation,
    Run,
    RunState,
    StepRecord,
    StepState,
    Verdict,
)

_R = TypeVar("_R")
_PLAIN = {"str": str, "int": int}


@contextlib.contextmanager
def _reading(what: str) -> Generator[None]:
    """Turn what no cou has written into an error of the journal's own."""
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise _damaged(what, type(error).__name__) from error


def _sound(read: Callable[[Any], _R]) -> Callable[[Any], _R]:
    """Have what is read be of its form, and its plain fields of their types."""

    @functools.wraps(read)
    def checked(stored: Any) -> _R:
        with _reading(read.__name__):
            found = read(stored)
        for name, wanted in _plain_fields(type(found)):
            if not isinstance(getattr(found, name), wanted):
                raise _damaged(read.__name__, name)
        return found

    return checked


@functools.cache
def _plain_fields(kind: Any) -> tuple[tuple[str, type], ...]:
    fields = [(field.name, _PLAIN.get(str(field.type))) for field in dataclasses.fields(kind)]
    return tuple((name, wanted) for name, wanted in fields if wanted)


def _damaged(what: str, why: str) -> JournalError:
    return JournalError("journal-damaged/damaged-2", what=what, why=why)


@functools.lru_cache(maxsize=8)  # a run's is read again and again, and never changed
@_sound
def plan(text: str) -> Plan:
    """Read a stored plan."""
    return Plan.from_dict(json.loads(text))


def check_steps(stored: Plan, records: Mapping[str, StepRecord]) -> None:
    """Check that each step of a stored plan has its record.

    Raises:
        JournalError: one has none.
    """
    for planned in stored.root.single_steps():
        if planned.id not in records:
            raise _damaged("plan", f"{planned.id} has no record")


def shown(row: sqlite3.Row) -> tuple[str, Mapping[str, Any]]:
    """Read a row of shown: the plan's text, and the settings."""
    with _reading("plan shown"):
        return row["plan"], json.loads(row["settings"])


def time(text: str) -> datetime.datetime:
    """Read a stamp.

    Raises:
        ValueError: it is none, or says no zone.
    """
    found = datetime.datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(text)
    return found


def maybe(text: str | None) -> datetime.datetime | None:
    """Read a stamp that may be absent."""
    return time(text) if text else None


class _Object(dict[str, Any]):
    """A JSON object; a key that is missing was there when it was written."""

    def __missing__(self, key: str) -> Any:
        raise _damaged("JSON", f"{key} is missing")


def _object(text: str) -> Mapping[str, Any]:
    return _Object(json.loads(text, object_hook=_Object))


def told(data: Mapping[str, Any], name: str) -> Wording:
    """Read a text that a line of a run's story, or an operation, holds as data."""
    with _reading(name):
        return from_json(data[name])


def awaited(event: Event) -> list[waits.CurrentWait]:
    """Read what a line of a run's story says is waited for."""
    with _reading("waits"):
        return [waits.CurrentWait.from_json(line) for line in event.data["lines"]]


def _text(row: sqlite3.Row, name: str) -> Wording:
    kept = _data(row, name)
    return from_json(row[name] if kept is None else json.loads(kept))


def _waits(row: sqlite3.Row) -> tuple[waits.CurrentWait, ...]:
    kept = _data(row, "waits")
    if kept is None:
        return tuple(map(waits.CurrentWait.from_json, row["waits"].splitlines()))
    return waits.loads(kept)


def _data(row: sqlite3.Row, name: str) -> str | None:
    """Return the data of a text; None where an older version has told it in words."""
    column = f"{name}_data"
    kept = row[column] if column in row.keys() else TOLD_IN_WORDS  # noqa: SIM118 - of a Row
    return None if kept == TOLD_IN_WORDS else kept


@_sound
def run(row: sqlite3.Row) -> Run:
    """Read a row of run."""
    return Run(
        id=row["id"],
        plan=row["plan"],
        settings=json.loads(row["settings"]),
        state=RunState(row["state"]),
        created=time(row["created"]),
        ended=maybe(row["ended"]),
        error=Cause.from_json(json.loads(row["error"])),
        waits_for=_text(row, "waits_for"),
        waits=_waits(row),
        baseline=row["baseline"],
    )


@functools.lru_cache(maxsize=8)  # it is read at each write
@_sound
def attempt(row: sqlite3.Row) -> Attempt:
    """Read a row of attempt."""
    return Attempt(
        token=row["token"],
        run=row["run"],
        job=Job(row["job"]),
        limit=Limit.from_dict(json.loads(row["bounds"])),
        started=time(row["started"]),
        cancelled=maybe(row["cancelled"]),
        cancelled_by=row["cancelled_by"],
        forced=maybe(row["forced"]),
        ended=maybe(row["ended"]),
        how=row["how"],
    )


@functools.lru_cache(maxsize=1 << 12)  # all steps of a run are read at once, most as they were
@_sound
def step(row: sqlite3.Row) -> StepRecord:
    """Read a row of step."""
    return StepRecord(
        id=row["id"],
        position=row["position"],
        state=StepState(row["state"]),
        round=row["round"],
        started=maybe(row["started"]),
        ended=maybe(row["ended"]),
        note=_text(row, "note"),
        error=_text(row, "error"),
    )


@_sound
def operation(row: sqlite3.Row) -> Operation:
    """Read a row of operation."""
    return Operation(
        id=row["id"],
        step=row["step"],
        round=row["round"],
        key=row["key"],
        request=_object(row["request"]),
        watermark=row["watermark"],
        intended=time(row["intended"]),
        model_time=maybe(row["model_time"]),
        task=row["task"],
        verdict=Verdict(row["verdict"]) if row["verdict"] else None,
        result=_object(row["result"]),
    )


@_sound
def mark(row: sqlite3.Row) -> Mark:
    """Read a row of mark."""
    return Mark(
        id=row["id"],
        kind=row["kind"],
        target=row["target"],
        data=_object(row["data"]),
        state=MarkState(row["state"]),
        step=row["step"],
        at=time(row["at"]),
        note=_text(row, "note"),
    )


@_sound
def event(row: sqlite3.Row) -> Event:
    """Read a row of event."""
    return Event(row["seq"], time(row["at"]), row["what"], _object(row["data"]))
