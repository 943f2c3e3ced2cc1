"""Whether the files that were opened are still those that lie there under their names.

A journal that is deleted, moved away or replaced while it is open takes every write as before, and
nobody else ever reads it: a cancel would be recorded in another file than the one its runner looks
at. The same goes for the log of writes beside it, and where a copy is written over either.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping

from . import wal_seal

SUFFIXES = ("", "-wal", "-shm")


class OpenFiles:
    """The files of a journal as they were opened.

    Args:
        path: the journal; all of it has been opened.
    """

    def __init__(self, path: pathlib.Path):
        self._path = path
        self._main = _content(path)
        self._log = wal_seal.Log(path)
        self._opened: Mapping[pathlib.Path, tuple[int, int]] = {
            part: found
            for part in (path.with_name(path.name + suffix) for suffix in SUFFIXES)
            if (found := identity(part)) is not None
        }

    def opened(self) -> Mapping[str, tuple[int, int]]:
        """Return by name what tells each of them from every other file."""
        return {path.name: found for path, found in self._opened.items()}

    def missing(self) -> pathlib.Path | None:
        """Return one that lies there no more, or is another one; None where all are as opened."""
        found = next((part for part, was in self._opened.items() if identity(part) != was), None)
        return found or (None if self._is_whole() and self._log.goes_on() else self._path)

    def learn(self, number: int) -> None:
        """Know what the log holds up to the transaction with that seal: `wal_seal.Log.learn`."""
        self._log.learn(number)

    def is_there(self) -> bool:
        """Whether the file of the journal itself is the one that was opened, whatever it holds."""
        return identity(self._path) == self._opened.get(self._path)

    def _is_whole(self) -> bool:
        """Whether nobody has written an older or newer journal over the one that was opened."""
        now = _content(self._path)
        if now != self._main:
            try:
                if not wal_seal.fits(self._path):
                    return False
            except wal_seal.Unsettled:  # others write it: the next look sees what has become of it
                return True
        self._main = now
        return True


def _content(path: pathlib.Path) -> tuple[int, int] | None:
    """Return what changes whenever the journal without its log does."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size


def identity(path: pathlib.Path) -> tuple[int, int] | None:
    """Return what tells a file from every other; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
