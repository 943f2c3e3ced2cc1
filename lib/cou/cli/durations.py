"""How long things took, for people."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence

from ..journal.records import StepRecord


def text(seconds: float) -> str:
    """Return a duration for people."""
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    if hours:
        return f"{hours}h {minutes:02d}m"
    return f"{minutes}m {left:02d}s" if minutes else f"{left}s"


def took(record: StepRecord, now: datetime.datetime) -> float:
    """Return the seconds from a step's begin to its end, or to now."""
    if record.started is None:
        return 0.0
    return max(0.0, ((record.ended or now) - record.started).total_seconds())


def all_took(
    names: Sequence[str], records: Mapping[str, StepRecord], now: datetime.datetime
) -> float:
    """Return the seconds from the first begin of some steps to their last end."""
    seen = [records[name] for name in names if name in records and records[name].started]
    starts = [record.started for record in seen if record.started]
    if not starts:
        return 0.0
    return max(0.0, (max(record.ended or now for record in seen) - min(starts)).total_seconds())
