"""One question to Juju."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from ..errors import JujuError
from .reply import Reply
from .transport import Transport

_T = TypeVar("_T")
# Before an answer that is not of its form is asked for again: it may come from a controller that
# is just beginning or ending. One that always answers so is not known here.
PAUSES_S = (0.25, 1.0, 2.0)


class Requester:
    """Facade calls whose replies are read with care.

    Args:
        pauses_s: how long to wait before each repetition of what was answered in another form.
    """

    def __init__(self, transport: Transport, pauses_s: tuple[float, ...] = PAUSES_S):
        self.transport = transport
        self._pauses_s = pauses_s

    async def again(self, read: Callable[[], Awaitable[_T]]) -> _T:
        """Read something that changes nothing; again where the answer is not of its form."""
        for pause_s in self._pauses_s:
            try:
                return await read()
            except JujuError as error:
                if error.code != "bad-reply":
                    raise
            await asyncio.sleep(pause_s)
        return await read()

    async def read(self, facade: str, method: str, params: Mapping[str, Any]) -> Reply:
        """Ask something that changes nothing."""
        return await self._ask(facade, method, params, changes=False)

    async def change(self, facade: str, method: str, params: Mapping[str, Any]) -> Reply:
        """Ask for a change; it is sent at most once."""
        return await self._ask(facade, method, params, changes=True)

    async def _ask(
        self, facade: str, method: str, params: Mapping[str, Any], *, changes: bool
    ) -> Reply:
        raw = await self.transport.call(facade, method, dict(params), changes=changes)
        reply = Reply(raw, f"{facade}.{method}", changes=changes)
        # Calls for one thing carry their error in the reply itself (`AddCharm`).
        return reply.good("")
