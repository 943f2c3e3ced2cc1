"""The runner process: holds one attempt and works on it until it ends."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Callable

from .. import audit, concurrency, crash
from ..errors import NO_CAUSE, Cause, CouError
from ..journal import FencedOff, Journal, JournalGone
from ..journal.records import Attempt, Job, RunState
from ..juju.port import Juju
from ..process import account_in_memory, command_line, logs, lost_journal, runner_files
from ..process.access import Access
from ..process.connection import PLAN_TIMING, RUN_TIMING, open_client
from ..process.heartbeat import HeartbeatSender
from ..process.locks import Lock
from ..process.paths import RunPaths
from . import after_removal, attempt_end, preload, release_lease
from .attempt import Runner

logger = logging.getLogger("cou.runner")


async def run_attempt(
    paths: RunPaths, token: int, beat: Callable[[], None], account: Callable[[], Access]
) -> None:
    """Hold an attempt, work on it, record how it ended.

    Where its unit was removed meanwhile, the run is ended for good.

    Raises:
        FencedOff: the attempt is no longer ours; nothing is recorded.
    """
    journal = Journal(paths.home, create=False)
    journal.tidy()
    attempt = journal.hold(token)
    journal.bring_up_to_date()
    after_removal.forget(paths.home)

    async def work(attempt: Attempt, unit: str = "") -> bool:
        return await _work_on(journal, attempt, paths, beat, account, unit)

    if await work(attempt, paths.unit):
        await after_removal.end_removed_run(journal, attempt.run, paths.unit, paths.home, work)
        await release_lease.patiently(journal, account)
    journal.close()


async def _work_on(
    journal: Journal,
    attempt: Attempt,
    paths: RunPaths,
    beat: Callable[[], None],
    account: Callable[[], Access],
    unit: str,
) -> bool:
    """Work on an attempt and record how it ended.

    Args:
        journal: the journal.
        attempt: what is held.
        paths: folders of the unit.
        beat: gives a sign of life.
        account: how to log in.
        unit: the unit that is looked for meanwhile; empty where nobody looks.

    Returns:
        whether the unit was removed.

    Raises:
        FencedOff: the attempt is no longer ours; nothing is recorded.
    """
    error = NO_CAUSE
    removed, token = False, attempt.token
    kept = runner_files.keep(paths, journal, attempt.run)
    begins = f"Attempt {token} at run {attempt.run} begins: {attempt.job.value}."
    audit.log_event(audit.Event.STARTUP, "cou.work.runner", description=begins)
    try:
        access = account()
        # What a run has switched is put back, or named, wherever the model is by now.
        anywhere = attempt.job is Job.ABANDON

        def fresh() -> Juju:
            return open_client(access, PLAN_TIMING, account, any_version=anywhere)

        juju = open_client(access, RUN_TIMING, account, any_version=anywhere)
        name = f"{paths.unit or access.username} of model {access.model}"
        loop = asyncio.get_running_loop()
        runner = Runner(journal, juju, attempt, name, beat=beat, kept=kept, unit=unit, fresh=fresh)
        # A signal only has the runner look at once; what it means stands in the journal. Until
        # here the process ignores it, as its supervisor has begun it so.
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, runner.wake)
        try:
            ending = await runner.work()
        finally:
            removed = runner.removed
            await juju.close()
        state, error = attempt_end.of(ending, journal.attempt(attempt.run))
    except FencedOff:
        raise
    except JournalGone as gone:
        lost_journal.end_without(journal, attempt.run, gone)
    except CouError as failure:
        logger.error("%s: %s", failure.code, failure)
        state, error = RunState.FAILED, Cause.of(failure)
    except Exception as failure:  # the process's edge: a run ends with a cause, whatever it was
        logger.exception("the runner broke off")
        state, error = RunState.FAILED, attempt_end.broke_off(failure)
    logger.info("attempt %d of run %s ends: %s %s", token, attempt.run, state.value, error.told)
    try:
        journal.end_attempt(token, state, error)
    except JournalGone as gone:
        lost_journal.end_without(journal, attempt.run, gone)
    kept.clear()
    ends = f"Attempt {token} at run {attempt.run} ended: {state.value}."
    audit.log_event(audit.Event.SHUTDOWN, "cou.work.runner", description=ends)
    return removed


def main(argv: list[str]) -> int:
    """Run the runner."""
    crash.program = "runner"
    paths, token, log = command_line.parse(argv)
    sender, account = HeartbeatSender.inherited(), account_in_memory.source(paths)
    logs.configure(log, paths.style)
    logging.getLogger("websockets").setLevel(logging.WARNING)
    try:
        lock = Lock(paths.runner_lock)
    except BlockingIOError:
        logger.error("another runner holds %s", paths.runner_lock)
        return 1

    def beat() -> None:
        sender.beat()
        lock.look()

    preload.load()
    try:
        asyncio.run(concurrency.run_main(run_attempt(paths, token, beat, account)))
    except FencedOff as error:
        logger.error("%s", error)
        return 3
    lock.release()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
