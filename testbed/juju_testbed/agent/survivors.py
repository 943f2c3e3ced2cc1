"""Processes that hooks have started and left running, found in /proc.

A real agent has a cgroup for this; without root there is none. So every hook's environment bears
a mark (`environment.MARK`), which children inherit. A process that cleaned its environment is
still found if its arguments or environment name the unit's charm directory or tools.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import select
import signal
import time
from collections.abc import Iterable, Iterator

from .environment import MARK

PROC = pathlib.Path("/proc")


def _read(pid: int, name: str) -> bytes:
    try:
        return (PROC / str(pid) / name).read_bytes()
    except OSError:  # it has ended, or is not ours to look at
        return b""


def session_of(pid: int) -> int:
    """Return a process's session id, 0 if it is gone."""
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def is_zombie(pid: int) -> bool:
    """Tell whether a process has ended and only waits to be reaped."""
    return _read(pid, "stat").rpartition(b")")[2].split()[:1] in ([b"Z"], [])


def find(testbed: str, data_dir: pathlib.Path, unit: str = "") -> Iterator[int]:
    """Find the processes of hooks, of one unit or of all.

    Args:
        testbed: the mark's value.
        data_dir: the folder that holds ``agents`` and ``tools``.
        unit: only this unit's, by its name.
    """
    mark = f"{MARK}={testbed}".encode()
    tag = f"unit-{unit.replace('/', '-')}/" if unit else ""
    folders = [f"{data_dir}/{folder}/{tag}".encode() for folder in ("agents", "tools")]
    for entry in PROC.iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        pid = int(entry.name)
        environ = _read(pid, "environ")
        variables = environ.split(b"\0")
        marked = mark in variables and (not unit or f"JUJU_UNIT_NAME={unit}".encode() in variables)
        text = environ + _read(pid, "cmdline")
        if marked or any(folder in text for folder in folders):
            yield pid


def kill(pids: Iterable[int], patience_s: float = 5.0) -> list[int]:
    """SIGKILL processes by pidfd and wait until they are gone; return those that stay."""
    held: dict[int, int] = {}
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            held[pid] = os.pidfd_open(pid)
    try:
        for descriptor in held.values():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        deadline = time.monotonic() + patience_s
        return [pid for pid, fd in held.items() if not _gone(fd, deadline) and not is_zombie(pid)]
    finally:
        for descriptor in held.values():
            os.close(descriptor)


def _gone(descriptor: int, deadline: float) -> bool:
    poll = select.poll()  # a pidfd becomes readable when its process ends
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(max(0.0, deadline - time.monotonic()) * 1000))


def sweep(testbed: str, data_dir: pathlib.Path) -> list[int]:
    """Kill all that hooks have left, also what is forked meanwhile; return what stays."""
    rounds = 10
    while (found := [pid for pid in find(testbed, data_dir) if not is_zombie(pid)]) and rounds:
        kill(found)
        rounds -= 1
    return found
