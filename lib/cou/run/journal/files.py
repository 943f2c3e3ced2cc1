"""Whether the files that were opened are still those that lie there under their names.

A journal that is deleted, moved away or replaced while it is open takes every write as before, and
nobody else ever reads it: a cancel would be recorded in another file than the one its runner looks
at. The same goes for the log of writes beside it.
"""

from __future__ import annotations

import pathlib
from collections.abc import Mapping

SUFFIXES = ("", "-wal", "-shm")


class Files:
    """The files of a journal as they were opened.

    Args:
        path: the journal; all of it has been opened.
    """

    def __init__(self, path: pathlib.Path):
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
        return next((part for part, was in self._opened.items() if identity(part) != was), None)


def identity(path: pathlib.Path) -> tuple[int, int] | None:
    """Return what tells a file from every other; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
