"""The few errors of the engine, each with a stable code, what was seen and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import wording
from .wording import Way

FAULT = "This is a fault of cou: report it with the run's log."


class CouError(Exception):
    """Something the operator has to know about.

    Attributes:
        code: stable, kebab-case; documented; never reused for something else.
        remedy: what to do next, one sentence; may be empty. Its commands of ours are values.
    """

    def __init__(self, code: str, seen: str | None = None, remedy: str = "", **values: Any):
        if seen is None:
            self.seen: str = wording.Text(code, values)
            self.remedy: wording.Wording = wording.Text(code, values, remedy=True)
        else:
            self.seen, self.remedy = seen, wording.text_of(remedy)
        super().__init__(" ".join(filter(None, (self.seen, str(self.remedy)))))
        self.code = code.partition("/")[0]

    def told(self, way: Way) -> str:
        """Return what was seen and what to do, for somebody who types commands in a way."""
        return " ".join(filter(None, (wording.told(self.seen, way), self.remedy.told(way))))


def record(
    code: str, seen: str | None = None, remedy: str = "", **values: Any
) -> Mapping[str, Any]:
    """Return an error as the journal keeps it."""
    error = CouError(code, seen, remedy, **values)
    return {"code": error.code, "seen": error.seen, "remedy": error.remedy}


class BadInput(CouError):
    """A parameter, option, secret or file is not what it must be; nothing has happened."""


class JournalError(CouError):
    """The journal cannot be used: newer format, damaged, not writable, held by another."""


class JujuError(CouError):
    """Juju answered with an error, or could not be asked.

    Attributes:
        juju_code: Juju's own error code (``unauthorized access``, ``not found``...), or empty.
        sent: whether the request may have reached the controller. ``False`` means that nothing
            was done; ``None`` means unknown: the request went out and no answer came back.
    """

    def __init__(
        self,
        code: str,
        seen: str | None = None,
        remedy: str = "",
        *,
        juju_code: str = "",
        sent: bool | None = False,
        **values: Any,
    ):
        super().__init__(code, seen, remedy, **values)
        self.juju_code = juju_code
        self.sent = sent


class StepFailed(CouError):
    """A step did not reach what it promised; the model was left as `seen` says."""
