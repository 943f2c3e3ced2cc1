"""One question to Juju."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .reply import Reply
from .transport import Transport


class Asker:
    """Facade calls whose replies are read with care."""

    def __init__(self, transport: Transport):
        self.transport = transport

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
        error = reply.failure("")
        if error is not None:
            raise error
        return reply
