"""Where the account is while a run goes on: in memory, never on a disk.

In a session of its own the supervisor is given a file that has no name and lies in no folder
(memfd_create(2)), and hands it on to the runner. It is there for as long as one of them lives, so
nothing is left of it after a failed start or a kill. A service of systemd inherits nothing: there
it is a file below /run, which has to be in memory (`volatile`).
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import pathlib
from collections.abc import Callable

from ..errors import BadInput, CouError
from . import liveness, locks
from .access import Access
from .paths import RunPaths

logger = logging.getLogger(__name__)

VARIABLE = "COU_ACCOUNT"
_NAME = "cou-account"
_SLOT = 1 << 16
_NOEXEC_SEAL = 8  # Linux 6.3; where `vm.memfd_noexec` is 2 it must be given, older ones refuse it


class AccountFile:
    """An account in a file without a name.

    It has two places and a new account goes to the one that is not in use, so that whoever reads
    meanwhile finds a whole one.
    """

    def __init__(self, descriptor: int):
        self.descriptor = descriptor

    @classmethod
    def make(cls, access: Access) -> AccountFile:
        """Make one.

        Raises:
            CouError: the system has no such files, or no memory.
        """
        try:
            made = cls(_memory())
        except OSError as error:
            raise CouError("credential-file/make", reason=error.strerror) from None
        made.write(access)
        return made

    @classmethod
    def inherited(cls) -> AccountFile | None:
        """Return the one that this process was given, if it was given one."""
        given = os.environ.pop(VARIABLE, "")
        if not given:
            return None
        os.set_inheritable(int(given), False)
        return cls(int(given))

    @classmethod
    def of(cls, paths: RunPaths) -> AccountFile | None:
        """Return that of a place's supervisor or runner; None where neither lives."""
        for lock in (paths.supervisor_lock, paths.runner_lock):
            holder = locks.open_holder(lock)
            if holder is None:
                continue
            try:
                found = _open_of(holder[0])
            finally:
                os.close(holder[1])
            if found is not None:
                return cls(found)
        return None

    def write(self, access: Access) -> None:
        """Have all who read it from now on find another account."""
        generation = self._newest()[0] + 1
        body = json.dumps({"generation": generation, "access": access.to_dict()}).encode()
        record = hashlib.sha256(body).hexdigest().encode() + b" " + body
        if len(record) > _SLOT:
            raise BadInput("credential-file/write-2")
        os.pwrite(self.descriptor, record.ljust(_SLOT, b"\0"), generation % 2 * _SLOT)

    def read(self) -> Access:
        """Return the newest account.

        Raises:
            BadInput: there is none, or it is damaged.
        """
        _, access = self._newest()
        if access is None:
            raise BadInput("credential-file/read-2")
        return access

    def _newest(self) -> tuple[int, Access | None]:
        found: list[tuple[int, Access]] = []
        for place in (0, _SLOT):
            content = os.pread(self.descriptor, _SLOT, place).rstrip(b"\0")
            digest, _, body = content.partition(b" ")
            if body and hashlib.sha256(body).hexdigest().encode() == digest:
                data = json.loads(body)
                found.append((int(data["generation"]), Access.from_dict(data["access"])))
        return max(found, key=lambda one: one[0], default=(0, None))

    def close(self) -> None:
        """Let go of it."""
        os.close(self.descriptor)


def source(paths: RunPaths) -> Callable[[], Access]:
    """Return what gives this process its account, also a newer one, for as long as it lives."""
    given = AccountFile.inherited()
    return given.read if given is not None else lambda: Access.read(paths.credential)


def hand_over(paths: RunPaths, access: Access) -> None:
    """Have a run that goes on log in with another account from now on.

    Raises:
        CouError: it cannot be handed over.
    """
    if paths.service:
        access.write(paths.credential)
        return
    memory = AccountFile.of(paths)
    if memory is not None:
        with contextlib.closing(memory):
            memory.write(access)


def look(paths: RunPaths) -> Access | None:
    """Return the account of the run that goes on; None where none does."""
    try:
        if paths.service:
            return Access.read(paths.credential)
        memory = AccountFile.of(paths)
        if memory is None:
            return None
        with contextlib.closing(memory):
            return memory.read()
    except CouError:
        return None


def forget(paths: RunPaths) -> None:
    """Remove the file, and what a write that was killed has left of one.

    Raises:
        CouError: it cannot be removed.
    """
    for path in _files(paths):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise CouError("credential-file/forget", path=path, reason=error.strerror) from None


def sweep(paths: RunPaths) -> None:
    """Remove what an earlier version, which wrote the account to a disk, has left there."""
    left = [] if paths.service else _files(paths)
    if left and not liveness.is_going(paths):
        forget(paths)
        logger.warning(
            "%s held the account's password and was removed; change the password if others can "
            "read that disk.",
            left[0],
        )


def _files(paths: RunPaths) -> list[pathlib.Path]:
    return sorted(paths.run_dir.glob(f"{paths.credential.name}*"))


def _memory() -> int:
    try:
        return os.memfd_create(_NAME, os.MFD_CLOEXEC | _NOEXEC_SEAL)
    except OSError:
        return os.memfd_create(_NAME, os.MFD_CLOEXEC)


def _open_of(pid: int) -> int | None:
    """Open the file that a process holds; None where it has none, is another's or has ended."""
    with contextlib.suppress(OSError):
        for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if str(entry.readlink()).startswith(f"/memfd:{_NAME}"):
                    return os.open(entry, os.O_RDWR | os.O_CLOEXEC)
    return None
