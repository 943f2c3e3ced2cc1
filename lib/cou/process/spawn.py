"""A session of its own for the supervisor, so that it outlives who asked for it.

For places without systemd: a workstation, the demo. Its processes are known by the locks that they
hold, and killed through pidfds.
"""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
import time

import cou

from .. import crash
from ..errors import CouError
from ..journal import Journal
from . import account_in_memory, command_line, liveness, locks, processes
from .access import Access
from .paths import RunPaths
from .processes import KillResult

# What a hook's environment holds that a process that outlives it must not have: the context is
# gone by then, and `juju-exec` refuses to work where its id is set.
_DROPPED = ("JUJU_CONTEXT_ID", "JUJU_DISPATCH_PATH", "JUJU_HOOK_NAME", "JUJU_AGENT_TOKEN")
_DROPPED_STARTS = ("JUJU_ACTION", "JUJU_RELATION", "JUJU_REMOTE", "JUJU_SECRET")
_LOOK_S = 0.02


class SessionLauncher:
    """Starts the supervisor of a place without systemd, finds it alive and kills it.

    Here nothing has to be made ready or taken away, and nobody knows whether a start came to
    nothing: a slow one looks the same until it holds its lock. Nor is the charm made to look
    again: without a service nothing would end what looks, and update-status does.
    """

    def __init__(self, paths: RunPaths):
        self._paths = paths

    def prepare(self) -> None:
        """Make ready what a start needs; again after a refresh and after a boot."""

    def start(self, run: str, token: int, access: Access) -> None:
        """Start the supervisor; all its streams go to the run's log.

        Nothing of the caller is kept open: a stream of a hook would hold up the unit.

        Raises:
            CouError: it cannot be started.
        """
        self._paths.make()
        account = account_in_memory.AccountFile.make(access)
        log = os.open(self._paths.log(run), os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        try:
            crash.reach("process/supervisor/before")
            with processes.apart_from_terminal():
                subprocess.run(
                    [
                        sys.executable,
                        "-m",
                        "cou.control.supervisor",
                        "--detach",
                        *command_line.arguments(self._paths, token),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    close_fds=True,
                    pass_fds=(account.descriptor,),
                    start_new_session=True,
                    cwd="/",
                    env={**environment(), account_in_memory.VARIABLE: str(account.descriptor)},
                    check=True,
                )
            crash.reach("process/supervisor/after")
        except (subprocess.CalledProcessError, OSError) as error:
            raise CouError(
                "not-started/start", run=run, error=error, log=self._paths.log(run)
            ) from error
        finally:
            os.close(log)
            account.close()

    def came_to_nothing(self) -> bool:
        """Whether a start is known to have ended already."""
        return False

    def is_alive(self) -> bool:
        """Whether a supervisor or a runner is there, with its lock or without."""
        return liveness.is_any(self._paths)

    def kill(self, timeout_s: float) -> KillResult:
        """Kill until none is found: a runner may just be on its way to its lock."""
        deadline = time.monotonic() + timeout_s
        killed: set[int] = set()
        left: list[int] = []
        while time.monotonic() < deadline:
            roots = liveness.find(self._paths)
            if not roots:
                break
            try:
                gone, left = processes.kill_tree(roots, deadline - time.monotonic())
                killed.update(gone)
            finally:
                liveness.close(roots)
        return KillResult(tuple(sorted(killed)), tuple(left))

    def look_again(self, *, anew: bool) -> None:
        """Have the charm look again for a while, since Juju will not tell what it waits for."""

    def look_no_more(self) -> None:
        """End that."""

    def remove(self) -> None:
        """Take away what `prepare` has made, and kill what still runs by it."""


def environment() -> dict[str, str]:
    """Return the environment without what belongs to one hook only."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if key not in _DROPPED
        and not key.startswith(_DROPPED_STARTS)
        and not key.lower().endswith("_proxy")
    }
    # The engine is found where this process found it, whatever the working directory.
    own = pathlib.Path(cou.__file__).parent.parent
    given = [pathlib.Path(part) for part in kept.get("PYTHONPATH", "").split(os.pathsep) if part]
    paths = [str(path.absolute()) for path in (own, *given)]
    kept["PYTHONPATH"] = os.pathsep.join(dict.fromkeys(paths))
    return kept


def await_start(paths: RunPaths, journal: Journal, run: str, timeout_s: float) -> bool:
    """Wait until the supervisor is there or the attempt has ended; False if it takes long."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        attempt = journal.attempt(run)
        if locks.holder(paths.supervisor_lock) or attempt is None or attempt.ended is not None:
            return True
        time.sleep(_LOOK_S)
    return False
