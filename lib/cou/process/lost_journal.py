"""A run whose journal was deleted, replaced or moved away under it: its end, and its tasks.

No cancel in the journal that lies there reaches such a run. Its runner cannot begin anything, as
each beginning is a transaction in which it sees that its journal is gone; then it ends.
"""

from __future__ import annotations

import logging
import os
import signal
from typing import NoReturn

from ..errors import JournalError
from ..journal import FILE, Journal, JournalGone
from ..wording import PLAN, CommandStyle
from . import liveness, locks, runner_files
from .paths import RunPaths

logger = logging.getLogger("cou.runner")

# A runner looks twice a second, and its supervisor as often whether the runner has ended.
_ENDS_WITHIN_S = 4.0


def end(paths: RunPaths) -> str:
    """See that a run ends whose journal is not the one that lies there; return what to say of it.

    Raises:
        JournalError: it has not ended within a few seconds.
    """
    if not runner_files.is_astray(paths):
        return ""
    seen = gone(paths)
    found = liveness.find(paths)
    try:
        liveness.wake_runners(found)
    finally:
        liveness.close(found)
    if left := liveness.await_end(paths, _ENDS_WITHIN_S):
        raise JournalError("cancel-not-acknowledged/end", found=seen, processes=left)
    return f"{seen} Its runner has ended, and nothing further is sent. "


def gone(paths: RunPaths) -> str:
    """Say what has happened to the journal."""
    run = runner_files.read(paths).run or "a run"
    return (
        f"The journal {paths.home / FILE} was deleted, moved away or replaced while {run} was "
        "going on."
    )


def wake(paths: RunPaths) -> None:
    """Have the runner look into its journal now."""
    found = locks.open_holder(paths.runner_lock)
    if found is None:
        return
    try:
        signal.pidfd_send_signal(found[1], signal.SIGTERM)
    except ProcessLookupError:
        pass
    finally:
        os.close(found[1])


def may_go_on(paths: RunPaths, style: CommandStyle) -> str:
    """Name the tasks that the last runner has sent, where no journal tells what became of them.

    It begins with a blank, and is empty where there are none.
    """
    found = ", ".join(map(str, tasks(paths, None)))
    message = (
        f" Tasks {found} may run on in Juju. To look for what they leave: {style.command(PLAN)}"
    )
    return message if found else ""


def tasks(paths: RunPaths, journal: Journal | None) -> list[int]:
    """Return the tasks that a runner has sent and this journal knows nothing of."""
    kept = runner_files.read(paths)
    known = journal.sent(kept.run) if journal is not None else ()
    return sorted(set(kept.tasks).difference(known))


def end_without(journal: Journal, run: str, gone: JournalGone) -> NoReturn:
    """End this runner: without its journal no cancel reaches it, nor anybody its word."""
    sent = ", ".join(map(str, journal.open_tasks(run)))
    left = f" Tasks that run on in Juju: {sent}." if sent else ""
    logger.error("%s: %s Nothing further is sent.%s", gone.code, gone, left)
    os._exit(4)
