"""Has the model's annotation say that nothing runs, where a run's own runner could not say so.

A runner that is killed says nothing any more, and Juju may not answer one that ends. Whoever finds
out later says it in its place. Until then plans tell of a run that goes on, and for two minutes no
other run may begin.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from .. import concurrency
from ..clock import LoopClock
from ..errors import CouError
from ..journal import Journal, JournalGone, rows
from ..journal.records import RunState
from ..juju.port import Juju
from ..juju.transport import Timing
from ..process import liveness
from ..process.access import Access
from ..process.connection import PLAN_TIMING, RUN_TIMING, open_client
from ..process.paths import RunPaths
from ..show import view
from .lease import Lease

logger = logging.getLogger("cou.letting_go")

WITHIN_S = 2.0
"""How long somebody waits for it who does something else: who forces, or a hook."""
_PAUSE_S = 20.0
_FOR_S = 600.0
_LOOK_S = 0.5


async def release_once(journal: Journal, juju: Juju, state: RunState, within_s: float) -> bool:
    """Say that nothing runs, once; the caller knows that no runner is left.

    Another run's name, or that of a later attempt, is left as it is.

    Args:
        journal: the journal; its newest run is meant.
        juju: the model.
        state: of that run.
        within_s: how long to wait for Juju.

    Returns:
        Whether it is said, or not ours to say any more.
    """
    run = journal.current()
    attempt = journal.attempt(run.id) if run is not None else None
    if run is None or attempt is None or not journal.is_on_model(run.id):
        return True
    model = rows.plan(run.plan).model_uuid
    lease = Lease(juju, LoopClock(), model, run.id, "", attempt.token, journal)
    try:
        journal.version()  # it is still the one that lies there
        await concurrency.with_timeout(lease.release_for_runner(state.value), within_s)
        journal.note_let_go(run.id, attempt.token)
    except JournalGone as error:  # whoever has lost its journal says nothing more
        logger.warning("%s", error)
    except (CouError, asyncio.TimeoutError) as error:
        logger.warning("the model's annotation stays as it is: %r", error)
        return False
    return True


def settle(
    paths: RunPaths, journal: Journal, account: Callable[[], Access], within_s: float = WITHIN_S
) -> bool:
    """Say that nothing runs if that is due and nothing does; return whether it is said.

    Args:
        paths: folders of the unit.
        journal: its journal.
        account: how to log in; asked for only where it is due.
        within_s: how long to wait for Juju.
    """
    seen = view.view_of_run(paths, journal, estimated=False)
    if seen is None or not seen.run or not journal.is_on_model(seen.run):
        return True
    if liveness.is_going(paths):
        return False
    return asyncio.run(concurrency.run_main(_with_account(journal, account, seen.state, within_s)))


def keep_trying(
    paths: RunPaths,
    journal: Journal,
    account: Callable[[], Access],
    needless: Callable[[], bool],
) -> None:
    """Try until it is said, for ten minutes at most, or until it is needless."""
    until = time.monotonic() + _FOR_S
    while not needless() and not settle(paths, journal, account):
        pause = time.monotonic() + _PAUSE_S
        while time.monotonic() < pause:
            if needless() or time.monotonic() > until:
                return
            time.sleep(_LOOK_S)


async def patiently(journal: Journal, account: Callable[[], Access]) -> None:
    """Say it in the last moments of a runner whose unit was removed: no hook comes after it."""
    run = journal.current()
    if run is None or not journal.is_on_model(run.id):
        return
    await _with_account(journal, account, run.state, _FOR_S, RUN_TIMING)


async def _with_account(
    journal: Journal,
    account: Callable[[], Access],
    state: RunState,
    within_s: float,
    timing: Timing = PLAN_TIMING,
) -> bool:
    try:
        access = account()
    except CouError as error:
        logger.warning("the model's annotation stays as it is: %s", error)
        return False
    juju = open_client(access, timing, any_version=True)
    try:
        return await release_once(journal, juju, state, within_s)
    finally:
        await juju.close()
