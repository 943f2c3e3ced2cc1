"""The supervisor process: starts the runner, passes a drain on, tells the charm.

It records the end of a runner that could not do so itself. It never restarts
the runner, and decides nothing about the upgrade.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import logging
import os
import pathlib
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable

from .. import audit, crash
from ..clock import utc_now
from ..errors import CouError, cause
from ..journal import Journal
from ..journal.records import LEFT, OPERATOR, SIGNAL, Attempt, RunState
from . import (
    account_in_memory,
    command_line,
    heartbeat,
    juju_exec,
    liveness,
    logs,
    ownership,
    processes,
    sd_notify,
)
from .access import Access
from .locks import Lock
from .paths import RunPaths

logger = logging.getLogger("cou.supervisor")

_LOOK_S = 0.5
_LOCK_S = 5.0


@dataclasses.dataclass(frozen=True)
class SupervisorCallbacks:
    """What the supervisor is given by those who know more of a run than its processes.

    Attributes:
        summary: what is worth telling the charm of a run that is silent since a time, or is not.
        load_release: import what `release` needs.
        release: have the model's annotation say that nothing runs; it is given the place, the
            journal, the account, and whether that is needless.
    """

    summary: Callable[[Journal, datetime.datetime | None], str]
    load_release: Callable[[], None]
    release: Callable[[RunPaths, Journal, Callable[[], Access], Callable[[], bool]], None]


class Supervisor:
    """Watches over one attempt.

    Args:
        log: the run's log, if stderr is not.
    """

    def __init__(
        self,
        paths: RunPaths,
        token: int,
        lock: Lock,
        log: pathlib.Path | None = None,
        *,
        callbacks: SupervisorCallbacks,
    ):
        self._callbacks = callbacks
        self._paths = paths
        self._token = token
        self._log = log
        self._lock = lock
        self._journal = Journal(paths.home, create=False)
        self._asked = ""  # by whom: the machine that stops, or an operator
        self._bell = -1  # readable once a signal has come
        self._teller = juju_exec.CharmNotifier(paths)
        self._version = -1
        self._ear = heartbeat.HeartbeatReceiver()
        self._silent: bool = False
        self._account = account_in_memory.AccountFile.inherited()

    def run(self) -> int:
        """Supervise until the runner has ended and the charm was told."""
        self._hear()
        newest = self._newest()
        if not self._is_wanted(newest):
            logger.error("attempt %d has ended, or another has begun", self._token)
            if newest is not None and newest.token == self._token:
                account_in_memory.forget(self._paths)
            return 1
        self._paths.coming.unlink(missing_ok=True)
        heartbeat.note(self._paths.silent, None)
        crash.reach("process/runner/before")
        given = {self._account.descriptor: account_in_memory.VARIABLE} if self._account else {}
        runner = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "cou.work.runner",
                *command_line.arguments(self._paths, self._token, self._log),
            ],
            stdin=subprocess.DEVNULL,
            env={
                **{key: value for key, value in os.environ.items() if key not in sd_notify.OWN},
                heartbeat.VARIABLE: str(self._ear.descriptor),
                **{name: str(descriptor) for descriptor, name in given.items()},
            },
            pass_fds=(self._ear.descriptor, *given),
            # It has a runner look into the journal, where one that only begins looks anyway.
            preexec_fn=processes.die_with_parent(os.getpid(), deaf_to=[signal.SIGTERM]),
        )
        self._ear.given()
        crash.reach("process/runner/after")
        self._load_the_rest()
        sd_notify.notify("READY=1")
        while (code := self._wait(runner)) is None:
            self._look(runner)
        try:
            self._reap()
            self._ear.close()
            heartbeat.note(self._paths.silent, None)
        finally:  # whatever comes of the rest, the end is recorded
            self._record(code)
        # From here on another attempt may begin: telling the charm waits for the unit, and the
        # unit may be running the action that begins it.
        self._lock.release()
        if not self._paths.service:  # systemd has it told, also when this process is killed
            self._teller.finish(self._need_not_tell)
        self._let_go()
        return 0

    def _load_the_rest(self) -> None:
        """Import what is needed at the end, by when another version may lie in its place."""
        if self._lets_go():
            self._callbacks.load_release()

    def _lets_go(self) -> bool:
        """Whether no charm has hooks that do it."""
        return self._account is not None and self._paths.charm_dir is None

    def _let_go(self) -> None:
        """Do for a runner at a workstation what a charm's hooks do for that of a unit."""
        account = self._account
        if account is None or not self._lets_go():
            return
        try:
            self._callbacks.release(self._paths, self._journal, account.read, self._need_not_tell)
        except CouError as error:
            logger.error("%s", error)

    def _need_not_tell(self) -> bool:
        """Whether somebody else will tell, it is time to go, or there is no charm to tell."""
        home = self._paths.home
        removed = not home.is_dir() or (home / LEFT).exists()
        return self._asked == SIGNAL or removed or liveness.is_going(self._paths)

    def _hear(self) -> None:
        """Take note of signals from now on, and have each end a wait."""
        self._bell, ring = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.set_wakeup_fd(ring, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._on_signal)

    def _wait(self, runner: subprocess.Popen[bytes]) -> int | None:
        """Wait until it has ended, a signal has come, or it is time for a look."""
        if (code := runner.poll()) is not None:
            return code
        pidfd = os.pidfd_open(runner.pid)  # it is not reaped yet, so the number is still its own
        try:
            ready, _, _ = select.select([pidfd, self._bell], [], [], _LOOK_S)
        finally:
            os.close(pidfd)
        if self._bell in ready:
            os.read(self._bell, 4096)
        return runner.poll()

    def _on_signal(self, number: int, _frame: object) -> None:
        by_operator = number == liveness.CANCEL or self._asked == OPERATOR
        self._asked = OPERATOR if by_operator else SIGNAL

    def _look(self, runner: subprocess.Popen[bytes]) -> None:
        sd_notify.notify("WATCHDOG=1")
        self._listen()
        try:
            self._follow()
            if self._asked:
                by, self._asked = self._asked, ""
                if by == SIGNAL:
                    sd_notify.notify("STOPPING=1")
                self._journal.cancel(self._token, by)
                runner.send_signal(signal.SIGTERM)
            version = self._journal.version()
            if version != self._version or self._teller.due():
                self._version = version
                # Of its end the charm is told once the runner is gone: who saw it in `juju status`
                # goes on at once, and would be refused for a process that is still ending.
                if self._silent or self._is_wanted(self._newest()):
                    silent_since = heartbeat.noted(self._paths.silent)
                    self._teller.notify(self._callbacks.summary(self._journal, silent_since))
        except CouError as error:
            logger.error("%s", error)

    def _newest(self) -> Attempt | None:
        run = self._journal.current()
        return self._journal.attempt(run.id) if run is not None else None

    def _follow(self) -> None:
        """Watch over the attempt that the runner itself has begun, where its unit was removed.

        Nobody else begins one while this process holds its lock.
        """
        newest = self._newest()
        if newest is not None and newest.token > self._token:
            self._token, self._version = newest.token, -1

    def _is_wanted(self, newest: Attempt | None) -> bool:
        return newest is not None and newest.token == self._token and newest.ended is None

    def _listen(self) -> None:
        """Notice a runner that gives no sign of life, and one that gives it again."""
        silence_s = self._ear.silence_s()
        silent = silence_s >= heartbeat.SILENT_AFTER_S
        if silent == self._silent:
            return
        self._silent, self._version = silent, -1  # worth telling the charm
        since = utc_now() - datetime.timedelta(seconds=silence_s) if silent else None
        heartbeat.note(self._paths.silent, since)
        # The journal has it for the report only: a runner may hang with the journal in its hand.
        with contextlib.suppress(CouError):
            if silent:
                logger.error("the runner has given no sign of life for %.0f s", silence_s)
                self._journal.add_attempt_event(self._token, "runner-silent")
            else:
                logger.warning("the runner gives signs of life again")
                self._journal.add_attempt_event(self._token, "runner-heard")

    def _record(self, code: int) -> None:
        """Record the end of a runner that could not do so itself."""
        try:
            account_in_memory.forget(self._paths)
        except CouError as error:
            logger.error("%s", error)
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        error = cause("runner-ended/record", how=how)
        if code:
            audit.log_event(audit.Event.CRASH, "cou.work.runner", description=str(error.seen))
        try:
            self._follow()
            self._journal.end_attempt(self._token, RunState.INTERRUPTED, error)
        except CouError as failure:
            logger.error("%s", failure)

    def _reap(self) -> None:
        """End and reap what the runner left behind; this process is its heir."""
        kept = {self._teller.pid} if self._teller.pid is not None else set[int]()
        kept |= processes.descendants(kept)
        for pid in processes.descendants([os.getpid()]) - kept:
            logger.warning("ending process %d, which the runner left behind", pid)
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue  # it ended meanwhile
            except OSError as error:
                logger.error("process %d cannot be ended: %s", pid, error)


