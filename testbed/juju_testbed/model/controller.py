"""A controller: its models, its users, its identity."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Awaitable, Callable
from typing import Any

from .access import CONTROLLER_LEVELS, MODEL_LEVELS, User, bad_login
from .clock import Clock
from .errors import ModelError, not_found
from .model import Model


class Controller:
    """Models by uuid and by name, and the users that may log in.

    Attributes:
        name: what clients call it.
        uuid: its own uuid.
        version: the agent version it claims.
        ca: the CA certificate in PEM that clients verify it with; set by whoever serves it.
        addresses: ``host:port`` of its API; set by whoever serves it.
        extensions: methods that others have added to the ``Testbed`` facade.
        make_model: makes and starts a model of a name with a configuration; None where this
            controller keeps the models that it has.
        end_model: stops and removes one.
        redirects: model uuid -> ``error-info`` of the redirect of a model that has moved away.
    """

    def __init__(
        self,
        name: str = "testbed",
        *,
        clock: Clock | None = None,
        uuid: str = "",
        admin_password: str = "admin-secret",
        version: str = "3.6.14",
    ):
        self.name = name
        self.uuid = uuid or str(uuids.uuid4())
        self.clock = clock or Clock()
        self.version = version
        self.ca = ""
        self.addresses: list[str] = []
        self.models: dict[str, Model] = {}
        self.users: dict[str, User] = {}
        self.extensions: dict[str, Any] = {}
        self.make_model: Callable[[str, dict[str, Any]], Awaitable[Model]] | None = None
        self.end_model: Callable[[Model], Awaitable[None]] | None = None
        self.redirects: dict[str, dict[str, Any]] = {}
        self.add_user("admin", admin_password, "superuser")

    def add_model(self, model: Model) -> Model:
        """Take a model in.

        Raises:
            ModelError: the name is taken.
        """
        if any(other.name == model.name for other in self.models.values()):
            raise ModelError(f'model "{model.name}" already exists', "already exists")
        model.config["agent-version"] = self.version
        self.models[model.uuid] = model
        return model

    def model(self, name: str) -> Model:
        """Return a model by uuid or name, or raise what Juju says."""
        for model in self.models.values():
            if name in (model.uuid, model.name):
                return model
        raise ModelError(f'model "{name}" not found', "model not found")

    def add_user(self, name: str, password: str = "", controller_access: str = "login") -> User:
        """Add a user; without a password it cannot log in yet.

        Raises:
            ModelError: the name is taken.
        """
        if name in self.users:
            raise ModelError(
                f'failed to create user: username unavailable: user "{name}" already exists',
                "already exists",
            )
        user = User(name, password, controller_access=controller_access, created=self.clock.now())
        self.users[name] = user
        return user

    def user(self, name: str) -> User:
        """Return a user by name or tag, or raise what Juju says."""
        key = name.removeprefix("user-").removesuffix("@local")
        user = self.users.get(key)
        if user is None:
            raise ModelError(f'user "{key}" not found', "user not found")
        return user

    def grant(self, user: str, level: str, model: str = "") -> None:
        """Give a user access to a model, or to the controller.

        Raises:
            ModelError: the user has it already, or there is no such level, user or model.
        """
        who = self.user(user)
        levels = MODEL_LEVELS if model else CONTROLLER_LEVELS
        if level not in levels or not level:
            raise ModelError(f'"{level}" access not valid', "not valid")
        uuid = self.model(model).uuid if model else ""
        held = who.models.get(uuid, "") if model else who.controller_access
        if levels.index(held) >= levels.index(level):
            raise ModelError(f'user already has "{level}" access or greater', "already exists")
        if model:
            who.models[uuid] = level
        else:
            who.controller_access = level

    def revoke(self, user: str, level: str, model: str) -> None:
        """Take a level and those above it away; what is below stays.

        Raises:
            ModelError: the user has no such access.
        """
        who, uuid = self.user(user), self.model(model).uuid
        held = MODEL_LEVELS.index(who.models.get(uuid, ""))
        if held < MODEL_LEVELS.index(level):
            raise not_found("access for user", who.name)
        below = MODEL_LEVELS[max(MODEL_LEVELS.index(level) - 1, 0)]
        if below:
            who.models[uuid] = below
        else:
            who.models.pop(uuid, None)

    def login(self, user: str, password: str) -> User:
        """Check a password.

        Raises:
            ModelError: unknown user, disabled user or wrong password, all told in one way.
        """
        known = self.users.get(user.removeprefix("user-").removesuffix("@local"))
        if known is None or known.disabled or not known.password or known.password != password:
            raise bad_login()
        known.last_connection = self.clock.now()
        return known
