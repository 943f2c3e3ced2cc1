"""A problem found before an upgrade: what was seen, and what to do about it."""

from __future__ import annotations

import dataclasses
import enum
from typing import Any

from ..wording import CommandStyle, Wording, from_data, text_for, text_of, to_data


class Severity(enum.Enum):
    """How much a problem weighs."""

    ERROR = "error"  # blocks the upgrade unless it is acceptable and accepted
    WARNING = "warning"  # is shown


@dataclasses.dataclass(frozen=True)
class Problem:
    """One finding.

    Attributes:
        code: stable, kebab-case, documented.
        severity: an accepted error keeps its severity and blocks no longer.
        subject: the application, unit, machine or ``model`` it is about.
        remedy: what to do, one sentence; in JSON also in parts, where it has commands of ours.
        acceptable: the operator may take it on with ``accept=<code>:<subject>``.
        accepted: the operator did.
        brief: how a list names the subject where it was left out, ``nova-compute/3 (5
            instances)``; empty where the subject alone does.
    """

    code: str
    severity: Severity
    subject: str
    seen: str
    remedy: Wording
    acceptable: bool = False
    accepted: bool = False
    brief: str = ""

    @property
    def blocks(self) -> bool:
        """Whether `upgrade` must refuse."""
        return self.severity is Severity.ERROR and not self.accepted

    def text_for(self, style: CommandStyle) -> Problem:
        """Return it with its remedy as somebody reads it who types our commands in a way."""
        return dataclasses.replace(self, remedy=text_of(text_for(self.remedy, style)))

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form of the design."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "subject": self.subject,
            "seen": self.seen,
            "remedy": self.remedy,
            **to_data(self.remedy),
            "acceptable": self.acceptable,
            "accepted": self.accepted,
            "brief": self.brief,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Problem:
        """Read what `to_dict` wrote."""
        fields = from_data(data)
        fields["severity"] = Severity(fields["severity"])
        fields["remedy"] = text_of(fields["remedy"])
        return cls(**fields)
