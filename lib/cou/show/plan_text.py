"""A plan as text and as markdown."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator
from typing import Any

import jinja2

from .. import printable, templating
from ..checks.problem import Problem
from ..kinds import Kind
from ..plan.plan import Plan
from ..plan.step import Part, Step
from . import formatting


@dataclasses.dataclass(frozen=True)
class PlanLine:
    """One line of a plan's tree.

    Attributes:
        depth: 0 for the children of the plan.
        title: the step's title.
        why: the step's reason.
        note: the known issues that the reason ends with; may be empty.
        group: whether it has children.
        parallel: whether its parent's children may run at the same time.
        section: whether it is one of the plan's sections, which the text does not show.
    """

    depth: int
    title: str
    why: str
    note: str
    group: bool
    parallel: bool
    section: bool


@functools.cache
def _environment() -> jinja2.Environment:
    # Not HTML: the templates, which are the package's own, say how each value is made harmless.
    environment = templating.environment("cou.show", autoescape=False)
    environment.filters.update(line=printable.line, markdown=formatting.markdown)
    return environment


def text(plan: Plan, whole: Plan | None = None) -> str:
    """Return a plan as plain text, a tree of titles; the same plan gives the same text.

    Args:
        whole: the plan of which it is what is left, if it is: its hash is the one to give.
    """
    return _environment().get_template("plan.txt.j2").render(_context(plan, whole))


def markdown(plan: Plan, whole: Plan | None = None) -> str:
    """Return a plan as markdown, with sections and the reason for every step."""
    return _environment().get_template("plan.md.j2").render(_context(plan, whole))


def _context(plan: Plan, whole: Plan | None) -> dict[str, Any]:
    lines = list(_lines(plan.root.steps, 0, False))
    steps = sum(1 for _ in plan.root.single_steps())
    total = sum(1 for _ in whole.root.single_steps()) if whole else steps
    return {
        "plan": plan,
        "hash": (whole or plan).hash,
        "count": f"{steps} of {total} steps are left" if whole else f"{steps} steps",
        "lines": lines,
        "beside": any(line.parallel for line in lines),
        "steps": steps,
        "errors": [one for one in plan.problems if one.blocks],
        "accepted": [one for one in plan.problems if one.accepted],
        "warnings": [one for one in plan.problems if _is_warning(one)],
    }


def _is_warning(problem: Problem) -> bool:
    return not problem.blocks and not problem.accepted


def _lines(steps: tuple[Step, ...], depth: int, parallel: bool) -> Iterator[PlanLine]:
    for step in steps:
        section = step.kind is Kind.GROUP and step.params.get("part") == Part.SECTION.value
        yield PlanLine(
            depth=depth,
            title=step.title,
            why=step.why.removesuffix(step.note).rstrip(),
            note=step.note,
            group=bool(step.steps),
            parallel=parallel,
            section=section,
        )
        yield from _lines(step.steps, depth if section else depth + 1, step.parallel)
