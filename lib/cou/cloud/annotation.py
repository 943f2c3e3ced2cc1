"""The annotation on the model that names a run, its holder, and the marks it has set.

It is what is left of a run whose journal is gone: the planner reads it, the run writes it.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

KEY = "cou-run"
ENDED = ("completed", "abandoned", "refused")
"""States after which nothing of a run is to be done, apart from its marks."""


@dataclasses.dataclass(frozen=True)
class RunNote:
    """What the annotation says.

    Attributes:
        run: the run's id.
        holder: who ran it, for people: ``cou/0 of model openstack``.
        state: of the run when it was last written.
        marks: ids of the marks that were set, as `cou.steps` describes them.
    """

    run: str
    holder: str
    state: str
    marks: tuple[str, ...]

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
    return dict(found) if isinstance(found, dict) else {}  # pyright: ignore[reportUnknownArgumentType]


def parse(text: str) -> RunNote | None:
    """Read the annotation; None where there is none or it is not of its form."""
    found = load(text)
    if not found.get("run"):
        return None
    return RunNote(
        run=str(found["run"]),
        holder=str(found.get("holder", "somebody")),
        state=str(found.get("state", "unknown")),
        marks=names(found, "marks"),
    )


def names(found: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """Return a list of marks that the annotation holds under a key."""
    listed: Any = found.get(key)
    if not isinstance(listed, list):
        return ()
    every: list[Any] = listed  # pyright: ignore[reportUnknownVariableType]
    return tuple(mark for mark in every if isinstance(mark, str) and ":" in mark)
