"""What a facade is: a name, its versions, and methods with the access that each needs."""

from __future__ import annotations

import dataclasses
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from ...model.access import User
from ...model.controller import Controller
from ...model.model import Model
from ..errors import WireError
from ..shapes import field

if TYPE_CHECKING:
    from .dispatcher import Dispatcher


@dataclasses.dataclass(frozen=True)
class Call:
    """One call of a method.

    Attributes:
        user: who asks.
        params: the request's parameters; read them with `get`.
        version: of the facade.
        object_id: watcher id, or empty.
        session: the connection's dispatcher, which keeps its watchers.
    """

    controller: Controller
    user: User
    params: dict[str, Any]
    version: int
    object_id: str
    session: Dispatcher

    @property
    def model(self) -> Model:
        """The model of the connection.

        Raises:
            WireError: it is a connection to the controller.
        """
        if self.session.model is None:
            raise WireError("this connection has no model", "not supported")
        return self.session.model

    @property
    def by(self) -> str:
        """The name of the user that asks, for the log."""
        return self.user.name

    def get(self, name: str, default: Any = None) -> Any:
        """Read a parameter whatever its case; null counts as absent."""
        return field(self.params, name, default)


Handler = Callable[[Call], Awaitable[dict[str, Any]]]


@dataclasses.dataclass(frozen=True)
class Method:
    """A method: `level` is the access it needs on the model, or ``superuser``, or empty.

    `changes` says that change blocks of the model stop it; `since` is the first version of the
    facade that has it; `fresh` that the reply is made of nothing that the model keeps.
    """

    handler: Handler
    level: str
    changes: bool
    since: int = 0
    fresh: bool = False


@dataclasses.dataclass
class Facade:
    """A facade; `scope` is ``model``, ``controller`` or ``both``."""

    name: str
    versions: tuple[int, ...]
    scope: str = "model"
    methods: dict[str, Method] = dataclasses.field(default_factory=dict)

    def method(
        self,
        name: str,
        level: str = "",
        changes: bool = False,
        since: int = 0,
        fresh: bool = False,
    ) -> Callable[[Handler], Handler]:
        """Register the function below as a method."""

        def register(handler: Handler) -> Handler:
            self.methods[name] = Method(handler, level, changes, since, fresh)
            return handler

        return register
