"""Sends what may be sent twice until it is answered."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from ..errors import JujuError

TRIES = 6
"""A controller that restarts can cut off several answers in a row; each try waits for it anew."""
_PAUSE_S = 1.0

_T = TypeVar("_T")


async def until_answered(
    send: Callable[[], Awaitable[_T]],
    sleep: Callable[[float], Awaitable[None]],
    *,
    tries: int = TRIES,
    pause_s: float = _PAUSE_S,
) -> _T:
    """Send a request, again where its answer was lost; a longer pause each time.

    Args:
        send: asks for something that asking twice does not alter.
        tries: how often it is sent at most.
        pause_s: the first pause.

    Raises:
        JujuError: it was refused, or not answered in so many tries.
    """
    number = 1
    while True:
        try:
            return await send()
        except JujuError as error:
            if error.sent is not None or number == tries:
                raise
        await sleep(number * pause_s)
        number += 1
