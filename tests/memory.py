"""Where tests write: in memory, which holds nothing of them once they are done.

Each hook syncs its database, for which a busy disk takes long. What is started there must be able
to run, and containers often have very little of it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import shutil
import subprocess
import tempfile

MEMORY = pathlib.Path("/dev/shm")
TEMPROOT = "PYTEST_DEBUG_TEMPROOT"
"""The variable by which pytest, and the processes of its tests, know the session's folder."""
ROOM = 1 << 30  # bytes; all tests at once take less than a tenth
_PREFIX, _LOCK = "cou-tests-", ".lock"


def usable(memory: pathlib.Path = MEMORY) -> bool:
    """Tell whether tests can write there and have the room."""
    if not os.access(memory, os.W_OK):
        return False
    there = os.statvfs(memory)
    return not there.f_flag & os.ST_NOEXEC and there.f_bavail * there.f_frsize > ROOM


def room() -> str | None:
    """Return where to make what is thrown away: the session's folder, or memory, or anywhere."""
    return os.environ.get(TEMPROOT) or (str(MEMORY) if usable() else None)


class Folder:
    """A folder for one session of tests; what killed sessions have left is removed first."""

    def __init__(self, memory: pathlib.Path = MEMORY):
        for old in memory.glob(f"{_PREFIX}*"):
            _remove_if_dead(old)
        made = pathlib.Path(tempfile.mkdtemp(prefix=".cou-new-", dir=memory))
        self._lock = os.open(made / _LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        # Named so only now, or another session would find it before it is locked.
        self.path = made.rename(memory / made.name.replace(".cou-new-", _PREFIX))

    def leave(self, kept: pathlib.Path) -> bool:
        """Remove it; files in it, which only tests that failed have left, are moved to `kept`.

        Returns:
            Whether there were any.
        """
        left = any(path.name != _LOCK for path in self.path.rglob("*") if not path.is_dir())
        if left:
            shutil.rmtree(kept, ignore_errors=True)
            kept.mkdir(parents=True)
            # Unlike shutil it copies sockets too.
            subprocess.run(["/bin/cp", "-a", f"{self.path}/.", str(kept)], check=False)
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)
        return left


def _remove_if_dead(folder: pathlib.Path) -> None:
    with contextlib.suppress(OSError):  # another user's, or gone already
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)
