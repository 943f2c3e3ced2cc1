"""The parts of a plan that are approved one by one: applications and zones; and what lies between.

Steps of the whole cloud (checks, backup, archive) are never asked about.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

from ..journal.records import StepRecord
from ..kinds import Kind
from ..plan.plan import Plan
from ..plan.step import Part, Step

_ASKED = (Part.APPLICATION.value, Part.ZONE.value)


@dataclasses.dataclass(frozen=True)
class PlanPart:
    """What `upgrade-step` counts as one.

    Attributes:
        step: an application's or zone's group, or a step of the whole cloud.
        step_ids: ids of its steps, in the plan's order.
    """

    step: Step
    step_ids: tuple[str, ...]

    @property
    def asked(self) -> bool:
        """Whether it needs an approval of its own."""
        return self.step.kind is Kind.GROUP and self.step.params.get("part") in _ASKED


def plan_parts(plan: Plan) -> tuple[PlanPart, ...]:
    """Return all pieces of a plan in its order."""
    leaves: dict[str, list[str]] = {}
    for leaf in plan.root.single_steps():
        leaves.setdefault(plan.parts[leaf.id], []).append(leaf.id)
    steps = {step.id: step for step in plan.root.walk()}
    return tuple(PlanPart(steps[name], tuple(ids)) for name, ids in leaves.items())


def open_steps(piece: PlanPart, records: Mapping[str, StepRecord]) -> list[str]:
    """Return the ids of a piece's steps that are not over."""
    return [name for name in piece.step_ids if name not in records or not records[name].state.over]


def unfinished(
    pieces: Sequence[PlanPart], records: Mapping[str, StepRecord]
) -> tuple[PlanPart, ...]:
    """Return the pieces of which something is left; all of them where nothing has begun."""
    return tuple(piece for piece in pieces if open_steps(piece, records))


def parts_until_question(left: Sequence[PlanPart]) -> int:
    """Return how many pieces may be done together before somebody must be asked again.

    The first piece counts as approved; what follows it counts up to the next that is asked about.
    """
    for number, piece in enumerate(left[1:], start=1):
        if piece.asked:
            return number
    return len(left)


def outline(step: Step, depth: int = 0) -> Iterator[str]:
    """Yield a step's title and those below it, indented."""
    yield "    " * depth + step.title
    for child in step.steps:
        yield from outline(child, depth + 1)
