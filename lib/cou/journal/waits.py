"""What is waited for, as the journal keeps it: who, a key of the catalogue, and its values."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

from ..wording import Text, Wording, from_json, text, to_json

# What moves on by itself is the same wait as a moment ago: the story keeps it without its times.
QUIET = "wait/quiet-for-a-while"
_STEADY = {"wait/quiet": QUIET}


@dataclasses.dataclass(frozen=True)
class CurrentWait:
    """One thing that is waited for.

    Attributes:
        what: what the model does not show yet.
        about: the units or applications that it is about; empty where it is about all, and for
            what an older version told in words.
    """

    what: Wording
    about: tuple[str, ...] = ()

    @property
    def steady(self) -> CurrentWait:
        """The same without what moves on by itself."""
        key = _STEADY.get(self.what.key) if isinstance(self.what, Text) else None
        return dataclasses.replace(self, what=text(key)) if key else self

    def is_about(self, target: str) -> bool:
        """Whether it is about a unit, or about an application or a unit of it."""
        return any(target in (one, one.partition("/")[0]) for one in self.about)

    def to_json(self) -> Mapping[str, Any]:
        """Return it as JSON values."""
        return {"about": list(self.about), **to_json(self.what)}

    @classmethod
    def from_json(cls, kept: object) -> CurrentWait:
        """Read what `to_json` wrote, or a line of an older version.

        Raises:
            LookupError, TypeError, ValueError: it is of another form.
        """
        if isinstance(kept, str):
            return cls(from_json(kept))
        found = cast("Mapping[str, Any]", kept)
        return cls(from_json(found), tuple(found["about"]))


def dumps(waits: Sequence[CurrentWait]) -> str:
    """Return waits as JSON text."""
    return json.dumps([one.to_json() for one in waits])


def loads(kept: str) -> tuple[CurrentWait, ...]:
    """Read what `dumps` wrote.

    Raises:
        LookupError, TypeError, ValueError: it is of another form.
    """
    return tuple(map(CurrentWait.from_json, json.loads(kept)))


def for_events(waits: Sequence[CurrentWait]) -> list[Mapping[str, Any]]:
    """Return waits as the story keeps them: each once, without what moves on by itself."""
    found = {json.dumps(one.steady.to_json()): one.steady.to_json() for one in waits}
    return [found[key] for key in sorted(found)]
