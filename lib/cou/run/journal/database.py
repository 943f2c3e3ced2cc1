"""The journal's file: opened safely, migrated by patches, durable, never overwritten."""

from __future__ import annotations

import contextlib
import os
import pathlib
import sqlite3
from collections.abc import Generator

from ...errors import JournalError
from .. import crash
from .schema import FORMAT, PATCHES

RESERVE_BYTES = 1 << 20
_BUSY_MS = 4000


class Database:
    """One connection to a journal file.

    Args:
        path: the file; its folder must exist.
        create: make it where it is absent.

    Raises:
        JournalError: of a newer format, damaged (then it is set aside), or not readable.
    """

    def __init__(self, path: pathlib.Path, *, create: bool = True):
        self.path = path
        self.reserve = path.with_name("reserve")
        if not create and not path.exists():
            raise JournalError("no-journal", f"There is no journal at {path}.", "Run plan first.")
        fresh = not path.exists()
        if fresh:
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        try:
            self._db = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_MS / 1000)
        except sqlite3.OperationalError as error:  # no file, or not ours to open
            raise _unusable(path, error) from error
        try:
            self._prepare()
            self._migrate()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            # The other one is how Python's module takes a damaged text in an error of SQLite's.
            self._db.close()
            raise self._damaged(error) from error
        except BaseException:
            self._db.close()
            raise
        if fresh or not self.reserve.exists():
            self._keep_reserve()

    def _prepare(self) -> None:
        self._db.row_factory = sqlite3.Row
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = full")
        self._db.execute("pragma foreign_keys = on")

    def _migrate(self) -> None:
        found = int(self._db.execute("pragma user_version").fetchone()[0])
        if found > FORMAT:
            raise JournalError(
                "journal-newer",
                f"The journal {self.path} has format {found}; this cou knows up to {FORMAT}.",
                "Refresh the charm to the version that wrote it.",
            )
        for number in range(found + 1, FORMAT + 1):
            self._patch(number)

    def _patch(self, number: int) -> None:
        self._db.execute("begin exclusive")
        try:
            if int(self._db.execute("pragma user_version").fetchone()[0]) < number:
                for statement in PATCHES[number - 1].split(";"):
                    if statement.strip():
                        self._db.execute(statement)
                self._db.execute(f"pragma user_version = {number}")
            self._db.execute("commit")
        except BaseException:
            # On a full disk SQLite has rolled back by itself; that must not hide the reason.
            with contextlib.suppress(sqlite3.OperationalError):
                self._db.execute("rollback")
            raise

    def _damaged(self, error: Exception) -> JournalError:
        if isinstance(error, sqlite3.OperationalError):
            return _unusable(self.path, error)
        aside = self._set_aside()
        return JournalError(
            "journal-damaged",
            f"The journal {self.path} is damaged ({error}); it was set aside as {aside}.",
            "Run plan: it looks for what the run left behind.",
        )

    def _set_aside(self) -> pathlib.Path:
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.damaged-{number}")).exists():
            number += 1
        for suffix in ("", "-wal", "-shm"):
            part = self.path.with_name(self.path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
        return aside

    def _keep_reserve(self) -> None:
        with contextlib.suppress(OSError):
            descriptor = os.open(self.reserve, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
            try:
                os.write(descriptor, b"\0" * RESERVE_BYTES)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    @contextlib.contextmanager
    def write(self, name: str, *, urgent: bool = False) -> Generator[sqlite3.Connection]:
        """One durable transaction; `name` is its crash point.

        Args:
            name: what is written, kebab-case.
            urgent: on a full disk free the reserve and try once more.

        Raises:
            JournalError: it could not be written; nothing of it was.
        """
        crash.reach(f"journal/{name}/before")
        try:
            self._begin(urgent)
            try:
                yield self._db
                self._db.execute("commit")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("rollback")
                raise
        except sqlite3.DatabaseError as error:
            raise _unusable(self.path, error) from error
        crash.reach(f"journal/{name}/after")

    def _begin(self, urgent: bool) -> None:
        if urgent:
            # The reserve is given up before it is known to be needed: a failed commit could not
            # be told from one that succeeded, and the file is made anew at the next opening.
            with contextlib.suppress(OSError):
                space = os.statvfs(self.path.parent)
                if space.f_bavail * space.f_frsize < RESERVE_BYTES:
                    self.reserve.unlink()
        self._db.execute("begin immediate")

    def read(self, query: str, *values: object) -> list[sqlite3.Row]:
        """Run one query.

        Raises:
            JournalError: it cannot be read.
        """
        try:
            return self._db.execute(query, values).fetchall()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise _unusable(self.path, error) from error

    def version(self) -> int:
        """Return a number that changes when another connection has written."""
        return int(self.read("pragma data_version")[0][0])

    def state(self) -> object:
        """Return what equals an earlier answer only if nobody has written anything since."""
        seen = self.version(), self._db.total_changes
        return object() if self._db.in_transaction else seen  # what may be taken back is no state

    def close(self) -> None:
        """Close the connection."""
        self._db.close()


def _unusable(path: pathlib.Path, error: Exception) -> JournalError:
    text = str(error)
    if "locked" in text or "busy" in text:
        return JournalError(
            "journal-busy",
            f"The journal {path} is held by another process ({text}).",
            "If it stays so, the runner hangs: run cancel force=true.",
        )
    if "full" in text:
        return JournalError(
            "disk-full", f"The journal {path} cannot be written: {text}.", "Free some space."
        )
    return JournalError(
        "journal-unusable",
        f"The journal {path} cannot be used: {text}.",
        f"See whether the disk is full (df -h {path.parent}) and whose the file is (ls -l).",
    )
