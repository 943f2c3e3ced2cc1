"""Killing a tree of processes for certain, and what a supervisor needs of the kernel."""

from __future__ import annotations

import contextlib
import ctypes
import dataclasses
import os
import pathlib
import resource
import select
import signal
import time
from collections.abc import Callable, Generator, Iterable

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
# What a terminal sends: ctrl+c, ctrl+\\, ctrl+z, and that it has gone.
_KEYS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGHUP)


@dataclasses.dataclass(frozen=True)
class KillResult:
    """Ids of the processes that were killed, and of those that are still there."""

    gone: tuple[int, ...]
    left: tuple[int, ...] = ()


def leave_no_core() -> None:
    """Have no core dump written of this process and of all that it starts from now on.

    The memory holds a password, and a dump goes to a disk. The limit is one byte and not none,
    since the kernel pipes a dump to a collector (apport, systemd-coredump) whatever the limit is,
    but for this one, which it keeps for such collectors themselves (fs/coredump.c).
    """
    _, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if hard != 0:  # nobody but root can raise it again
        resource.setrlimit(resource.RLIMIT_CORE, (1, 1))


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends, so that none is lost."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent: int, *, deaf_to: Iterable[int] = ()) -> Callable[[], None]:
    """Return what a child calls before its program begins: it dies when its parent does.

    Args:
        deaf_to: signals that the child ignores until it says otherwise.
    """

    def call() -> None:
        for number in deaf_to:
            signal.signal(number, signal.SIG_IGN)
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # the parent ended before the kernel was told
            os._exit(1)

    return call


@contextlib.contextmanager
def apart_from_terminal() -> Generator[None]:
    """Keep keys that are pressed from what is begun in this block.

    A child has no session of its own until shortly after it was forked. A terminal's signal that
    comes in between would end it. They wait in the child, which is begun with them blocked, until
    it calls `forget_keys`. Those for this process are taken by its other threads or afterwards.
    """
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, _KEYS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)


def forget_keys() -> None:
    """Drop what came from a terminal that this process has left, and hear its signals again."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _KEYS}
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _KEYS)
    for number, handler in before.items():
        signal.signal(number, handler)


def _prctl(option: int, value: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if library.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl failed")


def parent_of(pid: int) -> int:
    """Return the id of a process's parent; 0 where it has none, or is gone."""
    try:
        # The name may hold blanks and brackets; the parent stands after the last one.
        stat = pathlib.Path("/proc", str(pid), "stat").read_text()
        return int(stat.rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def descendants(pids: Iterable[int]) -> set[int]:
    """Return the ids of all processes below some, as /proc shows them now."""
    children: dict[int, set[int]] = {}
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            children.setdefault(parent_of(int(entry.name)), set()).add(int(entry.name))
    found: set[int] = set()
    ahead = list(pids)
    while ahead:
        for child in children.get(ahead.pop(), set()) - found:
            found.add(child)
            ahead.append(child)
    return found


def kill_tree(roots: dict[int, int], timeout_s: float) -> tuple[list[int], list[int]]:
    """Kill processes and all below them with SIGKILL; wait until they are gone.

    The roots are stopped first, so that they start nothing while their children are looked up.

    Args:
        roots: pid -> pidfd; the pidfds are left open.

    Returns:
        The ids that were killed, and those that are still there.
    """
    targets = dict(roots)
    for pidfd in roots.values():
        _send(pidfd, signal.SIGSTOP)
    opened: list[int] = []
    try:
        for _ in range(3):  # a child may have been started just before its parent was stopped
            for pid in sorted(descendants(roots) - set(targets)):
                with contextlib.suppress(ProcessLookupError):
                    targets[pid] = os.pidfd_open(pid)
                    opened.append(targets[pid])
                    _send(targets[pid], signal.SIGSTOP)
        for pidfd in targets.values():
            _send(pidfd, signal.SIGKILL)
        left = await_end(targets, timeout_s)
    finally:
        for pidfd in opened:
            os.close(pidfd)
    return sorted(set(targets) - left), sorted(left)


def _send(pidfd: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(pidfd, number)


def await_end(targets: dict[int, int], timeout_s: float) -> set[int]:
    """Wait until pidfds become readable, which is when their process has ended.

    Args:
        targets: pid -> pidfd; the pidfds are left open.

    Returns:
        The ids of those that are still there.
    """
    poll = select.poll()
    left = {pidfd: pid for pid, pidfd in targets.items()}
    for pidfd in left:
        poll.register(pidfd, select.POLLIN)
    deadline = time.monotonic() + timeout_s
    while left and (remaining := deadline - time.monotonic()) > 0:
        for pidfd, _ in poll.poll(remaining * 1000):
            poll.unregister(pidfd)
            del left[pidfd]
    return set(left.values())
