"""Time as the run sees it: UTC stamps, a monotonic clock for durations, and sleep.

What only reads a journal wants stamps and no event loop, so asyncio is imported late.
"""

from __future__ import annotations

import datetime
import pathlib
import uuid
from typing import Protocol

_BOOT = pathlib.Path("/proc/sys/kernel/random/boot_id")


class Clock(Protocol):
    """What the run needs of time; a simulation gives one of its own."""

    def now(self) -> datetime.datetime:
        """Return the time as an aware datetime in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        ...

    def epoch(self) -> str:
        """Return what `monotonic` counts from; only values of the same epoch can be compared.

        Empty where that cannot be told: such a value compares with none of another process.
        """
        ...

    async def sleep(self, seconds: float) -> None:
        """Sleep without holding up anything else."""
        ...


class LoopClock:
    """The clock of the running event loop: real in a process, virtual in a simulation.

    Args:
        start: the time at the moment of creation; the machine's own clock if not given.
    """

    def __init__(self, start: datetime.datetime | None = None):
        import asyncio

        self._start = start
        self._loop = asyncio.get_running_loop()
        self._at = self._loop.time()
        self._epoch = boot() if start is None else f"{uuid.uuid4()}"

    def now(self) -> datetime.datetime:
        """Return the machine's time, or the start plus what the loop's clock has gone on."""
        if self._start is None:
            return utc_now()
        return self._start + datetime.timedelta(seconds=self.monotonic() - self._at)

    def monotonic(self) -> float:
        """Return the loop's clock."""
        return self._loop.time()

    def epoch(self) -> str:
        """Return the boot of the machine, or what is this clock's alone where it has a start."""
        return self._epoch

    async def sleep(self, seconds: float) -> None:
        """Sleep on the loop."""
        import asyncio

        await asyncio.sleep(seconds)


def boot() -> str:
    """Return the id of the machine's boot: its monotonic clock is the same for all processes.

    Empty where that cannot be told.
    """
    try:
        return _BOOT.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def utc_now() -> datetime.datetime:
    """Return the machine's time, aware, in UTC."""
    return datetime.datetime.now(datetime.timezone.utc)
