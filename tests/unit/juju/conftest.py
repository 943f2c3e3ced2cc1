from __future__ import annotations

import traceback
from asyncio import sslproto

import pytest


@pytest.fixture(autouse=True)
def nothing_asked_of_a_forgotten_transport(monkeypatch):
    """Fail as Debian 12's 3.11.2 does where a TLS transport is aborted that was closed twice.

    Later releases forgive this, and fail with whatever else is asked of it.
    """
    transport = sslproto._SSLProtocolTransport
    abort, asked = transport.abort, []

    def aborting(self):
        if self._ssl_protocol is None:
            asked.append("".join(traceback.format_stack(limit=4)))
        abort(self)

    monkeypatch.setattr(transport, "abort", aborting)
    yield
    assert asked == []
