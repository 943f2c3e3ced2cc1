"""A plan from which steps were taken, in the order that it had with them."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from .step import Step


def without(before: Step, kept: Step) -> Step:
    """Return a plan from which steps were taken, its order as it was with them.

    What came after a step that is gone comes after all that this step came after.

    Args:
        before: the root with all steps.
        kept: the root with those that are left.
    """
    had = {step.id: step for step in before.walk()}
    left = {step.id for step in kept.walk()}
    return _mended(kept, had, left)


def _mended(step: Step, had: Mapping[str, Step], left: set[str]) -> Step:
    after = dict.fromkeys(name for one in step.after for name in _standing(one, had, left))
    below = tuple(_mended(child, had, left) for child in step.steps)
    return dataclasses.replace(step, after=tuple(after), steps=below)


def _standing(name: str, had: Mapping[str, Step], left: set[str]) -> list[str]:
    if name in left or name not in had:
        return [name] if name in left else []
    return [one for before in had[name].after for one in _standing(before, had, left)]
