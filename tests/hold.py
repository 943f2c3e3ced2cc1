"""Holds a testbed's cloud in the middle of an upgrade, so that a run cannot end meanwhile."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

# The charm `cou` goes on, and so do reads; of no other application in the bundles is this the
# initial.
_OTHERS = "unit=[!c]*"
_WHAT = ("action name=[!il]*", "hook name=config-changed", "hook name=upgrade-charm")


@contextlib.contextmanager
def held(testbed: Callable[..., str]) -> Iterator[None]:
    """Hold what the charms do for an upgrade.

    Args:
        testbed: runs ``juju-testbed`` with a verb and its words.
    """
    for wish in _WHAT:
        testbed("fault", *wish.split(), _OTHERS, "mode=hold", "count=-1")
    try:
        yield
    finally:
        testbed("fault", "clear")
