"""Sockets that take back what they have not delivered, when they or their process end.

A request that lies in the kernel would be sent again for minutes after its process was killed.
This makes that rare. It is no proof: what has left the machine may arrive at any time.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct

# What is not acknowledged for so long breaks the connection, in milliseconds.
_UNACKNOWLEDGED_MS = 30_000
_DISCARD = struct.pack("ii", 1, 0)
_DELIVER = struct.pack("ii", 0, 0)


async def connect(host: str, port: int) -> socket.socket:
    """Open a connection to the first of a host's addresses that answers.

    Raises:
        OSError: none does.
    """
    loop = asyncio.get_running_loop()
    failed: OSError = ConnectionRefusedError(f"{host} has no address")
    for family, kind, protocol, _, address in await loop.getaddrinfo(
        host, port, type=socket.SOCK_STREAM
    ):
        opened = socket.socket(family, kind, protocol)
        try:
            opened.setblocking(False)
            await loop.sock_connect(opened, address)
            _discard_unsent(opened)
        except OSError as error:
            opened.close()
            failed = error
        except BaseException:
            opened.close()
            raise
        else:
            return opened
    raise failed


def _discard_unsent(opened: socket.socket) -> None:
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DISCARD)
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _UNACKNOWLEDGED_MS)


def deliver(opened: socket.socket) -> None:
    """Have a socket deliver its goodbye after all, where no request is under way."""
    with contextlib.suppress(OSError):
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _DELIVER)
