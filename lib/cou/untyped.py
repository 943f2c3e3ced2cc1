"""What came from outside as JSON, by its form: a check that a type checker understands."""

from __future__ import annotations

from typing import Any, cast


def as_object(value: object) -> dict[str, Any] | None:
    """Return a JSON object; None where it is none."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def as_list(value: object) -> list[Any] | None:
    """Return a JSON array; None where it is none."""
    return cast("list[Any]", value) if isinstance(value, list) else None
