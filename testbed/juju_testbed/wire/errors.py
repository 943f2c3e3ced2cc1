"""The error of a facade call, as it stands in the envelope."""

from __future__ import annotations

from typing import Any

from ..model.errors import ModelError


class WireError(Exception):
    """A call failed as a whole: ``error``, ``error-code`` and ``error-info`` of the reply."""

    def __init__(self, message: str, code: str = "", info: dict[str, Any] | None = None):
        super().__init__(message)
        self.message = message
        self.code = code
        self.info = info


def element(error: ModelError | WireError) -> dict[str, Any]:
    """Return an error as one element of a bulk reply: ``{"message", "code"}``."""
    shown: dict[str, Any] = {"message": error.message, "code": error.code}
    if error.info:
        shown["info"] = dict(error.info)
    return shown
