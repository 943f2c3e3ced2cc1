"""The client over the small controller, in one process."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeVar

from cou.juju import error_replies, versions
from cou.juju.client import Client
from cou.juju.transport import Session

from .controller import FACADES, Controller, Refused

T = TypeVar("T")
UUID = "8419cd78-4993-4c3a-928e-c646226beeee"


class InProcess:
    """A transport whose network never fails."""

    def __init__(self, controller: Controller, access: str = "admin", over: str = "login"):
        self.controller = controller
        self.access = access
        self.over = over
        self.changed: list[str] = []

    @property
    def facades(self) -> Mapping[str, int]:
        return versions.choose(FACADES)

    async def session(self) -> Session:
        return Session(UUID, self.access, self.over, self.facades)

    async def call(
        self,
        facade: str,
        method: str,
        params: dict[str, Any],
        *,
        changes: bool,
        timeout_s: float | None = None,
    ) -> dict[str, Any]:
        versions.facade(self.facades, facade)
        if changes:
            self.changed.append(f"{facade}.{method}")
        try:
            return copy.deepcopy(self.controller.handle(facade, method, params))
        except Refused as refused:
            raise error_replies.refused(
                f"{facade}.{method}", refused.message, refused.code, changes=changes
            ) from None

    async def close(self) -> None:
        pass


def ask(controller: Controller, question: Callable[[Client], Coroutine[Any, Any, T]]) -> T:
    """Ask one question of a client over a controller."""
    return asyncio.run(question(Client(InProcess(controller), pauses_s=())))
