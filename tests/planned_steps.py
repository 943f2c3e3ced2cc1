"""Steps that tests make by hand, with the parameters that the planner gives each of their kind."""

from __future__ import annotations

from typing import Any

from cou.kinds import ROWS, Kind
from cou.plan.step import Step

_EXAMPLES = {"string": "", "boolean": False, "integer": 1, "array": [], "object": {}}


def planned_step(id: str, kind: Kind, title: str, **fields: Any) -> Step:
    """Return a step; the parameters that its kind's row demands are there, given or not.

    Args:
        id: of the step.
        kind: of the step, no group.
        title: of the step.
        fields: the others of `Step`; its parameters take the place of the examples.
    """
    forms = ROWS[kind].params
    demanded = {name: _EXAMPLES[form] for name, form in forms.items() if not form.endswith("?")}
    return Step(id, kind, title, params={**demanded, **fields.pop("params", {})}, **fields)
