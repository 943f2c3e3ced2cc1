"""The API server: TLS websockets on loopback, one JSON document per message."""

from __future__ import annotations

import asyncio
import contextlib
import http
import re
import socket
from collections.abc import Coroutine
from typing import Any

import websockets
from websockets.asyncio.server import Server as WebsocketServer
from websockets.asyncio.server import ServerConnection
from websockets.asyncio.server import serve as serve_websockets
from websockets.http11 import Request, Response

from ..model.controller import Controller
from ..model.errors import ModelError
from . import certificates, envelope
from .errors import WireError
from .faults import Faults, Verdict
from .session import Session

_MODEL_PATH = re.compile(r"^/model/([0-9a-f-]{36})/api$")


class _Connection(ServerConnection):
    """A connection whose TLS transport is closed once, whoever closes it first.

    From 3.11 on, asyncio's transport forgets its protocol when it is closed again, and fails
    whatever is asked of it afterwards; before 3.11.3 that includes to abort it, which websockets
    does at the end of each connection (cpython, Lib/asyncio/sslproto.py).
    """

    def send_data(self) -> None:
        if not self.transport.is_closing():
            super().send_data()
            return
        for _ in self.protocol.data_to_send():
            pass  # nobody is there any more who could be sent it


class Server:
    """A controller's API, served.

    Attributes:
        latency_s: real seconds between a request's arrival and its handling.
        faults: asked on each connection and around each call; replace it at any time.
        sessions: the connections that are open now.
    """

    def __init__(
        self,
        controller: Controller,
        certs: certificates.Certificates,
        latency_s: float = 0.0,
        faults: Faults | None = None,
    ):
        self.controller = controller
        self.latency_s = latency_s
        self.faults = faults or Faults()
        self.sessions: set[Session] = set()
        self.host = ""
        self.port = 0
        self._tls = certs.context()
        self._listeners: dict[int, WebsocketServer] = {}
        self._kept: dict[int, socket.socket] = {}  # of ports that are to be listened on again
        self._late: set[asyncio.Task[None]] = set()
        self._opening = asyncio.Lock()
        controller.ca = certs.ca

    @property
    def address(self) -> str:
        """``host:port``."""
        return f"{self.host}:{self.port}"

    async def listen(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Begin to accept connections; port 0 takes a free one, and it is kept afterwards."""
        self.host = host
        self.port = await self._listen(port)
        self.controller.addresses = [self.address]

    async def _listen(self, port: int) -> int:
        listener = await serve_websockets(
            self._connection,
            self.host,
            port,
            ssl=self._tls,
            compression=None,  # the real one negotiates none
            max_size=2**26,
            ping_interval=None,  # the client pings; the server answers
            process_request=self._check_path,
            close_timeout=1,
            create_connection=_Connection,
        )
        found: int = listener.sockets[0].getsockname()[1]
        self._listeners[found] = listener
        self._let_go(found)
        return found

    async def add_address(self) -> str:
        """Serve on one more port, as another controller of a cluster does; logins name it."""
        address = f"{self.host}:{await self._listen(0)}"
        self.controller.addresses = [*self.controller.addresses, address]
        return address

    async def remove_address(self, address: str) -> None:
        """Serve on a port no longer; its connections are cut, and logins do not name it.

        Raises:
            ValueError: it is not served, or it is the only one.
        """
        port = int(address.rpartition(":")[2])
        if port not in self._listeners or len(self._listeners) == 1:
            raise ValueError(f"{address} is not one of several addresses")
        await self._close(port)
        self.controller.addresses = [one for one in self.controller.addresses if one != address]
        if port == self.port:
            self.port = next(iter(self._listeners))

    async def refuse(self) -> None:
        """Stop listening on all ports: new connections are refused, open ones are cut."""
        for port in list(self._listeners):
            await self._close(port, keep=True)

    async def _close(self, port: int, *, keep: bool = False) -> None:
        for session in list(self.sessions):
            if session.port == port:
                session.drop()
        listener = self._listeners.pop(port)
        listener.close()
        if keep:
            while listener.is_serving():  # until a task of its own has closed its socket
                await asyncio.sleep(0)
            self._keep(port)
        await listener.wait_closed()

    def _keep(self, port: int) -> None:
        """Let nobody else be given a port; who connects to it is refused."""
        kept = self._kept[port] = socket.socket()
        kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # beside what is left of links
        kept.bind((self.host, port))

    def _let_go(self, port: int) -> None:
        if kept := self._kept.pop(port, None):
            kept.close()

    async def accept(self) -> None:
        """Listen again on the same ports."""
        async with self._opening:
            for address in self.controller.addresses:
                port = int(address.rpartition(":")[2])
                if port not in self._listeners:
                    await self._listen(port)

    def later(self, call: Coroutine[Any, Any, Any], seconds: float) -> None:
        """Let a call take effect later, when nobody waits for its answer any more."""

        async def wait() -> None:
            await asyncio.sleep(seconds)
            with contextlib.suppress(WireError):  # nobody is there to be told
                await call

        task = asyncio.get_running_loop().create_task(wait(), name="late call")
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        task.add_done_callback(lambda _: call.close())

    def drop_all(self) -> None:
        """Cut every open connection, as a controller that restarts."""
        for session in list(self.sessions):
            session.drop()

    async def close(self) -> None:
        """Stop for good; nothing is left running."""
        await self.refuse()
        for port in list(self._kept):
            self._let_go(port)
        for task in self._late:
            task.cancel()
        await asyncio.gather(*self._late, return_exceptions=True)
        for session in list(self.sessions):
            await session.ended()

    async def _check_path(self, connection: ServerConnection, request: Request) -> Response | None:
        if await self.faults.connecting(request.path) is Verdict.DROP:
            connection.transport.abort()
        if request.path != "/api" and not _MODEL_PATH.match(request.path):
            return connection.respond(http.HTTPStatus.NOT_FOUND, "404 page not found\n")
        return None

    async def _connection(self, connection: ServerConnection) -> None:
        try:
            await self._serve(connection)
        finally:
            # On Python 3.10 a TLS transport stays half open after the peer has gone.
            if not connection.transport.is_closing():
                connection.transport.close()

    async def _serve(self, connection: ServerConnection) -> None:
        path = connection.request.path if connection.request else "/api"
        match = _MODEL_PATH.match(path)
        try:
            session = Session(self, connection, path, match[1] if match else None)
        except ModelError as error:
            # The real one also accepts the socket and then answers every request this way.
            await _refuse_all(connection, error)
            return
        self.sessions.add(session)
        try:
            await session.run()
        finally:
            self.sessions.discard(session)


async def _refuse_all(connection: ServerConnection, error: ModelError) -> None:

    try:
        async for text in connection:
            request = envelope.parse(text)
            await connection.send(envelope.failure(request.id, error.message, error.code, None))
    except websockets.ConnectionClosed:
        return


async def serve(
    controller: Controller,
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    certs: certificates.Certificates | None = None,
    latency_s: float = 0.0,
    faults: Faults | None = None,
) -> Server:
    """Serve a controller's API; sets the controller's `ca` and `addresses`.

    Args:
        controller: with its models; their agents are started and stopped by the caller.
        host: where to listen.
        port: 0 for a free one.
        certs: CA and certificate; fresh ones by default.
        latency_s: real seconds of delay before each request.
        faults: what goes wrong.
    """
    loop = asyncio.get_running_loop()
    made = certs or await loop.run_in_executor(None, certificates.make)
    server = Server(controller, made, latency_s, faults)
    await server.listen(host, port)
    return server
