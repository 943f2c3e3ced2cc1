"""The command's own end of a websocket, against the library's other end."""

from __future__ import annotations

import contextlib
import functools
import http
import queue
import socket as socketlib
import threading
from collections.abc import Callable, Iterator

import pytest
from juju_testbed.command.client import SERVER_NAME, tls
from juju_testbed.command.websocket import WebSocket
from juju_testbed.wire import certificates
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

Dial = Callable[[str], WebSocket]
PATIENCE_S = 120.0  # for what comes at once unless the machine is busy


def _serve(codes: queue.Queue[int | None], connection: ServerConnection) -> None:
    """Answer what is said: a word with what it asks for, any other text with itself."""
    with contextlib.suppress(ConnectionClosed):
        for text in connection:
            if text == "ping me":
                connection.send(str(connection.ping().wait(PATIENCE_S)))
            elif text == "in pieces":
                connection.send(iter(["one ", "two ", "drei ✓"]))
            elif text == "leave":
                return
            elif text == "vanish":
                connection.socket.shutdown(socketlib.SHUT_RDWR)
            else:
                connection.send(text)
    codes.put(connection.protocol.close_code)


def _only_echo(connection: ServerConnection, request: Request) -> Response | None:
    return None if request.path == "/echo" else connection.respond(http.HTTPStatus.NOT_FOUND, "")


@pytest.fixture
def codes() -> queue.Queue[int | None]:
    """With what the connections to the server were closed."""
    return queue.Queue()


@pytest.fixture
def dial(codes: queue.Queue[int | None]) -> Iterator[Dial]:
    """A function that opens a websocket at a path of a server."""
    made = certificates.make()
    context, opened = tls(made.ca), []
    with serve(
        functools.partial(_serve, codes),
        "127.0.0.1",
        0,
        ssl=made.context(),
        process_request=_only_echo,
        compression=None,
        max_size=None,
        close_timeout=1,
    ) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        host, port = server.socket.getsockname()

        def at(path: str) -> WebSocket:
            opened.append(WebSocket(f"{host}:{port}", path, context, SERVER_NAME, PATIENCE_S))
            return opened[-1]

        yield at
        for one in opened:
            one.close()
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536, 300_000])
def test_a_message_of_any_length_comes_and_goes_whole(dial: Dial, size: int):
    socket = dial("/echo")
    for text in ("x" * size, "ü" * (size // 2)):
        socket.send(text)
        assert socket.receive() == text


def test_pieces_are_put_together(dial: Dial):
    socket = dial("/echo")
    socket.send("in pieces")
    assert socket.receive() == "one two drei ✓"


def test_a_ping_is_answered(dial: Dial):
    socket = dial("/echo")
    socket.send("ping me")
    assert socket.receive() == "True"


@pytest.mark.parametrize("word", ["leave", "vanish"])
def test_an_end_that_goes_is_noticed_and_can_be_closed(dial: Dial, word: str):
    socket = dial("/echo")
    socket.send(word)
    with pytest.raises(ConnectionError):
        socket.receive()


def test_the_other_end_is_told_of_a_close(dial: Dial, codes: queue.Queue[int | None]):
    dial("/echo").close()
    assert codes.get(timeout=PATIENCE_S) == 1000


def test_what_is_no_websocket_is_refused(dial: Dial):
    with pytest.raises(ConnectionError, match="404"):
        dial("/other")


def test_an_authority_that_is_not_trusted_is_refused(dial: Dial):
    socket = dial("/echo")
    host, port = socket._socket.getpeername()
    with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
        WebSocket(f"{host}:{port}", "/echo", tls(certificates.make().ca), SERVER_NAME, PATIENCE_S)
