"""The machine lock: what keeps the units of one machine from running hooks side by side."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any


class MachineLocks:
    """One lock per machine and execution group.

    The real one is a file lock that waiters poll every 250 ms, so their order is chance; here
    they go first come, first served (assumed).
    """

    def __init__(self) -> None:
        self._locks: dict[tuple[str, str], asyncio.Lock] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Keep nothing: at rest nobody holds a lock."""
        return {"_locks": {}}

    def hold(
        self, machine: str, parallel: bool = False, group: str = ""
    ) -> contextlib.AbstractAsyncContextManager[None]:
        """Return the lock that an operation needs, if any.

        Args:
            machine: machine or container id; each container is a host of its own.
            parallel: an action that need not queue; with a group it still excludes its group.
            group: execution group; it changes the lock's name, so hooks are not excluded.
        """
        if parallel and not group:
            return contextlib.nullcontext()
        lock = self._locks.get((machine, group))
        if lock is None:
            lock = self._locks[machine, group] = asyncio.Lock()
        return lock
