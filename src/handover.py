"""The credential file: how the runner, which has no hook tools, learns the account.

It lies below /run and is readable by its owner only. The engine writes it when it starts a runner;
the charm keeps it as new as the secret, and removes it when no runner needs it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cou.errors import CouError

from engine import LIVE, View

if TYPE_CHECKING:
    from cou.run.access import Access

logger = logging.getLogger(__name__)


class Handover:
    """Keeps one unit's credential file in line with its secret and its run."""

    def __init__(self, path: Path, read: Callable[[], Access]):
        """Give the file's path, and what reads the secret (it raises `CouError`)."""
        self._path = path
        self._read = read

    def offer(self) -> None:
        """Write the file if the secret can be read; else leave it: it may still be good."""
        try:
            self._read().write(self._path)
        except CouError as error:
            logger.warning("The credentials stay as they are. %s: %s", error.code, error)
        except OSError as error:
            logger.error("%s cannot be written: %s", self._path, error.strerror)

    def remove(self) -> None:
        """Remove the file."""
        try:
            self._path.unlink(missing_ok=True)
        except OSError as error:
            logger.error("%s cannot be removed: %s", self._path, error.strerror)

    def follow(self, view: View | None) -> None:
        """Bring the file in line with where the run is."""
        if view is not None and view.state in LIVE:
            self.offer()
        else:
            self.remove()
