"""One connection: requests are handled side by side, replies go out as they are ready."""

from __future__ import annotations

import asyncio
import traceback
from typing import TYPE_CHECKING, Any

import websockets
from websockets.asyncio.server import ServerConnection

from . import envelope
from .errors import WireError
from .facades import Dispatcher
from .faults import Seen, Verdict

if TYPE_CHECKING:
    from .server import Server


class Session:
    """A connection with its dispatcher; also the link that faults see.

    Attributes:
        path: ``/api`` or ``/model/<uuid>/api``.
        port: of the controller's that the client has come to.
    """

    def __init__(
        self, server: Server, connection: ServerConnection, path: str, model_uuid: str | None
    ):
        self.path = path
        self.port: int = connection.local_address[1]
        self.dispatcher = Dispatcher(server.controller, model_uuid)
        self._server = server
        self._connection = connection
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Read requests until the connection ends."""
        try:
            async for text in self._connection:
                request = envelope.parse(text)
                task = asyncio.get_running_loop().create_task(self._answer(request))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        except websockets.ConnectionClosed:
            pass  # the client went away, or a fault cut it
        except envelope.BadRequest:
            await self._connection.close(1002)
        finally:
            await self._finish()

    async def _finish(self) -> None:
        """Stop watchers and what is still being answered; changes already made stay made."""
        for watcher in self.dispatcher.watchers.values():
            watcher.stopped = True
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._ended.set()

    async def ended(self) -> None:
        """Wait until nothing of the connection is left."""
        await self._ended.wait()

    def drop(self) -> None:
        """Cut the TCP connection, without a closing handshake."""
        self._connection.transport.abort()

    def freeze(self) -> None:
        """Read nothing more: no requests, no pongs."""
        self._connection.transport.pause_reading()

    def thaw(self) -> None:
        """Read again."""
        self._connection.transport.resume_reading()

    async def _answer(self, request: envelope.Request) -> None:
        reply = await self._reply(request)
        if reply is None:
            return
        try:
            pieces = envelope.fragments(reply)
            # Of several pieces each is a frame; the library adds an empty one as the last.
            await self._connection.send(
                pieces[0] if len(pieces) == 1 else [one for one in pieces if one]
            )
        except websockets.ConnectionClosed:
            return

    async def _reply(self, request: envelope.Request) -> str | None:
        """Return the reply's text, or None where a fault keeps it back."""
        user = self.dispatcher.user
        seen = Seen(
            self,
            user.name if user else "",
            request.facade,
            request.version,
            request.method,
            request.params,
        )
        if self._server.latency_s:
            await asyncio.sleep(self._server.latency_s)
        faults = self._server.faults
        try:
            verdict = await faults.before(seen)
            if verdict is Verdict.LATE:
                self._server.later(self._call(request), faults.late_s)
            if not self._passes(verdict):
                return None
            response = faults.reply(seen, await self._call(request))
            text = envelope.success(request.id, response)
            verdict = await faults.after(seen)
            if verdict is Verdict.CUT:
                self._send_half(text)
            return text if self._passes(verdict) else None
        except WireError as error:
            return envelope.failure(request.id, error.message, error.code, error.info)
        except (TypeError, ValueError, KeyError, AttributeError) as error:
            # Process boundary: nonsense in a request must not end the connection unanswered.
            traceback.print_exc()
            return envelope.failure(request.id, f"{type(error).__name__}: {error}", "", None)

    async def _call(self, request: envelope.Request) -> dict[str, Any]:
        return await self.dispatcher.call(
            request.facade, request.version, request.object_id, request.method, request.params
        )

    def _send_half(self, text: str) -> None:
        """Send the head of a frame and half of what it announces (RFC 6455, 5.2)."""
        data = text.encode()
        head = b"\x81\x7f" + len(data).to_bytes(8, "big")
        self._connection.transport.write(head + data[: len(data) // 2])

    def _passes(self, verdict: Verdict) -> bool:
        if verdict in (Verdict.DROP, Verdict.LATE):
            self.drop()
        elif verdict is Verdict.CUT:
            self._connection.transport.close()  # what was written still goes out
        return verdict is Verdict.PASS
