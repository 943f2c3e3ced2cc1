"""The world's clock: a scaled view of the running event loop's time, and nothing else."""

from __future__ import annotations

import asyncio
import datetime
from collections.abc import Callable
from typing import Any

_TICK = datetime.timedelta(microseconds=1)


class Clock:
    """Tells and waits for world time.

    All waiting goes through the running asyncio loop, so that under a loop whose time is virtual
    the whole world is virtual too.

    Args:
        scale: world seconds that pass in one second of the loop; 60 makes an hour a minute.
        epoch: the world's time at the first use; the present by default. Must be aware.
    """

    def __init__(self, scale: float = 1.0, epoch: datetime.datetime | None = None):
        if scale <= 0:
            raise ValueError(f"scale must be positive, not {scale}")
        self.scale = scale
        self._epoch = epoch or datetime.datetime.now(datetime.timezone.utc)
        self._origin: float | None = None
        self._last = self._found = self._epoch - _TICK
        self._read_at: float | None = None
        self._set_by = datetime.timedelta()

    def now(self) -> datetime.datetime:
        """Return the world's time in UTC; every call gives a later one.

        Strictly later, because a controller never stamps two writes with one nanosecond, and
        readers compare stamps (``since > t0``) to order them.
        """
        later, read = self._last + _TICK, self._read()
        self._last = read if read > later else later
        return self._last

    def steady(self) -> datetime.datetime:
        """Return the time that it would be, had nobody set the clock: for what takes a while."""
        return self.now() - self._set_by

    def _read(self) -> datetime.datetime:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:  # built before the loop runs: time stands still until then
            return self._last
        at = loop.time()
        if self._origin is None:
            self._origin = at
        if at != self._read_at:  # of a virtual loop, most reads are at the moment of the last
            passed = datetime.timedelta(seconds=(at - self._origin) * self.scale)
            self._read_at, self._found = at, self._epoch + passed
        return self._found

    def __getstate__(self) -> dict[str, Any]:
        """Keep the time; the loop that it was read from is another one next time."""
        now = self.now()
        kept = {"scale": self.scale, "_epoch": now, "_last": now, "_found": now}
        kept["_set_by"] = self._set_by
        return {**kept, "_origin": None, "_read_at": None}

    def resume(self, moment: datetime.datetime) -> None:
        """Go on from a time that is later than the one that was kept."""
        if moment > self._last:
            self._epoch, self._origin, self._read_at = moment, None, None

    def jump(self, world_seconds: float) -> None:
        """Set the clock forward or back, as a correction by hand or by NTP does.

        Who sleeps is not woken earlier or later: durations are measured on another clock.
        """
        self._epoch += datetime.timedelta(seconds=world_seconds)
        self._set_by += datetime.timedelta(seconds=world_seconds)
        self._read_at = None
        if world_seconds < 0:
            self._last += datetime.timedelta(seconds=world_seconds)

    async def sleep(self, world_seconds: float) -> None:
        """Wait for some world seconds."""
        await asyncio.sleep(world_seconds / self.scale)

    def call_later(
        self, world_seconds: float, callback: Callable[[], object]
    ) -> asyncio.TimerHandle:
        """Call back after some world seconds; the handle cancels it."""
        return asyncio.get_running_loop().call_later(world_seconds / self.scale, callback)


def whole_seconds(moment: datetime.datetime) -> datetime.datetime:
    """Cut a time to seconds, as times of tasks and secrets are kept."""
    return moment.replace(microsecond=0)
