"""What is true of every refusal, whatever came in."""

from __future__ import annotations

from cou.errors import CouError
from juju_testbed.model.model import Model


def readable(error: CouError) -> None:
    """Check what is true of every error: a code, and something seen."""
    assert error.code
    assert error.seen.strip()


def untouched(model: Model, error: Exception) -> None:
    """Check that a refusal says something, and that nothing was deployed."""
    assert str(error).strip()
    assert not model.applications
    assert not model.machines