def _take(path: pathlib.Path) -> Lock:
    """Take the lock; one that came too late for its own attempt may hold it for a moment.

    Raises:
        BlockingIOError: another process goes on holding it.
    """
    deadline = time.monotonic() + _LOCK_S
    while True:
        try:
            return Lock(path)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOCK_S / 100)


def main(argv: list[str], callbacks: SupervisorCallbacks) -> int:
    """Run the supervisor."""
    crash.program = "supervisor"
    processes.forget_keys()
    processes.leave_no_core()
    if argv[:1] == ["--detach"]:
        # Who asked is not our parent any more: it has nobody to wait for, we no one to outlive.
        if os.fork():
            os._exit(0)
        argv = argv[1:]
    paths, token, log = command_line.parse(argv)
    logs.configure(log, paths.style)
    try:
        paths.make()
        ownership.check(paths)
        lock = _take(paths.supervisor_lock)
    except BlockingIOError:
        logger.error("another supervisor holds %s", shlex.quote(str(paths.supervisor_lock)))
        return 1
    except CouError as error:
        logger.error("%s", error)
        return 1
    processes.adopt_orphans()
    try:
        return Supervisor(paths, token, lock, log, callbacks=callbacks).run()
    except CouError as error:
        logger.error("%s", error)
        return 1
