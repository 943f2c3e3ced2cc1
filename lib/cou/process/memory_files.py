"""Whether a file lies in memory: what is written to it then reaches no disk (but swap)."""

from __future__ import annotations

import os
import pathlib

_IN_MEMORY = ("tmpfs", "ramfs")


def kind(descriptor: int) -> str:
    """Return the type of the file system that an open file lies on; empty where it is unknown.

    By the device, which /proc/self/mountinfo names for every mount (proc_pid_mountinfo(5)).
    """
    device = os.fstat(descriptor).st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    for line in pathlib.Path("/proc/self/mountinfo").read_text(errors="replace").splitlines():
        before, _, after = line.partition(" - ")
        if before.split()[2] == wanted:
            return after.split()[0]
    return ""


def holds(descriptor: int) -> bool:
    """Return whether an open file lies in memory."""
    return kind(descriptor) in _IN_MEMORY
