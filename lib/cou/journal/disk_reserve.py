"""A megabyte beside the journal that is given up so that a full disk can take what is urgent.

It is made again as soon as there is room: a reserve that is there once is of no use to the second
cancel. It is not made of zeros, which some disks store without taking any room for them.
"""

from __future__ import annotations

import contextlib
import os
import pathlib
import time

BYTES = 1 << 20
# After making it there must be as much left again, or it would have to be given up at once.
_ROOM = 2 * BYTES
_TRY_AGAIN_S = 60.0


class DiskReserve:
    """The reserve of a journal.

    Args:
        path: its file.
    """

    def __init__(self, path: pathlib.Path):
        self.path = path
        self._refused: float | None = None  # when the disk had room and did not give it

    def give_up(self) -> None:
        """Free it if the disk is as good as full."""
        with contextlib.suppress(OSError):
            if _room(self.path.parent) < BYTES:
                self.path.unlink()

    def keep(self) -> None:
        """Have it there, whole, if there is room; on a full disk later."""
        with contextlib.suppress(OSError):
            if self._is_whole() or self._is_vain() or _room(self.path.parent) < _ROOM:
                return
            try:
                self._make()
            except OSError:  # a quota, or somebody else was faster: half of it serves nobody
                self._refused = time.monotonic()
                self.path.unlink()

    def _is_whole(self) -> bool:
        try:
            return self.path.stat().st_size >= BYTES
        except FileNotFoundError:
            return False

    def _is_vain(self) -> bool:
        return self._refused is not None and time.monotonic() - self._refused < _TRY_AGAIN_S

    def _make(self) -> None:
        descriptor = os.open(self.path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "wb", closefd=False) as file:
                file.write(os.urandom(BYTES))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _room(folder: pathlib.Path) -> int:
    space = os.statvfs(folder)
    return space.f_bavail * space.f_frsize
