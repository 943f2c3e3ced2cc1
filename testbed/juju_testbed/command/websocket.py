"""The client's end of a websocket (RFC 6455) over TLS: texts, from one caller at a time.

`juju` starts anew for each line that is typed, and the library that serves takes longer to load
than a controller takes to answer. Here is as much of the protocol as the answers need.
"""

from __future__ import annotations

import base64
import os
import socket
import ssl

_CONTINUED, _TEXT, _CLOSE, _PING, _PONG = 0x0, 0x1, 0x8, 0x9, 0xA
_LAST, _MASKED = 0x80, 0x80
_NORMAL = (1000).to_bytes(2, "big")


class WebSocket:
    """An open websocket.

    Args:
        endpoint: ``host:port``.
        path: what is asked for there.
        tls: whom to trust.
        server_name: that the certificate bears; it and the host are plain ASCII.
        timeout_s: for each step of opening.

    Raises:
        OSError: nobody answers, or not with a websocket.
    """

    def __init__(
        self, endpoint: str, path: str, tls: ssl.SSLContext, server_name: str, timeout_s: float
    ):
        host, _, port = endpoint.rpartition(":")
        # Names as bytes: for texts the codec of international ones would be loaded.
        address = (host.strip("[]").encode(), int(port))
        plain = socket.create_connection(address, timeout_s)
        try:
            self._socket = tls.wrap_socket(plain, server_hostname=server_name.encode())
        except OSError:
            plain.close()
            raise
        self._incoming = self._socket.makefile("rb")
        try:
            self._upgrade(endpoint, path)
        except OSError:
            self._end()
            raise
        self._socket.settimeout(None)

    def _upgrade(self, endpoint: str, path: str) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {endpoint}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        status, *_ = [line.decode("latin-1") for line in iter(self._line, b"")] or [""]
        if status.split()[1:2] != ["101"]:
            raise ConnectionError(f"no websocket: {status or 'connection closed'}")

    def _line(self) -> bytes:
        return self._incoming.readline(65536).strip()

    def send(self, text: str) -> None:
        """Send a message."""
        self._send(_TEXT, text.encode())

    def _send(self, kind: int, content: bytes) -> None:
        size = len(content)
        if size < 126:
            head = bytes((_LAST | kind, _MASKED | size))
        elif size < 1 << 16:
            head = bytes((_LAST | kind, _MASKED | 126)) + size.to_bytes(2, "big")
        else:
            head = bytes((_LAST | kind, _MASKED | 127)) + size.to_bytes(8, "big")
        key = os.urandom(4)
        mask = int.from_bytes((key * (size // 4 + 1))[:size], "big")
        masked = (int.from_bytes(content, "big") ^ mask).to_bytes(size, "big")
        self._socket.sendall(head + key + masked)

    def receive(self) -> str:
        """Wait for a message.

        Raises:
            OSError: the other end has gone.
        """
        message = b""
        while True:
            first, size = self._take(2)
            if size > 125:
                size = int.from_bytes(self._take(2 if size == 126 else 8), "big")
            content = self._take(size)
            kind = first & 0x0F
            if kind == _CLOSE:
                raise ConnectionError("the other end has closed the connection")
            if kind == _PING:
                self._send(_PONG, content)
            if kind in (_CONTINUED, _TEXT):
                message += content
                if first & _LAST:
                    return message.decode()

    def _take(self, size: int) -> bytes:
        taken = self._incoming.read(size)
        if len(taken) < size:
            raise ConnectionError("the connection has ended")
        return taken

    def close(self) -> None:
        """Say that this is the end, and wait for no answer, as `juju` does."""
        try:
            self._send(_CLOSE, _NORMAL)
        except OSError:
            pass  # the other end was faster
        finally:
            self._end()

    def _end(self) -> None:
        self._incoming.close()
        self._socket.close()
