"""What is ended and told when the charm is removed, whatever can be read of its run by then."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

from cou.checks import undo_commands
from cou.errors import CouError
from cou.journal.records import LEFT, MarkState

if TYPE_CHECKING:
    from cou.control.control import Control
    from cou.process.access import Access
    from cou.process.paths import RunPaths
    from cou.show.view import View

logger = logging.getLogger(__name__)


def view_or_none(engine: Control) -> View | None:
    """Return where the run is; None where nothing was ever planned, or it cannot be read."""
    try:
        return engine.view()
    except (CouError, OSError) as error:
        logger.warning("The run cannot be read: %s", error)
        return None


def end_run(engine: Control, access: Callable[[], Access | None]) -> None:
    """End the runner, and log what the run leaves behind with the commands that undo it.

    Where nobody can tell whether anything runs, it is ended all the same.

    Args:
        access: how to look after its tasks in Juju, if that is known.
    """
    try:
        view = engine.view()
        is_over = view is None or not view.state.going
    except (CouError, OSError) as error:
        logger.warning("The run cannot be read: %s", error)
        view, is_over = None, False
    if not is_over:
        for end in (engine.cancel, lambda: engine.force(access())):
            try:
                logger.warning(end().message)
            except (CouError, OSError) as error:
                logger.error("%s", error)
        view = view_or_none(engine)
    for mark in view.marks if view else ():
        if mark.state is not MarkState.PUT_BACK:
            how = undo_commands.of_mark(mark.id, mark.data) or "This cou does not know it"
            logger.warning("Left switched: %s. %s", mark.id, how)


def delete_journal(engine: Control, paths: RunPaths) -> None:
    """Delete a unit's journal and folders, unless a run in it is not finished; log why not."""
    try:
        view = engine.view()
    except CouError as error:
        logger.warning("The journal stays in %s. %s: %s", paths.home, error.code, error)
        return
    # What a run has left that noticed the removal itself, and ended, is for people to read.
    left = (paths.home / LEFT).exists()
    if view is not None and (left or view.state.unfinished):
        logger.warning(
            "The run %s is %s: its journal stays in %s", view.run, view.state.value, paths.home
        )
        return
    shutil.rmtree(paths.home, ignore_errors=True)
    shutil.rmtree(paths.run_dir, ignore_errors=True)
