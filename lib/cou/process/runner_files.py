"""What a runner keeps beside its locks: which journal it has open, and its tasks in Juju.

Whoever finds no journal, or another one, learns from it what goes on. It lies in memory on a unit
and promises nothing after a boot: then nobody has the journal open any more.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import pathlib
from collections.abc import Mapping
from typing import Any

from .. import whole_file
from ..journal import FILE, Journal, wal_seal
from ..journal.open_files import identity
from . import liveness, locks
from .paths import RunPaths


@dataclasses.dataclass(frozen=True)
class RunnerRecord:
    """What a runner has left beside its locks.

    Attributes:
        files: by name, what tells each file of its journal from every other.
        tasks: those that it has sent, and of which it has not recorded the end.
    """

    pid: int = 0
    run: str = ""
    files: Mapping[str, tuple[int, int]] = dataclasses.field(default_factory=dict[str, Any])
    tasks: tuple[int, ...] = ()


class RunnerRecordFile:
    """What a runner writes there; without a path it keeps nothing."""

    def __init__(self, path: pathlib.Path | None = None, kept: RunnerRecord | None = None):
        self._path = path
        self._kept = kept or RunnerRecord()
        self._write()

    def sent(self, task: int) -> None:
        """Keep a task; before the journal does, for the journal may be what is lost."""
        self._become((*self._kept.tasks, task))

    def over(self, task: int | None) -> None:
        """Keep a task no more; after the journal has its end."""
        self._become(tuple(one for one in self._kept.tasks if one != task))

    def clear(self) -> None:
        """Keep nothing: the journal has recorded how the attempt ended."""
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink(missing_ok=True)

    def _become(self, tasks: tuple[int, ...]) -> None:
        if tasks != self._kept.tasks:
            self._kept = dataclasses.replace(self._kept, tasks=tasks)
            self._write()

    def _write(self) -> None:
        if self._path is None:
            return
        # The run does not depend on it: where there is no room, the journal still says it all.
        with contextlib.suppress(OSError):
            whole_file.write(self._path, json.dumps(dataclasses.asdict(self._kept)))


def keep(paths: RunPaths, journal: Journal, run: str) -> RunnerRecordFile:
    """Begin to keep what somebody needs who finds no journal, or another one."""
    sent = tuple(journal.open_tasks(run))
    return RunnerRecordFile(paths.kept, RunnerRecord(os.getpid(), run, journal.files(), sent))


def read(paths: RunPaths) -> RunnerRecord:
    """Return what the newest runner has left; nothing where it has ended well, or none was."""
    try:
        data = json.loads(paths.kept.read_text(encoding="utf-8"))
        return RunnerRecord(
            int(data["pid"]),
            str(data["run"]),
            {str(name): (int(one[0]), int(one[1])) for name, one in data["files"].items()},
            tuple(int(task) for task in data["tasks"]),
        )
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        return RunnerRecord()


def is_astray(paths: RunPaths) -> bool:
    """Whether processes are alive that have another journal open than the one that lies there."""
    if not (paths.home / FILE).exists():
        return liveness.is_any(paths)
    if not liveness.holds_lock(paths):
        return False
    kept = read(paths)
    if not kept.pid or locks.holder(paths.runner_lock) != kept.pid:
        return False
    if any(identity(paths.home / name) != found for name, found in kept.files.items()):
        return True
    return not wal_seal.fits(paths.home / FILE)  # a copy was written over it
