"""Where the bars of the timeline stand: working time on one axis, rests cut out."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence

from .report_data import AttemptLine, Report, StepAttempt, StepLine

# Narrower than that nobody sees a bar; in hundredths of the axis.
_NARROWEST = 0.35


@dataclasses.dataclass(frozen=True)
class Bar:
    """One try of a step: `left` and `width` in percent of the axis; `title` is its tooltip."""

    left: float
    width: float
    state: str
    title: str


@dataclasses.dataclass(frozen=True)
class Row:
    """One step with its bars; `head` names the part that begins with it, or is empty."""

    step: StepLine
    bars: tuple[Bar, ...]
    head: str


@dataclasses.dataclass(frozen=True)
class Chart:
    """The timeline.

    Attributes:
        rests: where on the axis a runner ended and another began, in percent.
        seconds: what the axis is long.
    """

    rows: tuple[Row, ...]
    rests: tuple[float, ...]
    seconds: float


def chart(account: Report) -> Chart:
    """Return the timeline of all steps."""
    length = sum(one.seconds for one in account.sittings) or 1.0
    rows: list[Row] = []
    part = ""
    for step in account.steps:
        bars = tuple(_bar(one, account, length) for one in step.tries)
        head = step.part if step.part not in (part, step.title) else ""
        rows.append(Row(step, bars, head))
        part = step.part
    rests: list[float] = []
    passed = 0.0
    for one in account.sittings[:-1]:
        passed += one.seconds
        rests.append(round(100 * passed / length, 2))
    return Chart(tuple(rows), tuple(rests), length)


def _bar(one: StepAttempt, account: Report, length: float) -> Bar:
    end = one.ended or account.made
    begin_s = offset(account.sittings, one.began)
    width = 100 * max(0.0, offset(account.sittings, end) - begin_s) / length
    left = min(100 * begin_s / length, 100 - _NARROWEST)
    return Bar(
        left=round(left, 2),
        width=round(min(max(width, _NARROWEST), 100 - left), 2),
        state=one.state,
        title=f"{one.state} {one.began:%H:%M:%S}–{end:%H:%M:%S}, attempt {one.token}",
    )


def offset(sittings: Sequence[AttemptLine], at: datetime.datetime) -> float:
    """Return how many seconds runners had worked by then."""
    passed = 0.0
    for one in sittings:
        if at < one.started:
            break
        passed += min(one.seconds, (at - one.started).total_seconds())
    return passed
