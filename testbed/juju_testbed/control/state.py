"""The folder of one testbed: what lies where, and which process serves it."""

from __future__ import annotations

import dataclasses
import fcntl
import json
import os
import pathlib
from typing import TextIO


class StateError(Exception):
    """The folder cannot be used so; the text says what to do."""


@dataclasses.dataclass(frozen=True)
class Running:
    """The server process of a testbed; a pid alone may have been reused, so its start is kept.

    Attributes:
        started: start time of the process in clock ticks since boot (``/proc/<pid>/stat``).
        testbed: the mark in the environment of every hook.
    """

    pid: int
    started: int
    testbed: str
    address: str
    model: str
    model_uuid: str
    profile: str


@dataclasses.dataclass(frozen=True)
class State:
    """The folder of a testbed, an absolute path."""

    folder: pathlib.Path

    @property
    def juju_data(self) -> pathlib.Path:
        """The client's files, for ``JUJU_DATA``."""
        return self.folder / "juju"

    @property
    def juju(self) -> pathlib.Path:
        """The juju command."""
        return self.folder / "bin" / "juju"

    @property
    def door(self) -> pathlib.Path:
        """The socket of the control interface."""
        return self.folder / "control.sock"

    @property
    def operation_log(self) -> pathlib.Path:
        """The log of operations."""
        return self.folder / "log" / "operations.jsonl"

    @property
    def server_log(self) -> pathlib.Path:
        """What the server prints."""
        return self.folder / "log" / "testbed.log"

    @property
    def record(self) -> pathlib.Path:
        """Where the running server is written down."""
        return self.folder / "testbed.json"

    @property
    def last(self) -> pathlib.Path:
        """The record of a server that has ended, for clearing up after it."""
        return self.folder / "stopped.json"

    def prepare(self) -> None:
        """Make the folder, or empty it of an earlier testbed.

        A folder that bears our record is ours altogether, also what charms have put there.

        Raises:
            StateError: it holds other things and no record, so it is not ours.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        held = list(self.folder.iterdir())
        if held and not (self.last.exists() or self.record.exists()):
            raise StateError(f"{self.folder} is not empty and holds no testbed; choose another")
        for path in sorted(held, key=lambda path: path in (self.last, self.record)):
            _delete(path)  # the records last: an interrupted `up` can be repeated
        for folder in (self.juju_data, self.juju.parent, self.server_log.parent):
            folder.mkdir(mode=0o700)

    def running(self) -> Running | None:
        """Return the server if it runs."""
        found = self.read(self.record)
        return found if found is not None and start_time(found.pid) == found.started else None

    def read(self, path: pathlib.Path) -> Running | None:
        """Read a record, None if there is none."""
        try:
            return Running(**json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def write(self, running: Running) -> None:
        """Write the record; readers see all of it or nothing."""
        new = self.record.with_suffix(".new")
        new.write_text(json.dumps(dataclasses.asdict(running)), encoding="utf-8")
        new.replace(self.record)

    def lock(self) -> TextIO:
        """Hold the folder for one server; keep the file open.

        Raises:
            StateError: another server holds it.
        """
        file = (self.folder / "lock").open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise StateError(f"another testbed runs in {self.folder}") from error
        return file


def _delete(path: pathlib.Path) -> None:
    if path.is_dir() and not path.is_symlink():
        for inner in path.iterdir():
            _delete(inner)
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def start_time(pid: int) -> int:
    """Return when a process started, in ticks since boot; 0 if it has ended."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return 0
    fields = stat.rpartition(b")")[2].split()
    return 0 if fields[0] == b"Z" else int(fields[19])


def own_record(testbed: str, address: str, model: tuple[str, str], profile: str) -> Running:
    """Return the record of this process; `model` is name and uuid."""
    pid = os.getpid()
    return Running(pid, start_time(pid), testbed, address, model[0], model[1], profile)
