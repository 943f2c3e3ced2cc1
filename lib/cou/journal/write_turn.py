"""Whose turn it is to write: a canceller's comes next, whatever the others do.

SQLite lets its lock go to whoever asks at the right instant. One that writes all the time asks
again at once, and one that looks every tenth of a second can lose to it for ever; on a slow disk,
where each transaction takes as long as the disk, it does. So there is a turnstile before SQLite's
lock. Whoever writes passes through it, which takes no time; a canceller stays in it from when it
asks until its transaction is over, and nobody passes meanwhile. It waits for the one transaction
that was under way, and for no other.

The turnstile is a lock of the kernel on the journal's folder. It needs no file and no room, goes
with its holder however that ends, and a disk that cannot be written has it too. Whoever cannot
have it (some network disks) asks SQLite alone, as older code does.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import sqlite3
import time

# How long nothing may move in the journal before a writer gives up: somebody hangs with it.
PATIENCE_S = 4.0
# A disk that needs so long to be forced is what everybody waits for, then; nobody hangs.
_SLOW_S = 1.0
_AHEAD_PAUSE_S = 0.001
_PAUSE_S = 0.005


class WriteTurn:
    """The turnstile of a journal, for one connection.

    Args:
        folder: where the journal lies.
    """

    def __init__(self, folder: pathlib.Path):
        self._folder = -1
        with contextlib.suppress(OSError):
            self._folder = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)

    def begin(self, db: sqlite3.Connection, *, ahead: bool) -> None:
        """Begin a transaction that writes, once it is this connection's turn.

        Args:
            db: the connection.
            ahead: stay in the turnstile until `leave`, so that nobody else begins before.

        Raises:
            sqlite3.OperationalError: nothing has moved for `PATIENCE_S` on a disk that is well.
        """
        seen, moved = _version(db), time.monotonic()
        while not self._try(db, ahead=ahead):
            now, at = _version(db), time.monotonic()
            if now != seen:
                seen, moved = now, at
            elif at - moved > PATIENCE_S:
                if not self._is_slow():
                    self.leave()
                    raise sqlite3.OperationalError("database is locked")
                moved = time.monotonic()
            time.sleep(_AHEAD_PAUSE_S if ahead else _PAUSE_S)

    def _try(self, db: sqlite3.Connection, *, ahead: bool) -> bool:
        free = self._lock(fcntl.LOCK_EX if ahead else fcntl.LOCK_SH)
        try:
            # One that goes ahead asks SQLite in any case: who stands in its way may never move.
            return (free or ahead) and _begin(db)
        finally:
            if not ahead:
                self.leave()

    def _lock(self, how: int) -> bool:
        try:
            fcntl.flock(self._folder, how | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # it cannot be had here
            return True
        return True

    def _is_slow(self) -> bool:
        begun = time.monotonic()
        with contextlib.suppress(OSError):
            os.fsync(self._folder)
        return time.monotonic() - begun > _SLOW_S

    def leave(self) -> None:
        """Let the others pass."""
        with contextlib.suppress(OSError):
            fcntl.flock(self._folder, fcntl.LOCK_UN)

    def close(self) -> None:
        """Have no more to do with it."""
        if self._folder >= 0:
            os.close(self._folder)
            self._folder = -1


def _begin(db: sqlite3.Connection) -> bool:
    db.execute("pragma busy_timeout = 0")
    try:
        db.execute("begin immediate")
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            return False
        raise
    finally:
        db.execute(f"pragma busy_timeout = {PATIENCE_S * 1000:.0f}")
    return True


def _version(db: sqlite3.Connection) -> int:
    """Return a number that changes when another connection has written."""
    return int(db.execute("pragma data_version").fetchone()[0])
