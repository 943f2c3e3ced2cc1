"""Waits for the processes of an attempt to be gone, before the charm is told how it ended.

systemd has the charm told as soon as the supervisor is gone. A runner that is being killed may
need a moment more, in a write to a slow disk above all, and a charm that looked meanwhile would
take the run for one that goes on; nobody would tell it again.
"""

from __future__ import annotations

import os
import sys
import time

from . import command_line, locks, processes
from .paths import RunPaths

_LONGEST_S = 25.0


def wait(paths: RunPaths, longest_s: float = _LONGEST_S) -> bool:
    """Wait until nobody holds a lock of a place; return whether that came about in time."""
    deadline = time.monotonic() + longest_s
    for path in (paths.supervisor_lock, paths.runner_lock):
        while (found := locks.open_holder(path)) is not None:
            pid, pidfd = found
            try:
                if processes.await_end({pid: pidfd}, deadline - time.monotonic()):
                    return False
            finally:
                os.close(pidfd)
    return True


if __name__ == "__main__":
    if not wait(command_line.place_of(sys.argv[1:])):
        sys.exit("processes of the run are still ending")
