"""Where the supervisor's process begins: it is given what the room `process` does not know."""

from __future__ import annotations

import sys
from collections.abc import Callable

from ..journal import Journal
from ..process import supervisor
from ..process.access import Access
from ..process.paths import RunPaths
from ..show import view


def _load_release() -> None:
    from ..work import release_lease  # noqa: F401  # pyright: ignore[reportUnusedImport]


def _release(
    paths: RunPaths, journal: Journal, account: Callable[[], Access], needless: Callable[[], bool]
) -> None:
    from ..work import release_lease  # python-libjuju comes with it: many megabytes

    release_lease.keep_trying(paths, journal, account, needless)


CALLBACKS = supervisor.SupervisorCallbacks(view.summary, _load_release, _release)


if __name__ == "__main__":
    sys.exit(supervisor.main(sys.argv[1:], CALLBACKS))
