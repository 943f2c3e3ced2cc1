"""The two sockets of a unit agent: one for hook tools, one for juju-exec.

Each connection carries one request and one reply: a line of lengths, and the texts that they
count. A request of a hook tool has its context, its name, its directory, its input and its
arguments, one of juju-exec the unit and the command; a reply the exit code, stdout and stderr.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ..model.errors import ModelError
from .context import HookContext
from .flags import ToolError
from .hooktools import TOOLS, Call
from .places import UnitPlaces

if TYPE_CHECKING:
    from ..model.model import Model


class Reply(NamedTuple):
    """What the program prints and how it ends."""

    code: int
    stdout: str
    stderr: str


Answer = Callable[..., Awaitable[Reply]]


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
        return await asyncio.start_unix_server(serve, address, **tidy)

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer
    ) -> None:
        with contextlib.suppress(ConnectionError, EOFError, asyncio.CancelledError):
            counts = [int(word) for word in (await reader.readline()).split()]
            fields = [_text(await reader.readexactly(count)) for count in counts]
            if fields:
                reply = await answer(*fields)
                texts = [str(field).encode("utf-8", "surrogateescape") for field in reply]
                lengths = " ".join(str(len(text)) for text in texts)
                writer.write(lengths.encode() + b"\n" + b"".join(texts))
                await writer.drain()
        writer.close()

    async def _hook_tool(
        self, opened: str, name: str, directory: str, stdin: str, *arguments: str
    ) -> Reply:
        context = self._contexts.get(opened)
        if context is None or context.unit.name != self._unit():
            return _failure(f'bad request: unknown context "{opened}"')
        tool = TOOLS.get(name)
        if tool is None:
            return _failure(f'bad request: unknown command "{name}"')
        try:
            return Reply(0, tool(Call(context, list(arguments), stdin, directory)), "")
        except ToolError as error:
            return _failure(str(error), error.code)
        except ModelError as error:
            return _failure(error.message)

    def _unit(self) -> str:
        application, _, number = self._places.tag.removeprefix("unit-").rpartition("-")
        return f"{application}/{number}"

    async def _juju_exec(self, unit: str, command: str) -> Reply:
        try:
            outcome = await self._model.juju_exec(unit, command)
        except ModelError as error:
            return _failure(error.message)
        return Reply(outcome.code, outcome.stdout, outcome.stderr)

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
    return Reply(code, "", f"ERROR {message}\n")


def _text(field: bytes) -> str:
    return field.decode("utf-8", "surrogateescape")
