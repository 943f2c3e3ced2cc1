"""What a runner knows of the world around it without looking: nothing. A simulation knows more.

A simulation has the model and all who write the journal in its own process. It may say that
nothing has happened since the last look, so that hours in which nothing does cost nothing.
"""

from __future__ import annotations

import asyncio
import contextlib

from .. import concurrency


class Outside:
    """The real world."""

    async def pause(self, seconds: float, news: asyncio.Event) -> None:
        """Sleep until the next look at the journal, which comes every `seconds`, or at once.

        Args:
            seconds: between two looks.
            news: set when there is something to write down, and by a signal: look now.
        """
        with contextlib.suppress(asyncio.TimeoutError):
            await concurrency.with_timeout(news.wait(), seconds)
        news.clear()

    def changes(self) -> object:
        """Return what equals an earlier answer only if the model shows the same as then."""
        return object()
