"""Which module performs which kind of step: the one that has the kind's name."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Awaitable, Callable

from ..kinds import Kind
from ..wording import text
from .context import Context, StepDrained, StepEnd, StepResult


async def perform(ctx: Context) -> StepResult:
    """Perform a step; see `cou.steps.context` for what may be raised."""
    try:
        return await performer(ctx.step.kind)(ctx)
    except StepDrained:
        return StepResult(StepEnd.AGAIN, text("note/drained"))


@functools.cache
def performer(kind: Kind) -> Callable[[Context], Awaitable[StepResult]]:
    """Return what performs a kind of step.

    Raises:
        ImportError, AttributeError: the kind has no module, or that performs nothing.
    """
    module = importlib.import_module(f"{__package__}.{kind.value.replace('-', '_')}")
    found: Callable[[Context], Awaitable[StepResult]] = module.perform
    return found
