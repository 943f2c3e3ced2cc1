"""What the controller refuses, with Juju's own text and code."""

from __future__ import annotations


class ModelError(Exception):
    """A call the controller refuses.

    Attributes:
        message: as Juju words it.
        code: Juju's error code (``not found``, ``unauthorized access``...), or empty.
        info: the error's ``error-info``, where it has one.
    """

    def __init__(self, message: str, code: str = "", info: dict[str, object] | None = None):
        super().__init__(message)
        self.message = message
        self.code = code
        self.info = info


def not_found(kind: str, name: str) -> ModelError:
    """Make the error for an entity that is not there: ``unit "x/0" not found``."""
    return ModelError(f'{kind} "{name}" not found', "not found")
