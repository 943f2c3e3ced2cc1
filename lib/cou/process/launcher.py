"""How the supervisor of an attempt is started, found alive and killed; chosen once per place."""

from __future__ import annotations

from typing import Protocol

from .access import Access
from .paths import Place
from .processes import Killed


class Launcher(Protocol):
    """One way to keep processes that outlive who asked for them."""

    def prepare(self) -> None:
        """Make ready what a start needs; again after a refresh and after a boot.

        Raises:
            CouError: it cannot be done.
        """
        ...

    def start(self, run: str, token: int, access: Access) -> None:
        """Start the supervisor of an attempt, without waiting until it is up.

        Raises:
            CouError: it cannot be started.
        """
        ...

    def came_to_nothing(self) -> bool:
        """Whether a start is known to have ended already; False where nobody can know."""
        ...

    def is_alive(self) -> bool:
        """Whether anything of an attempt is left, so that another cannot begin."""
        ...

    def kill(self, timeout_s: float) -> Killed:
        """Kill supervisor, runner and all below them; return when none is left or time is up."""
        ...

    def look_again(self, *, anew: bool) -> None:
        """Have the charm look again for a while, since Juju will not tell what it waits for.

        Args:
            anew: for as long as from the beginning, also where this has been begun already.

        Raises:
            CouError: it cannot be begun.
            OSError: the run's folder cannot be used.
        """
        ...

    def look_no_more(self) -> None:
        """End that.

        Raises:
            OSError: the run's folder cannot be used.
        """
        ...

    def remove(self) -> None:
        """Take away what `prepare` has made, and kill what still runs by it."""
        ...


def of(place: Place) -> Launcher:
    """Return how it is done in a place: a systemd service on a real unit, else a session."""
    if place.service:
        from .systemd_service import Service

        return Service(place)
    from .spawn import Session

    return Session(place)
