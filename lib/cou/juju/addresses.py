"""Which of several addresses opens first: one that is filtered must not cost its whole limit.

A controller has many addresses, and a client often knows some that cannot be reached from where it
is. They are tried a quarter of a second apart, as RFC 8305 has it, and the first that opens wins.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import Sequence

from .. import concurrency

_APART_S = 0.25


@dataclasses.dataclass(frozen=True)
class AddressOrder:
    """Which addresses opened, and which did not.

    Attributes:
        order: the addresses in the order in which to log in; empty where none has opened.
        closed: address and reason of each, where none has opened.
    """

    order: tuple[str, ...]
    closed: tuple[tuple[str, str], ...] = ()


async def find_open(addresses: Sequence[str], limit_s: float) -> AddressOrder:
    """Open and close a connection to each address until one has opened.

    Args:
        addresses: ``host:port`` or ``[host]:port``, the most likely first.
        limit_s: how long an address may take, in seconds.
    """
    tasks = [
        concurrency.begin_task(_try(address, number * _APART_S, limit_s), f"connect to {address}")
        for number, address in enumerate(addresses)
    ]
    closed: list[tuple[str, str]] = []
    try:
        for one in asyncio.as_completed(tasks):
            address, reason = await one
            if not reason:
                others = [other for other in addresses if other != address]
                return AddressOrder((address, *others))
            closed.append((address, reason))
    finally:
        await concurrency.end_tasks(*tasks)
    return AddressOrder((), tuple(sorted(closed, key=lambda pair: list(addresses).index(pair[0]))))


async def _try(address: str, after_s: float, limit_s: float) -> tuple[str, str]:
    """Return an address and why it did not open; empty if it did."""
    await asyncio.sleep(after_s)
    host, _, port = address.rpartition(":")
    try:
        opening = asyncio.open_connection(host.strip("[]"), port)
        _, writer = await concurrency.with_timeout(opening, limit_s)
    except asyncio.TimeoutError:
        return address, f"no answer within {limit_s:g} s"
    except OSError as error:
        return address, str(error) or type(error).__name__
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return address, ""
