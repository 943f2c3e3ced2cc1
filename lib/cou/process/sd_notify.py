"""Words to systemd, for the process that it started (sd_notify(3)); nothing happens elsewhere."""

from __future__ import annotations

import contextlib
import os
import socket

_SOCKET = "NOTIFY_SOCKET"
# What a child must not have: it would speak for its parent.
OWN = (_SOCKET, "WATCHDOG_PID", "WATCHDOG_USEC")


def notify(*lines: str) -> None:
    """Send assignments such as ``READY=1``; lost words are no reason to end an upgrade."""
    address = os.environ.get(_SOCKET, "")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with (
        contextlib.suppress(OSError),
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel,
    ):
        channel.settimeout(1)
        channel.sendto("\n".join(lines).encode(), address)
