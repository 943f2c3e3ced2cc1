"""Holds a testbed's cloud in the middle of an upgrade, so that a run cannot end meanwhile."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

# The charm `cou` goes on, and so do reads; of no other application in the bundles is this the
# initial.
_OTHERS = "unit=[!c]*"
REFRESHES = ("hook name=upgrade-charm",)
_ALL = ("action name=[!il]*", "hook name=config-changed", *REFRESHES)


@contextlib.contextmanager
def held(testbed: Callable[..., str], what: Sequence[str] = _ALL) -> Iterator[None]:
    """Hold what the charms do for an upgrade.

    Args:
        testbed: runs ``juju-testbed`` with a verb and its words.
        what: kind and name of what is held. With `REFRESHES` from before it begins, an upgrade
            does what comes before its first refresh, and cannot end before somebody looks.
    """
    for wish in what:
        testbed("fault", *wish.split(), _OTHERS, "mode=hold", "count=-1")
    try:
        yield
    finally:
        testbed("fault", "clear")
