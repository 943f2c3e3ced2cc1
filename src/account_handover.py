"""The account of a run that goes on: the runner, which has no hook tools, is given it.

The engine does so when it starts a runner, in memory only; the charm has it follow the secret, and
has it forgotten when no runner needs it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from cou.errors import CouError

if TYPE_CHECKING:
    from cou.control.control import Control
    from cou.process.access import Access
    from cou.show.view import View

logger = logging.getLogger(__name__)


class Handover:
    """Keeps the account of one unit's run in line with its secret."""

    def __init__(self, engine: Control, read: Callable[[], Access]):
        """Give the engine, and what reads the secret (it raises `CouError`)."""
        self._engine = engine
        self._read = read

    def offer(self) -> None:
        """Hand it over if the secret can be read; else leave the old one: it may still be good."""
        try:
            self._engine.offer(self._read())
        except CouError as error:
            logger.warning("The credentials stay as they are. %s: %s", error.code, error)

    def remove(self) -> None:
        """Have it forgotten."""
        try:
            self._engine.forget()
        except CouError as error:
            logger.error("%s: %s", error.code, error)

    def look_after(self, view: View | None) -> None:
        """Bring it in line with where the run is, and the model's annotation as well.

        A runner that was killed, or that Juju did not answer, has left the model saying that it
        goes on. Only a hook does this: an action has somebody who waits for it.
        """
        self.follow(view)
        if view is not None and not view.state.going:
            self._engine.release_lease(self._read)

    def follow(self, view: View | None) -> None:
        """Bring it in line with where the run is."""
        if view is not None and view.state.going:
            self.offer()
        else:
            self.remove()
