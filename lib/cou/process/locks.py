"""Locks that a process holds for as long as it lives, and who holds them.

A POSIX record lock belongs to one process, goes with it however it ends, is not inherited, and
tells its holder's process id. With a pidfd opened in between two looks at the lock, the id cannot
have been reused: so a process is never identified by a bare number from a file.
"""

from __future__ import annotations

import fcntl
import os
import pathlib
import struct

from ..errors import CouError
from ..journal.open_files import identity

# struct flock of Linux on 64-bit machines: type, whence, start, len, pid.
_FLOCK = "hhqqi4x"


class Lock:
    """A lock that this process holds until it ends.

    Args:
        path: the lock file; made where absent. Nothing else in this process may open it.

    Raises:
        BlockingIOError: another process holds it.
    """

    def __init__(self, path: pathlib.Path):
        self._path = path
        self._file = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise

    def look(self) -> None:
        """See that the lock still lies there: who looks at its path finds its holder by it.

        Raises:
            CouError: it was deleted or replaced.
        """
        found = os.fstat(self._file)
        if identity(self._path) != (found.st_dev, found.st_ino):
            raise CouError("lock-gone", path=self._path)

    def release(self) -> None:
        """Let go of it before this process ends."""
        os.close(self._file)


def holder(path: pathlib.Path) -> int:
    """Return the id of the process that holds a lock; 0 if none does.

    Never to be asked by the holder itself: it would see no lock, and lose it by closing the file.
    To ask takes no more than to read it, so a file system that takes no writes is asked as well.
    """
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return 0
    try:
        asked = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
        answer = struct.unpack(_FLOCK, fcntl.fcntl(file, fcntl.F_GETLK, asked))
    finally:
        os.close(file)
    return 0 if answer[0] == fcntl.F_UNLCK else int(answer[4])


def open_holder(path: pathlib.Path) -> tuple[int, int] | None:
    """Return pid and pidfd of the process that holds a lock; the caller closes the pidfd."""
    while pid := holder(path):
        try:
            pidfd = os.pidfd_open(pid)
        except ProcessLookupError:
            continue
        if holder(path) == pid:
            return pid, pidfd
        os.close(pidfd)
    return None
