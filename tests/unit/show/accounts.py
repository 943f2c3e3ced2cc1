"""A whole run's account, with a text of one's own wherever a text may come from outside."""

from __future__ import annotations

import datetime

from cou.checks.problem import Problem, Severity
from cou.show.report_data import (
    ApplicationLine,
    AttemptLine,
    DoubtLine,
    EventLine,
    LastLook,
    MarkLine,
    Report,
    StepAttempt,
    StepLine,
    TimeShare,
    WaitLine,
)

NOON = datetime.datetime(2025, 6, 1, 12, tzinfo=datetime.timezone.utc)


def at(seconds: float) -> datetime.datetime:
    return NOON + datetime.timedelta(seconds=seconds)


def account(text: str = "plain", state: str = "interrupted") -> Report:
    """Return a run of two attempts, an hour apart: one killed, one that failed a step."""
    first = (StepAttempt(1, at(0), at(60), "done"),)
    second = (
        StepAttempt(1, at(60), at(100), "in-doubt"),
        StepAttempt(2, at(3700), at(3730), "failed"),
    )
    lines = (
        StepLine(1, text, text, "refresh", text, text, "done", text, "", 60.0, first, (7,)),
        StepLine(2, text, text, "run-action", text, text, "failed", "", text, 70.0, second, (8,)),
        StepLine(3, text, text, "wait-idle", text, text, "pending", "", "", 0.0, (), ()),
    )
    return Report(
        run=text,
        state=state,
        model=text,
        origin=text,
        target=text,
        plan=text,
        title=text,
        made=at(3800),
        created=NOON,
        ended=None,
        working=200.0,
        resting=3600.0,
        error=text,
        remedy=text,
        options={"skip-apps": [text]},
        counts={"done": 1, "failed": 1, "pending": 1},
        applications=(ApplicationLine(text, text, f"{text}2", text, text, 3, 1, 3, False),),
        sittings=(
            AttemptLine(1, "upgrade", at(0), at(100), at(90), text, None, "interrupted", 100.0),
            AttemptLine(2, "upgrade", at(3700), None, None, "", None, "", 100.0),
        ),
        steps=lines,
        doubts=(DoubtLine(at(100), 1, text, text, text),),
        happenings=(EventLine(at(3730), "failed", text), EventLine(at(3735), "decision", text)),
        marks=(MarkLine(text, "kept", at(5), text),),
        waits=(WaitLine(text, 40.0, text),),
        parts=(TimeShare(text, 3, 130.0),),
        kinds=(TimeShare("refresh", 1, 60.0),),
        problems=(Problem(text, Severity.WARNING, text, text, text),),
        left_out=(text,),
        backups=(text,),
        last_look=LastLook(at(3790), (text,), text),
    )
