"""The pages of the reference that are made from the sources.

``python -m scripts.reference`` (`make reference`) writes them; a test compares what is committed.
"""

from __future__ import annotations

import pathlib

from . import actions, formats, problem_codes

TOP = pathlib.Path(__file__).parents[2]
FOLDER = TOP / "docs" / "reference"


def pages() -> dict[str, str]:
    """Return the text of each page by the name of its file in `FOLDER`."""
    plan = formats.schema_of_plans(FOLDER / "plan.schema.json")
    snapshot = (FOLDER / "snapshot.schema.json").read_text(encoding="utf-8")
    return {
        "actions.md": actions.actions(TOP / "actions.yaml"),
        "configuration.md": actions.configuration(TOP / "config.yaml"),
        "problem-codes.md": problem_codes.page(),
        "plan.schema.json": plan,
        "plan-format.md": formats.page(plan, formats.PLAN),
        "snapshot-format.md": formats.page(snapshot, formats.SNAPSHOT),
    }
