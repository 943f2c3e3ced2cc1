"""How a message is cut into frames: as gorilla's websocket does it for Juju."""

from __future__ import annotations

import asyncio
import json

import pytest
from juju_testbed.wire import certificates, envelope
from juju_testbed.wire.server import serve

from .test_server import raw

CERTS = certificates.make()
LOGIN = {"auth-tag": "user-admin", "credentials": "admin-secret", "client-version": "3.6.0"}


async def ask(socket, number, facade, version, method, params):
    """Send a request; return the frames of the reply."""
    request = {
        "request-id": number,
        "type": facade,
        "version": version,
        "request": method,
        "params": params,
    }
    await socket.send(json.dumps(request))
    return [frame async for frame in socket.recv_streaming()]


def reply_of(cloud, size):
    """Ask for annotations of about `size` bytes; return the frames."""

    async def main():
        cloud.model.annotations["unit-keystone-0"] = {"text": "x" * size}
        server = await serve(cloud.controller, certs=CERTS)
        try:
            path = f"/model/{cloud.model.uuid}/api"
            async with raw(cloud, server, path, compression=None) as socket:
                await ask(socket, 1, "Admin", 3, "Login", LOGIN)
                entities = {"entities": [{"tag": "unit-keystone-0"}]}
                return await ask(socket, 2, "Annotations", 2, "Get", entities)
        finally:
            await server.close()

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        (100, ["whole"]),
        (6_000, [envelope.ROOM, "rest", 0]),
        (60_000, ["whole", 0]),
    ],
)
def test_a_large_message_comes_in_several_frames(cloud, size, shape):
    frames = reply_of(cloud, size)
    text = "".join(frames)
    assert text.endswith("}\n")
    assert json.loads(text)["response"]["results"][0]["annotations"]["text"] == "x" * size
    lengths = {"whole": len(text), "rest": len(text) - envelope.ROOM}
    assert [len(frame) for frame in frames] == [lengths.get(one, one) for one in shape]


@pytest.mark.parametrize("length", [1, 4_081, 4_082, 8_191, 8_192, 100_000])
def test_no_byte_is_lost_between_the_frames(length):
    text = "x" * length
    pieces = envelope.fragments(text)
    assert "".join(pieces) == f"{text}\n"
    assert all(len(piece) <= envelope.ROOM for piece in pieces) or pieces[1:] == [""]
