"""The control interface: a socket in the testbed's folder, which no fault of the network reaches.

Each connection carries one request, ``{"method": …, "params": {…}}``, and one reply,
``{"response": {…}}`` or ``{"error": text}``, both JSON in a line. The reply to a fault comes when
the fault is in force: whoever looks next meets it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import pathlib
import socket
import sys
from collections.abc import Iterator, Mapping
from typing import Any

from ..command.errors import CommandError
from ..model.access import User
from ..model.errors import ModelError
from ..wire.errors import WireError
from ..wire.facades import Dispatcher
from ..wire.facades.facade import Call, Handler
from .world import World

# The folder belongs to one user alone; who can open the socket is the testbed's operator.
OPERATOR = User("admin", "")
LONGEST_REQUEST = 64 * 1024 * 1024
PATIENCE_S = 120.0


@contextlib.contextmanager
def _short(path: pathlib.Path) -> Iterator[str]:
    """Give an address of a socket that is short, however long the path is."""
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


class Door:
    """The server's side.

    Args:
        world: whose first model the methods act on.
        methods: name -> handler.
    """

    def __init__(self, world: World, methods: Mapping[str, Handler]):
        self._world = world
        self._methods = methods
        self._server: asyncio.AbstractServer | None = None
        self._busy: set[asyncio.Task[None]] = set()

    async def open(self, path: pathlib.Path) -> None:
        """Listen at a path; its folder must keep others out."""
        # Python 3.13 would unlink the address by itself, through a descriptor closed by then.
        tidy: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
        with _short(path) as address:
            self._server = await asyncio.start_unix_server(
                self._serve, address, limit=LONGEST_REQUEST, **tidy
            )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._busy.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.CancelledError):
                line = await reader.readline()
                if line.endswith(b"\n"):
                    reply = await self._reply(json.loads(line))
                    writer.write(json.dumps(reply).encode() + b"\n")
                    await writer.drain()
        finally:
            self._busy.discard(task)
            writer.close()

    async def _reply(self, request: dict[str, Any]) -> dict[str, Any]:
        controller, uuid = self._world.controller, self._world.model.uuid
        session = Dispatcher(controller, uuid)
        call = Call(controller, OPERATOR, request["params"], 1, "", session)
        try:
            return {"response": await self._methods[request["method"]](call)}
        except (ModelError, WireError) as error:
            return {"error": error.message}

    async def close(self) -> None:
        """Stop listening; whoever waits for a reply gets none."""
        if self._server is not None:
            self._server.close()
        for task in list(self._busy):
            task.cancel()
        await asyncio.gather(*self._busy, return_exceptions=True)


def ask(path: pathlib.Path, method: str, params: dict[str, Any]) -> dict[str, Any]:
    """Ask the testbed whose socket this is; return its response.

    Raises:
        CommandError: it refuses, with its text; or it does not answer.
    """
    request = json.dumps({"method": method, "params": params}).encode() + b"\n"
    try:
        with _short(path) as address, socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(PATIENCE_S)
            connection.connect(address)
            connection.sendall(request)
            with connection.makefile("rb") as replies:
                line = replies.readline()
    except OSError as error:
        raise CommandError(f"the testbed does not answer: {error}") from error
    if not line.endswith(b"\n"):
        raise CommandError("the testbed ended before it answered")
    reply: dict[str, Any] = json.loads(line)
    if "error" in reply:
        raise CommandError(reply["error"])
    response: dict[str, Any] = reply["response"]
    return response
