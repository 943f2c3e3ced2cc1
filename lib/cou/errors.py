"""The few errors of the engine, each with a stable code, what was seen and what to do."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from . import wording
from .wording import NOTHING, CommandStyle, Wording


class CouError(Exception):
    """Something the operator has to know about.

    Attributes:
        code: stable, kebab-case; documented; never reused for something else.
        remedy: what to do next, one sentence; may be empty. Its commands of ours are values.
    """

    def __init__(self, code: str, seen: str | None = None, remedy: str = "", **values: Any):
        if seen is None:
            self.seen: Wording = wording.Text(code, values)
            self.remedy: wording.Wording = wording.Text(code, values, remedy=True)
        else:
            self.seen, self.remedy = wording.text_of(seen), wording.text_of(remedy)
        super().__init__(" ".join(filter(None, (self.seen, str(self.remedy)))))
        self.code = code.partition("/")[0]

    @property
    def whole(self) -> Wording:
        """What was seen, and what to do where there is something, as one text."""
        if not self.remedy:
            return self.seen
        return wording.text("error/with-remedy", what=self.seen, then=self.remedy)

    def text_for(self, style: CommandStyle) -> str:
        """Return what was seen and what to do, for somebody who types commands in a way."""
        return " ".join(
            filter(None, (wording.text_for(self.seen, style), self.remedy.text_for(style)))
        )


@dataclasses.dataclass(frozen=True)
class Cause:
    """What ended a run, as the journal keeps it; false where nothing has.

    Attributes:
        code: of the error; empty where there is none.
        seen: what was seen.
        remedy: what to do next; may be empty.
        step: id of the step that failed, or empty.
        title: that step's title; empty in what older versions kept, whose `seen` begins with it.
    """

    code: str = ""
    seen: Wording = NOTHING
    remedy: Wording = NOTHING
    step: str = ""
    title: str = ""

    def __bool__(self) -> bool:
        """Whether there is one."""
        return bool(self.code)

    @classmethod
    def of(cls, error: CouError, step: str = "", title: str = "") -> Cause:
        """Return an error as a cause, of the failure of a step or of no one step."""
        return cls(error.code, error.seen, error.remedy, step, title)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Cause:
        """Read what `to_json` or an older version wrote.

        Raises:
            LookupError, TypeError, ValueError: it is of another form.
        """
        if not kept:
            return cls()
        seen, remedy = wording.from_json(kept["seen"]), kept["remedy"]
        if isinstance(remedy, str):  # with its commands beside it
            remedy = wording.text_of(wording.from_data(kept)["remedy"])
        else:
            remedy = wording.from_json(remedy)
        return cls(kept["code"], seen, remedy, kept.get("step", ""), kept.get("title", ""))

    def to_json(self) -> Mapping[str, Any]:
        """Return it as JSON values; empty where there is none."""
        if not self:
            return {}
        kept = {"seen": wording.to_json(self.seen), "remedy": wording.to_json(self.remedy)}
        return {"code": self.code, **kept, "step": self.step, "title": self.title}

    @property
    def told(self) -> str:
        """What was seen, after the title of its step; as the documents name commands."""
        return f"{self.title} ({self.step}): {self.seen!s}" if self.title else str(self.seen)


NO_CAUSE = Cause()


def cause(key: str, **values: Any) -> Cause:
    """Return a cause from the catalogue."""
    return Cause.of(CouError(key, **values))


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
