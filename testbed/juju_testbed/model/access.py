"""Who may do what: users, and the access levels of Juju."""

from __future__ import annotations

import dataclasses
import datetime

from .errors import ModelError

MODEL_LEVELS = ("", "read", "write", "admin")
CONTROLLER_LEVELS = ("", "login", "add-model", "superuser")


@dataclasses.dataclass
class User:
    """A user of the controller."""

    name: str
    password: str
    display_name: str = ""
    controller_access: str = "login"
    disabled: bool = False
    created: datetime.datetime | None = None
    last_connection: datetime.datetime | None = None
    models: dict[str, str] = dataclasses.field(default_factory=dict)  # model uuid -> level

    def access(self, model_uuid: str) -> str:
        """Return the access to a model; a superuser has admin everywhere."""
        if self.controller_access == "superuser":
            return "admin"
        return self.models.get(model_uuid, "")

    def may(self, model_uuid: str, level: str) -> bool:
        """Tell whether the user has at least a level on a model."""
        return MODEL_LEVELS.index(self.access(model_uuid)) >= MODEL_LEVELS.index(level)


def permission_denied() -> ModelError:
    """Make the error for missing rights."""
    return ModelError("permission denied", "unauthorized access")


def bad_login() -> ModelError:
    """Make the error for a wrong user or password."""
    return ModelError("invalid entity name or password", "unauthorized access")
