"""What was waited for and how long, from a run's story."""

from __future__ import annotations

import bisect
import datetime
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from ..journal import rows
from ..journal.records import Event
from ..journal.waits import QUIET, CurrentWait
from ..wording import Text

if TYPE_CHECKING:
    from .report_data import WaitLine

Span = tuple[datetime.datetime, datetime.datetime]
Wait = tuple[datetime.datetime, datetime.datetime, CurrentWait]  # since when, until when


def subject(awaited: CurrentWait) -> str:
    """Return who is waited for: the first unit or application that it is about."""
    if awaited.about:
        return awaited.about[0]
    if isinstance(awaited.what, Text) and awaited.what.key == QUIET:
        return "quiet periods"
    return str(awaited.what)


def waits(events: Sequence[Event], until: datetime.datetime) -> tuple[WaitLine, ...]:
    """Return how long each subject was waited for, the longest first.

    Args:
        events: a run's story.
        until: when a wait that has not ended is taken to end.
    """
    from .report_data import WaitLine

    by_line: dict[str, dict[CurrentWait, list[Span]]] = {}
    for since, at, line in spans(events, until):
        by_line.setdefault(subject(line), {}).setdefault(line, []).append((since, at))
    found = [
        WaitLine(
            who,
            length([span for each in lines.values() for span in each]),
            _longest(lines),
        )
        for who, lines in by_line.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.seconds, one.subject)))


def spans(events: Sequence[Event], until: datetime.datetime) -> list[Wait]:
    """Return from when to when each line was waited for, in the order of their begins."""
    found: list[Wait] = []
    since: dict[CurrentWait, datetime.datetime] = {}
    for at, lines in _looks(events, until):
        for line in [one for one in since if one not in lines]:
            found.append((since.pop(line), at, line))
        for line in lines:
            since.setdefault(line, at)
    return sorted(found, key=lambda one: (one[0], one[1], one[2].what))


class Spans:
    """Finds what was waited for at some time without a look at all of a run's waits.

    Args:
        every: from `spans`.
    """

    def __init__(self, every: Sequence[Wait]):
        self._every = every
        self._begins = [since for since, _, _ in every]
        self._going: list[list[int]] = []  # with each begin, which of those before go on
        going: list[int] = []
        for number, (since, _, _) in enumerate(every):
            self._going.append(going)
            going = [one for one in (*going, number) if every[one][1] > since]

    def between(self, begin: datetime.datetime, end: datetime.datetime) -> Iterator[int]:
        """Yield what was waited for in some time, by its place among all, oldest first."""
        first = bisect.bisect_right(self._begins, begin)
        last = bisect.bisect_left(self._begins, end, first)
        before = [*self._going[first - 1], first - 1] if first else []
        yield from (one for one in (*before, *range(first, last)) if self._every[one][1] > begin)

    def __getitem__(self, number: int) -> Wait:
        """Return one of them."""
        return self._every[number]


def within(
    every: Spans,
    times: Sequence[Span],
    target: str,
) -> WaitLine | None:
    """Return who was waited for longest while a step ran; None where nobody was.

    Args:
        every: the waits of its run.
        times: when the step ran.
        target: of the step. Others may have run beside it: what is about it is its own.
    """
    found: dict[CurrentWait, list[Span]] = {}
    for begin, end in times:
        for number in every.between(begin, end):
            since, until, line = every[number]
            found.setdefault(line, []).append((max(begin, since), min(end, until)))
    own = {line: some for line, some in found.items() if line.is_about(target)}
    if "/" in target:
        found = own
    lines = own or found
    if not lines:
        return None
    from .report_data import WaitLine

    line = max(lines, key=lambda one: (length(lines[one]), one.what))
    return WaitLine(subject(line), length(lines[line]), str(line.what))


def _looks(
    events: Sequence[Event], until: datetime.datetime
) -> Iterable[tuple[datetime.datetime, list[CurrentWait]]]:
    for event in events:
        if event.what == "waits":
            yield event.at, rows.awaited(event)
        elif event.what == "attempt-ended":
            yield event.at, []
    yield until, []


def length(spans: Sequence[Span]) -> float:
    """Return the seconds that spans cover together; what overlaps counts once."""
    total, reached = 0.0, None
    for begin, end in sorted(spans):
        start = begin if reached is None else max(begin, reached)
        total += max(0.0, (end - start).total_seconds())
        reached = end if reached is None else max(end, reached)
    return total


def _longest(lines: dict[CurrentWait, list[Span]]) -> str:
    return str(max(lines, key=lambda line: (length(lines[line]), line.what)).what)
