"""The journal of one unit, opened."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any

from ..clock import utc_now
from .database import Database
from .operations import Operations

FILE = "journal.sqlite"


class Journal(Operations):
    """One unit's journal in the folder `home`.

    Args:
        home: the folder; made 0700 where it is absent.
        create: make folder and file; else a missing journal is an error.
        brief: for a process that ends soon and is waited for: closing it does nothing.
        now: the clock of all stamps.

    Raises:
        JournalError: see `database.Database`.
    """

    def __init__(
        self,
        home: pathlib.Path,
        *,
        create: bool = True,
        brief: bool = False,
        now: Any = utc_now,
    ):
        if create:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.home = home
        super().__init__(Database(home / FILE, create=create, brief=brief), now)

    def close(self) -> None:
        """Close it."""
        self._db.close()

    def moment(self) -> AbstractContextManager[None]:
        """Have all that is read in a block be of one moment: what is read in turns can be torn."""
        return self._db.moment()

    def version(self) -> int:
        """Return a number that changes when another process has written."""
        return self._db.version()

    def files(self) -> Mapping[str, tuple[int, int]]:
        """Return by name what tells each file that is open from every other."""
        return self._db.files()

    def tidy(self) -> None:
        """Begin with an empty log of writes; for one that goes on to write for long."""
        self._db.tidy()
