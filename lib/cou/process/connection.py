"""A client of the model, whose account may become another while it is used."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncGenerator, Callable

from ..juju.account import Account
from ..juju.client import Client
from ..juju.transport import LibjujuTransport, Timing
from .access import Access

# A run outlives a restart of its controller; a plan must answer soon.
RUN_TIMING = Timing(call_s=60.0, window_s=900.0)
PLAN_TIMING = Timing(call_s=20.0, connect_s=8.0, window_s=12.0)


def open_client(
    access: Access,
    timing: Timing,
    fresh: Callable[[], Access] | None = None,
    *,
    any_version: bool = False,
) -> Client:
    """Return a client; it connects when it is first used.

    Args:
        fresh: gives the account at each login, since the secret may have changed.
        any_version: also of a Juju that is not supported: to end what was begun.
    """
    # At DEBUG this logger writes whole requests, the login's password among them.
    logging.getLogger("juju.client.connection").setLevel(logging.INFO)

    def account() -> Account:
        now = fresh() if fresh is not None else access
        return Account(now.username, now.password)

    return Client(
        LibjujuTransport(
            access.addresses,
            access.cacert,
            access.model_uuid,
            account,
            timing,
            any_version=any_version,
        )
    )


@contextlib.asynccontextmanager
async def opened(
    access: Access, timing: Timing, *, any_version: bool = False
) -> AsyncGenerator[Client]:
    """Give a client for a while, as `open_client` does, and close it."""
    client = open_client(access, timing, any_version=any_version)
    try:
        yield client
    finally:
        await client.close()
