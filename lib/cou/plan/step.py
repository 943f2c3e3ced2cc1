"""What a step is: frozen data that can be stored, shown, hashed and compared."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator, Mapping
from typing import Any

from ..kinds import Kind, violation


class Part(enum.Enum):
    """What a group stands for (``params["part"]`` of a `Kind.GROUP` step).

    `upgrade-step` takes one application or zone at a time; a section has no such meaning, and a
    step that stands directly in a section counts as one. A host is one hypervisor inside a zone:
    when it turns out not to be empty, the rest of its group is skipped.
    """

    SECTION = "section"
    APPLICATION = "application"
    ZONE = "zone"
    HOST = "host"
    PARALLEL = "parallel"


@dataclasses.dataclass(frozen=True)
class Step:
    """One step of a plan; a group where it has children.

    Attributes:
        id: what it does to whom; the same after re-planning; ``[a-z0-9./_-]+``; unique in a plan.
        title: what an operator reads, in the peer's words where it has some.
        why: why it is there, one sentence; a known issue follows it.
        note: the known issue that `why` ends with, as a sentence; empty where none is known.
        target: an application, a unit, or ``model``.
        params: what is sent; JSON values only, as `cou.kinds` says.
        timeout_s: seconds without any progress after which it fails; 0 for groups.
        after: ids of steps and groups beside it that must be over before it begins
            (`cou.plan.step_order`); for what stands below a group, also the group's.
        parallel: a group's children run at the same time.
        steps: children; empty for a leaf.
    """

    id: str
    kind: Kind
    title: str
    why: str = ""
    target: str = "model"
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict[str, Any])
    timeout_s: int = 0
    after: tuple[str, ...] = ()
    parallel: bool = False
    steps: tuple[Step, ...] = ()
    note: str = ""

    def walk(self) -> Iterator[Step]:
        """Yield this step and all below it, in the order of the plan."""
        yield self
        for step in self.steps:
            yield from step.walk()

    def single_steps(self) -> Iterator[Step]:
        """Yield the steps that do something, in the order of the plan."""
        return (step for step in self.walk() if step.kind is not Kind.GROUP)

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON form of the design; keys may be added, never changed."""
        return {
            "id": self.id,
            "kind": self.kind.value,
            "title": self.title,
            "why": self.why,
            "note": self.note,
            "target": self.target,
            "params": dict(self.params),
            "timeout": self.timeout_s,
            "after": list(self.after),
            "parallel": self.parallel,
            "steps": [step.to_dict() for step in self.steps],
        }

    def doing(self) -> dict[str, Any]:
        """Return what it does to whom, without the words that tell of it."""
        told = {"title", "why", "note"}
        data = {name: value for name, value in self.to_dict().items() if name not in told}
        return {**data, "steps": [step.doing() for step in self.steps]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Step:
        """Read what `to_dict` wrote.

        Raises:
            KeyError, ValueError, TypeError: where it is not of that form.
        """
        kind = Kind(data["kind"])
        wrong = "" if kind is Kind.GROUP else violation(kind, data["params"])
        if wrong:
            raise ValueError(f"step {data['id']}: {wrong}")
        return cls(
            id=str(data["id"]),
            kind=kind,
            title=str(data["title"]),
            why=str(data["why"]),
            target=str(data["target"]),
            params=dict(data["params"]),
            timeout_s=int(data["timeout"]),
            after=tuple(data["after"]),
            parallel=bool(data["parallel"]),
            steps=tuple(cls.from_dict(step) for step in data["steps"]),
            note=str(data.get("note", "")),  # plans of older versions have none
        )
