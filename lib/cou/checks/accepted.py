"""What the operator takes on, beside the problems that there are."""

from __future__ import annotations

from .problem import Problem
from .problem_codes import problem


def unused(name: str) -> Problem:
    """Return the warning that something was taken on, as ``code:subject``, and is not there."""
    return problem("accept-unused", name)
