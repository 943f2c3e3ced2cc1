"""The corner of Charmhub that clients ask by themselves: over plain HTTP, on loopback.

python-libjuju reads ``/v2/charms/info/<charm>`` (libjuju: juju/charmhub.py): its refresh the
resources, its users a charm's id and whether it is a subordinate. Charms here have no resources,
so every charm's answer lists none; ``fields`` narrows nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import http
import json
import re
from typing import Any

from ..model import charmurl
from ..model.store import NotInStore, Store

_REQUEST = re.compile(rb"^GET /v2/charms/info/([a-z0-9-]+)(?:\?\S*)? HTTP/1\.[01]$")
_READ_S = 10.0


class Charmhub:
    """A store's front door.

    Attributes:
        url: for the model's ``charmhub-url``, once it listens.
        asked: names of the charms that clients asked for.
    """

    def __init__(self, store: Store):
        self.url = ""
        self.asked: list[str] = []
        self._store = store
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def listen(self) -> None:
        """Begin to accept connections on a free port of loopback."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"

    async def close(self) -> None:
        """Stop; open connections are cut."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request; every answer ends its connection."""
        self._writers.add(writer)
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _READ_S)
            status, body = self._answer(head.split(b"\r\n", 1)[0])
            text = json.dumps(body).encode()
            writer.write(
                f"HTTP/1.1 {status.value} {status.phrase}\r\n"
                "Content-Type: application/json\r\nConnection: close\r\n"
                f"Content-Length: {len(text)}\r\n\r\n".encode()
                + text
            )
            await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, asyncio.TimeoutError):
            pass  # no request came; there is nothing to answer
        except ConnectionError:
            pass  # whoever asked has gone
        finally:
            self._writers.discard(writer)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def _answer(self, line: bytes) -> tuple[http.HTTPStatus, dict[str, Any]]:
        match = _REQUEST.match(line)
        if match is None:
            return http.HTTPStatus.NOT_FOUND, _error("resource-not-found", "no such page")
        name = match[1].decode()
        self.asked.append(name)
        try:
            found = self._store.resolve(name, "", "jammy", None)
        except NotInStore as error:
            return http.HTTPStatus.NOT_FOUND, _error("not-found", str(error))
        revision = {"revision": found.revision, "subordinate": found.definition.subordinate}
        release = {"resources": [], "revision": revision}
        told = {"id": charmurl.charm_id(name), "name": name, "type": "charm"}
        return http.HTTPStatus.OK, {**told, "default-release": release}


def _error(code: str, message: str) -> dict[str, Any]:
    return {"error-list": [{"code": code, "message": message}]}
