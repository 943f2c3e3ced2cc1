"""Reads the log of operations."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any


class BadLog(Exception):
    """The file is no log of operations."""


@dataclasses.dataclass(frozen=True)
class Entry:
    """One line of the log; keys as the testbed's `oplog` module describes them."""

    seq: int
    at: str
    event: str
    by: str
    unit: str
    application: str
    task: int | None
    data: Mapping[str, Any]

    @property
    def app(self) -> str:
        """The application that it concerns, also where only a unit is named."""
        return self.application or self.unit.partition("/")[0]

    @property
    def call(self) -> str:
        """The facade call of an `asked` entry."""
        return str(self.data.get("call", "")) if self.event == "asked" else ""


@dataclasses.dataclass(frozen=True)
class Expectations:
    """What the run was meant to be.

    Attributes:
        by: the user that the upgrader logs in as.
        unit: the upgrader's unit, whose `cancel` and `upgrade` tasks count.
        target: the release; empty: nothing is asked of versions and channels.
        complete: the run has ended well, so nothing may be left switched or behind.
        skip: applications that were left out.
        behind: units that were left out (hypervisors with instances).
        ordered: whole-cloud order is asked for; false for groups run one by one.
        backup: every database was to be dumped.
        at_once: applications may be upgraded side by side where `overlap` allows it.
    """

    by: str = "cou"
    unit: str = "cou/0"
    target: str = ""
    complete: bool = True
    skip: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    ordered: bool = True
    backup: bool = False
    at_once: bool = False

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> Expectations:
        """Read expectations from JSON data.

        Raises:
            BadLog: an unknown key, or a list where none belongs.
        """
        known = {field.name: field for field in dataclasses.fields(cls)}
        values: dict[str, Any] = {}
        for key, value in data.items():
            if key not in known:
                raise BadLog(f"unknown expectation {key!r}; known: {', '.join(known)}")
            values[key] = tuple(value) if isinstance(value, list) else value
        return cls(**values)


@dataclasses.dataclass(frozen=True)
class Violation:
    """A broken rule: which, what was seen, and the entry that shows it (0: what is missing)."""

    rule: str
    text: str
    seq: int = 0


class Log(Sequence[Entry]):
    """All entries, and what follows from them at once."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]):
        self._entries = tuple(_entry(row) for row in rows)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: Any) -> Any:
        return self._entries[index]

    def of(self, *events: str) -> Iterator[Entry]:
        """Yield the entries of some kinds."""
        return (entry for entry in self._entries if entry.event in events)

    @property
    def deployed(self) -> dict[str, Mapping[str, Any]]:
        """Every application as it was at the start."""
        return {entry.application: entry.data for entry in self.of("deployed")}

    @property
    def final(self) -> Mapping[str, Any] | None:
        """The last snapshot; None where none was written."""
        snapshots = list(self.of("snapshot"))
        return snapshots[-1].data if snapshots else None

    def charm(self, application: str) -> str:
        """Return an application's charm; empty if it is not known."""
        return str(self.deployed.get(application, {}).get("charm", ""))


def _entry(row: Mapping[str, Any]) -> Entry:
    try:
        return Entry(
            int(row["seq"]),
            str(row["at"]),
            str(row["event"]),
            str(row.get("by") or ""),
            str(row.get("unit") or ""),
            str(row.get("application") or ""),
            row.get("task"),
            row.get("data") or {},
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadLog(f"an entry lacks {error}") from error


def read(path: pathlib.Path) -> Log:
    """Read a log file; a last line that was cut off in the middle is left out.

    Raises:
        BadLog: it is no such file.
    """
    rows: list[Mapping[str, Any]] = []
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError as error:
            if number < len(lines):
                raise BadLog(f"line {number} is no JSON: {error}") from error
    return Log(rows)
