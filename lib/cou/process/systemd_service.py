"""A systemd service for the supervisor, on a real unit.

Hooks run in the cgroup of Juju's agent, and everything in it dies with the agent. A
service has a cgroup of its own: it outlives the agent, and it can be killed whole.
Its unit files lie below /run: they are rendered by the charm of the revision that is deployed,
nothing is left on the disk if a machine loses its charm, and nothing starts at boot.
"""

from __future__ import annotations

import contextlib
import logging
import pathlib
import time

from .. import crash, whole_file
from ..errors import CouError
from . import spawn, systemd, unit_files
from .access import Access
from .paths import RunPaths
from .processes import KillResult

logger = logging.getLogger(__name__)

_OVER = ("inactive", "failed")
_LOOK_S = 0.05
_LAST_S = 1.0
_REMOVAL_S = 10.0


class ServiceLauncher(spawn.SessionLauncher):
    """Starts the supervisor of a place with systemd, whose service the place names."""

    def __init__(self, paths: RunPaths):
        super().__init__(paths)
        self._name = paths.service

    def prepare(self) -> None:
        """Render the unit files, with a sandbox if this host can make one.

        Unprivileged containers without nesting refuse mount namespaces; an upgrade is worth more
        than its sandbox.

        Raises:
            CouError: systemd did not take them.
        """
        self._paths.make()
        sandbox = systemd.try_out(unit_files.sandbox(self._paths))
        if not sandbox:
            logger.warning("%s gets no sandbox: this host cannot make one", self._name)
        files = unit_files.render(self._paths, sandbox=sandbox)
        if any([_write(systemd.UNIT_FILES / name, text) for name, text in files.items()]):
            systemd.systemctl("daemon-reload")

    def start(self, run: str, token: int, access: Access) -> None:
        """Start the service for an attempt, without waiting.

        Raises:
            CouError: systemd refused.
        """
        self._paths.make()
        log = self._paths.log(run)
        log.touch(0o600)
        access.write(self._paths.credential)
        unit_files.write_attempt(self._paths, token, log)
        if not (systemd.UNIT_FILES / self._name).exists():
            self.prepare()
        crash.reach("process/supervisor/before")
        systemd.systemctl("start", "--no-block", self._name)
        crash.reach("process/supervisor/after")

    def came_to_nothing(self) -> bool:
        """Whether systemd has no process of the service any more, and none on its way."""
        return not self.is_alive()

    def is_alive(self) -> bool:
        """Whether the service is anything but over: a start would do nothing then."""
        return super().is_alive() or not self._is_over()

    def _is_over(self) -> bool:
        return systemd.show(self._name, "ActiveState") in _OVER

    def kill(self, timeout_s: float) -> KillResult:
        """Have systemd kill the whole cgroup, see it empty, then look at the locks as well.

        The processes come last: of a supervisor that systemd does not know of, and of one that
        systemd, itself in trouble, did not kill.
        """
        deadline = time.monotonic() + timeout_s
        killed, left = self._kill_group(deadline - _LAST_S)
        rest = super().kill(max(_LAST_S, deadline - time.monotonic()))
        with contextlib.suppress(CouError):  # then what was seen last counts
            left = left and self._processes()
        still = left | set(rest.left)
        return KillResult(
            tuple(sorted((killed | set(rest.gone)) - still)),
            tuple(sorted(still)),
        )

    def _kill_group(self, deadline: float) -> tuple[set[int], set[int]]:
        """Kill what is in the cgroup; return what was seen there, and what at the last look."""
        killed: set[int] = set()
        left: set[int] = set()
        try:
            while time.monotonic() < deadline:
                left = self._processes()
                killed |= left
                if not left and self._is_over():
                    break
                self._kill_once()
                time.sleep(_LOOK_S)
        except CouError as error:
            logger.error("%s", error)
        return killed, left

    def _kill_once(self) -> None:
        with contextlib.suppress(CouError):  # "not loaded" or "no process": the next look tells
            # All processes are meant by default; the option's name differs between versions.
            systemd.systemctl("kill", "--signal=SIGKILL", self._name)
        # Takes back a start too that systemd has not begun.
        systemd.systemctl("stop", "--no-block", self._name)

    def _processes(self) -> set[int]:
        return systemd.members(systemd.show(self._name, "ControlGroup"))

    def look_again(self, *, anew: bool) -> None:
        """Have systemd make the charm look, with growing pauses, for a quarter of an hour.

        What has been begun so goes on, or is over; only with `anew` does its time begin again.

        Raises:
            CouError: systemd refused.
            OSError: the run's folder cannot be used.
        """
        blocked = unit_files.blocked_file(self._paths)
        if blocked.exists() and not anew:
            return
        self._paths.make()
        name = unit_files.look_again_service(self._paths)
        if not (systemd.UNIT_FILES / name).exists():
            self.prepare()
        systemd.systemctl("restart", "--no-block", name)
        with contextlib.suppress(FileExistsError):  # in a folder of another's it follows no link
            blocked.touch(0o600, exist_ok=False)

    def look_no_more(self) -> None:
        """Have it end at its next look at the file, since the one under way may be this one.

        Raises:
            OSError: the run's folder cannot be used.
        """
        unit_files.blocked_file(self._paths).unlink(missing_ok=True)

    def remove(self) -> None:
        """Kill what is left in the cgroup and remove the unit files.

        Whoever removes the charm has ended the run before, unless its journal or its folders could
        not be used. No file of theirs is needed for this.

        Raises:
            CouError: systemd does not answer.
        """
        killed, left = self._kill_group(time.monotonic() + _REMOVAL_S)
        if left:
            logger.error("Processes %s of %s did not end", sorted(left), self._name)
        elif killed:
            logger.warning("%d processes of %s were killed", len(killed), self._name)
        paths = self._paths
        names = (self._name, unit_files.notifier(paths), unit_files.look_again_service(paths))
        if not (systemd.UNIT_FILES / self._name).exists():
            return
        systemd.systemctl("stop", "--no-block", *names)
        for name in names:
            (systemd.UNIT_FILES / name).unlink(missing_ok=True)
        unit_files.attempt_file(paths).unlink(missing_ok=True)
        systemd.systemctl("daemon-reload")
        for name in names:
            with contextlib.suppress(CouError):  # it has not failed, or is not known any more
                systemd.systemctl("reset-failed", name)


def _write(path: pathlib.Path, text: str) -> bool:
    """Write a unit file if it is another one; return whether it was."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    try:
        whole_file.write(path, text, 0o644)
    except OSError as error:
        raise CouError("unit-file/write", path=path, reason=error.strerror) from None
    return True
