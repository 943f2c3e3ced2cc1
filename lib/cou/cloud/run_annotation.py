"""The annotation on the model that names a run, its holder, and the marks it has set.

It is what is left of a run whose journal is gone: the planner reads it, the run writes it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from .. import untyped

KEY = "cou-run"
ENDED = ("completed", "abandoned", "refused")
"""States after which nothing of a run is to be done, apart from its marks."""


@dataclasses.dataclass(frozen=True)
class RunAnnotation:
    """What the annotation says.

    Attributes:
        holder: who ran it, for people: ``cou/0 of model openstack``.
        state: of the run when it was last written.
        marks: ids of the marks that were set, as `cou.steps` describes them.
        unit: the unit that ran it; empty for a workstation, and where it is not told.
        data: mark -> what its step wrote down with it; of older versions nothing.
    """

    run: str
    holder: str
    state: str
    marks: tuple[str, ...]
    unit: str = ""
    data: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict[str, Any])

    @property
    def unfinished(self) -> bool:
        """Whether the run was not ended for good."""
        return self.state not in ENDED


def load(text: str) -> Mapping[str, Any]:
    """Return the annotation's JSON object; empty where there is none or it is not ours to read."""
    try:
        found: Any = json.loads(text) if text else {}
    except (ValueError, RecursionError):  # nested a thousand deep it is not ours either
        return {}
    return _object(found)


def parse(text: str) -> RunAnnotation | None:
    """Read the annotation; None where there is none or it is not of its form."""
    found = load(text)
    if not found.get("run"):
        return None
    return RunAnnotation(
        run=str(found["run"]),
        holder=str(found.get("holder", "somebody")),
        state=str(found.get("state", "unknown")),
        marks=names(found, "marks"),
        unit=str(found.get("unit", "")),
        data=mark_undo(found).data,
    )


def names(found: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return a list of marks that the annotation holds under a key."""
    every = untyped.as_list(found.get(key)) or ()
    return tuple(mark for mark in every if isinstance(mark, str) and ":" in mark)


@dataclasses.dataclass(frozen=True)
class MarkUndo:
    """How marks are undone.

    Attributes:
        undo: mark -> a sentence with the command, for people: `data` in words.
        data: mark -> what its step wrote down with it.
    """

    undo: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    data: Mapping[str, Mapping[str, Any]] = dataclasses.field(default_factory=dict[str, Any])


def mark_undo(found: Mapping[str, Any]) -> MarkUndo:
    """Return how marks are undone, as the annotation holds it."""
    undo, data = _object(found.get("undo")), _object(found.get("data"))
    return MarkUndo(
        undo={mark: text for mark, text in undo.items() if isinstance(text, str)},
        data={mark: _object(one) for mark, one in data.items() if isinstance(one, dict)},
    )


def _object(found: Any) -> dict[str, Any]:
    return untyped.as_object(found) or {}
