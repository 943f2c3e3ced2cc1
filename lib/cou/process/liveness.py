"""The processes of a place's run, known by their command lines as well as by their locks.

A lock tells in no time who holds it. But one that was deleted with its folder, that may not be
opened, or that somebody else has put there tells nothing, and what runs has to be found all the
same: by whoever cancels it, and by whoever would begin another beside it. The command line of
supervisor and runner names their folders (`command_line`), and the kernel says whose they are.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import pathlib
import signal
import time

from ..journal.operation_age import ClockReading
from . import locks, processes
from .paths import RunPaths

# To a supervisor: an operator cancels. Other signals say that its machine or service stops.
CANCEL = signal.SIGHUP
_SUPERVISOR, _RUNNER = b"cou.control.supervisor", b"cou.work.runner"
# As older versions start them: one may go on while the charm is refreshed.
_OLDER = {_SUPERVISOR: b"cou.run.supervisor", _RUNNER: b"cou.run.runner"}
_LOOK_S = 0.05
# A supervisor that was asked for and does not hold its lock by then is given up.
_COMES_WITHIN_S = 20.0
_PROC = pathlib.Path("/proc")


def find(paths: RunPaths) -> dict[int, int]:
    """Return pid and pidfd of supervisor and runner; the caller closes the pidfds.

    A supervisor without a lock counts for as long as it has a runner. Later it only tells the
    charm, which may take long, and another attempt may begin.
    """
    found = _by_lock(paths)
    for entry in _PROC.iterdir():
        if not entry.name.isdigit() or not _works_for(int(entry.name), paths, _RUNNER):
            continue
        _add(found, int(entry.name), paths, _RUNNER)
        _add(found, processes.parent_of(int(entry.name)), paths, _SUPERVISOR)
    return found


def is_any(paths: RunPaths) -> bool:
    """Whether a supervisor or a runner of a place is alive."""
    found = find(paths)
    close(found)
    return bool(found)


def await_end(paths: RunPaths, longest_s: float) -> list[int]:
    """Wait until none is found any more; return the ids of those that are there at last."""
    deadline = time.monotonic() + longest_s
    while True:
        found = find(paths)
        close(found)
        if not found or time.monotonic() > deadline:
            return sorted(found)
        time.sleep(_LOOK_S)


def holds_lock(paths: RunPaths) -> bool:
    """Whether one of them holds its lock; that takes no look at all processes."""
    found = _by_lock(paths)
    close(found)
    return bool(found)


def ask_supervisors(found: dict[int, int]) -> bool:
    """Have supervisors record a cancel; return whether there was one."""
    return _send(found, _SUPERVISOR, CANCEL)


def wake_runners(found: dict[int, int]) -> bool:
    """Have runners look into their journal now; return whether there was one."""
    return _send(found, _RUNNER, signal.SIGTERM)


def is_alive(paths: RunPaths) -> bool:
    """Whether a supervisor or a runner of this place is alive."""
    return bool(locks.holder(paths.supervisor_lock) or locks.holder(paths.runner_lock))


def is_going(paths: RunPaths) -> bool:
    """Whether a supervisor or a runner of this place is alive, or on its way."""
    # In this order: a supervisor holds its lock before it takes the file away.
    return _is_coming(paths) or is_alive(paths)


def _is_coming(paths: RunPaths) -> bool:
    try:
        asked = paths.coming.read_text(encoding="ascii").split()
        since = paths.coming.stat().st_mtime
    except (OSError, ValueError):
        return False
    if len(asked) != 2:  # by an older version, which goes by the wall clock
        return abs(time.time() - since) < _COMES_WITHIN_S
    passed_s = ClockReading.here().passed_s({"epoch": asked[0], "sent": asked[1]})
    return passed_s is not None and passed_s < _COMES_WITHIN_S


def _send(found: dict[int, int], kind: bytes, number: signal.Signals) -> bool:
    meant = [pidfd for pid, pidfd in found.items() if _is_of_kind(_words(pid), kind)]
    for pidfd in meant:
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(pidfd, number)
    return bool(meant)


def close(found: dict[int, int]) -> None:
    """Close the pidfds."""
    for pidfd in found.values():
        os.close(pidfd)


def _by_lock(paths: RunPaths) -> dict[int, int]:
    found: dict[int, int] = {}
    for path in (paths.supervisor_lock, paths.runner_lock):
        with contextlib.suppress(OSError):
            holder = locks.open_holder(path)
            if holder is None:
                continue
            if _is_of_this_user(holder[0]) and _is_ours(_words(holder[0])):
                found[holder[0]] = holder[1]
            else:  # somebody else has put the lock there, or taken it
                os.close(holder[1])
    return found


def _add(found: dict[int, int], pid: int, paths: RunPaths, kind: bytes) -> None:
    """Open one that works for a place, unless its number is another's by now."""
    if pid in found:
        return
    try:
        pidfd = os.pidfd_open(pid)
    except OSError:
        return
    if _works_for(pid, paths, kind):
        found[pid] = pidfd
    else:
        os.close(pidfd)


def _works_for(pid: int, paths: RunPaths, kind: bytes) -> bool:
    words = _words(pid)
    if not _is_of_kind(words, kind):
        return False
    folder = dict(itertools.pairwise(words)).get(b"--run-dir")
    return folder == os.fsencode(paths.run_dir) and _is_of_this_user(pid) and _is_here(pid)


def _is_ours(words: list[bytes]) -> bool:
    """Whether a command line is that of a supervisor or runner; one that is ending has none."""
    return not words or any(_is_of_kind(words, kind) for kind in _OLDER)


def _is_of_kind(words: list[bytes], kind: bytes) -> bool:
    return kind in words or _OLDER[kind] in words


def _is_of_this_user(pid: int) -> bool:
    try:
        return (_PROC / str(pid)).stat().st_uid == os.geteuid()
    except OSError:
        return False


def _is_here(pid: int) -> bool:
    """Whether a process is not in a container on this machine, with folders of its own."""
    try:
        own, other = (_PROC / who / "ns" / "pid" for who in ("self", str(pid)))
        return own.readlink() == other.readlink()
    except OSError:
        return False


def _words(pid: int) -> list[bytes]:
    try:
        return (_PROC / str(pid) / "cmdline").read_bytes().split(b"\0")[:-1]
    except OSError:
        return []
