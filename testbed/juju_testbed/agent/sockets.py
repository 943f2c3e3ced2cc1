"""The two sockets of a unit agent: one for hook tools, one for juju-exec.

Each connection carries one request and one reply, both JSON in a line.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from ..model.errors import ModelError
from .context import HookContext
from .flags import ToolError
from .hooktools import TOOLS, Call
from .places import UnitPlaces

if TYPE_CHECKING:
    from ..model.model import Model

LONGEST_REQUEST = 64 * 1024 * 1024
Reply = dict[str, Any]
Answer = Callable[[dict[str, Any]], Awaitable[Reply]]


class UnitSockets:
    """Serves one unit; `contexts` are those of all units, by id."""

    def __init__(self, model: Model, contexts: Mapping[str, HookContext], places: UnitPlaces):
        self._model = model
        self._contexts = contexts
        self._places = places
        self._servers: list[asyncio.AbstractServer] = []
        self._busy: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen on both sockets."""
        address = "\0" + self._places.agent_socket[1:]
        self._servers.append(await self._listen(address, self._hook_tool))
        self._places.run_socket.unlink(missing_ok=True)
        # Through the folder's descriptor the address stays short, however long the path is.
        folder = os.open(self._places.agent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            short = f"/proc/self/fd/{folder}/{self._places.run_socket.name}"
            self._servers.append(await self._listen(short, self._juju_exec))
        finally:
            os.close(folder)
        self._places.run_socket.chmod(0o700)

    async def _listen(self, address: str, answer: Answer) -> asyncio.AbstractServer:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._busy.add(task)
            try:
                await self._serve(reader, writer, answer)
            finally:
                self._busy.discard(task)

        # Python 3.13 would unlink the address by itself, through a descriptor closed by then.
        tidy: dict[str, Any] = {"cleanup_socket": False} if sys.version_info >= (3, 13) else {}
        return await asyncio.start_unix_server(serve, address, limit=LONGEST_REQUEST, **tidy)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer
    ) -> None:
        with contextlib.suppress(ConnectionError, asyncio.CancelledError):
            line = await reader.readline()
            if line.endswith(b"\n"):
                reply = await answer(json.loads(line))
                writer.write(json.dumps(reply).encode() + b"\n")
                await writer.drain()
        writer.close()

    async def _hook_tool(self, request: dict[str, Any]) -> Reply:
        context = self._contexts.get(request["context"])
        if context is None or context.unit.name != self._unit():
            return _failure(f'bad request: unknown context "{request["context"]}"')
        tool = TOOLS.get(request["tool"])
        if tool is None:
            return _failure(f'bad request: unknown command "{request["tool"]}"')
        call = Call(context, request["arguments"], request["stdin"], request["directory"])
        try:
            return {"code": 0, "stdout": tool(call), "stderr": ""}
        except ToolError as error:
            return _failure(str(error), error.code)
        except ModelError as error:
            return _failure(error.message)

    def _unit(self) -> str:
        application, _, number = self._places.tag.removeprefix("unit-").rpartition("-")
        return f"{application}/{number}"

    async def _juju_exec(self, request: dict[str, Any]) -> Reply:
        try:
            outcome = await self._model.juju_exec(request["unit"], request["command"])
        except ModelError as error:
            return _failure(error.message)
        return {"code": outcome.code, "stdout": outcome.stdout, "stderr": outcome.stderr}

    async def close(self) -> None:
        """Stop listening; whoever waits for an answer gets none."""
        for server in self._servers:
            server.close()
        for task in list(self._busy):
            task.cancel()
        await asyncio.gather(*self._busy, return_exceptions=True)
        self._servers.clear()
        self._places.run_socket.unlink(missing_ok=True)


def _failure(message: str, code: int = 1) -> Reply:
    return {"code": code, "stdout": "", "stderr": f"ERROR {message}\n"}
