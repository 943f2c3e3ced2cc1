"""The journal's file: opened safely, migrated by patches, durable, never overwritten."""

from __future__ import annotations

import contextlib
import ctypes
import os
import pathlib
import shlex
import sqlite3
from collections.abc import Generator, Mapping

from .. import crash
from ..errors import JournalError
from . import wal_seal, write_turn
from .disk_reserve import DiskReserve
from .open_files import OpenFiles
from .schema import FORMAT, PATCHES
from .text_encoding import Connection
from .write_turn import WriteTurn

# So many transactions make a log of writes that is worth emptying: a few megabytes.
_TIDY_EVERY = 250


class JournalGone(JournalError):
    """The file that is open is not the journal any more: it was deleted, moved or replaced."""


class Database:
    """One connection to a journal file.

    Args:
        path: the file; its folder must exist.
        create: make it where it is absent.
        brief: for a process that ends soon and is waited for: closing it does nothing.

    Raises:
        JournalError: of a newer format, damaged (then it is set aside), or not readable.
    """

    def __init__(self, path: pathlib.Path, *, create: bool = True, brief: bool = False):
        self.path = path
        self._brief = brief
        self._reserve = DiskReserve(path.with_name("reserve"))
        self._writes = 0
        self._reads_a_moment = False
        if not create and not path.exists():
            raise JournalError("no-journal", path=path)
        self._drawn = wal_seal.draw()
        self._see_that_it_is_whole()
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        try:
            self._db = sqlite3.connect(
                path, isolation_level=None, timeout=write_turn.PATIENCE_S, factory=Connection
            )
        except sqlite3.OperationalError as error:  # no file, or not ours to open
            raise _unusable(path, error) from error
        try:
            self._prepare()
            self._check_format()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            # The other one is how Python's module takes a damaged text in an error of SQLite's.
            self._db.close()
            raise self._damaged(error) from error
        except BaseException:
            self._db.close()
            raise
        self._files = OpenFiles(path)
        self._turn = WriteTurn(path.parent)

    def _see_that_it_is_whole(self) -> None:
        """See that the log beside the journal is its own: SQLite would mix them in reading."""
        log = self._log
        if not self.path.exists():
            if log.exists():  # of a journal that is gone: SQLite would delete it
                self._set_aside()
            return
        try:
            whole = wal_seal.fits(self.path)
        except OSError as error:
            raise _unusable(log, error) from error
        except wal_seal.Unsettled:
            raise _unusable(self.path, TimeoutError("busy: others write all the time")) from None
        if not whole:
            away = shlex.join(["sudo", "mv", str(log), f"{log}.aside"])
            raise JournalError("journal-mixed", path=self.path, log=log.name, away=away)

    def _prepare(self) -> None:
        self._db.row_factory = sqlite3.Row
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = full")
        self._db.execute("pragma foreign_keys = on")
        self._db.execute("pragma wal_autocheckpoint = 0")  # see `_tidy`

    def _check_format(self) -> None:
        """Give a new file its tables; one of an older format stays as it is."""
        found = self.format
        if found > FORMAT:
            raise JournalError("journal-newer", path=self.path, format_found=found, format=FORMAT)
        if found == 0:
            self.bring_up_to_date()

    @property
    def format(self) -> int:
        """The format of the file."""
        return int(self._db.execute("pragma user_version").fetchone()[0])

    def bring_up_to_date(self) -> None:
        """Bring the file to the newest format, one patch after the other.

        Raises:
            JournalError: it could not be written; it has the format of a patch before, then.
        """
        try:
            for number in range(self.format + 1, FORMAT + 1):
                self._patch(number)
        except sqlite3.DatabaseError as error:
            raise _unusable(self.path, error) from error

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
        return JournalError("journal-damaged/damaged", path=self.path, error=error, aside=aside)

    def _set_aside(self) -> pathlib.Path:
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.damaged-{number}")).exists():
            number += 1
        for suffix in ("", "-wal", "-shm"):
            part = self.path.with_name(self.path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
        return aside

    @contextlib.contextmanager
    def write(
        self, name: str, *, urgent: bool = False, ahead: bool = False
    ) -> Generator[sqlite3.Connection]:
        """One durable transaction; `name` is its crash point.

        Args:
            name: what is written, kebab-case.
            urgent: on a full disk give up the reserve for it.
            ahead: before all who wait, too; and nothing is done but this.

        Raises:
            JournalGone: the file is not the journal any more.
            JournalError: it could not be written; nothing of it was.
        """
        crash.reach(f"journal/{name}/before")
        if urgent:
            # The reserve is given up before it is known to be needed: a failed commit could not
            # be told from one that succeeded, and the file is made anew when there is room.
            self._reserve.give_up()
        if ahead:
            self._force_name()
        try:
            with self._synchronous("off" if ahead else "full"):
                self._turn.begin(self._db, ahead=ahead)
                try:
                    self.look()
                    yield self._db
                    self._seal()
                    self._db.execute("commit")
                except BaseException:
                    with contextlib.suppress(sqlite3.Error):
                        self._db.execute("rollback")
                    raise
                finally:
                    self._turn.leave()
        except sqlite3.DatabaseError as error:
            raise _unusable(self.path, error) from error
        if ahead:
            self._force()
        crash.reach(f"journal/{name}/after")
        if not ahead:
            self._reserve.keep()
            self._tidy()

    def _seal(self) -> None:
        """Number the transaction, so that its log can be told from that of another time."""
        found = int(self._db.execute("pragma application_id").fetchone()[0])
        self._db.execute(f"pragma application_id = {wal_seal.following(found, self._drawn)}")

    @contextlib.contextmanager
    def _synchronous(self, how: str) -> Generator[None]:
        """Have SQLite force the disk by itself in each commit (`full`), or as it is told."""
        if how == "full":
            yield
            return
        self._db.execute(f"pragma synchronous = {how}")
        try:
            yield
        finally:
            self._db.execute("pragma synchronous = full")

    def _force_name(self) -> None:
        """Force the name of a log of writes that is new to the disk, before it is written to.

        SQLite forces the folder in the first commit of each connection, and a cancel is the first
        of its own; but only a log without a head can be new.

        Raises:
            JournalError: the disk did not take it.
        """
        with self._forced():
            if self._log.stat().st_size == 0:
                _force(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)

    def _force(self) -> None:
        """Force the log of writes to the disk, as SQLite does in a commit.

        A cancel is not acknowledged before this has returned. It forces the log once, with its
        head, where SQLite would force the head of a log that begins anew by itself. It need not:
        whatever such a log held before is in the journal, and was forced there.

        Raises:
            JournalError: the disk did not take it.
        """
        with self._forced():
            _force(self._log, os.O_RDWR)

    @contextlib.contextmanager
    def _forced(self) -> Generator[None]:
        try:
            yield
        except OSError as error:
            raise _unusable(self.path, error) from error

    @property
    def _log(self) -> pathlib.Path:
        return self.path.with_name(f"{self.path.name}-wal")

    def files(self) -> Mapping[str, tuple[int, int]]:
        """Return by name what tells each file that is open from every other."""
        return self._files.opened()

    def look(self) -> None:
        """See that this is still the journal.

        Raises:
            JournalGone: it is not.
        """
        missing = self._files.missing()
        if missing is not None:
            if self._files.is_there():  # to close it would move the log into what lies there now
                _keep_open(self._db)
            what = "replaced" if missing.exists() else "deleted or moved away"
            raise JournalGone("journal-gone", missing=missing, what=what)

    def _tidy(self) -> None:
        """Empty the log of writes now and then.

        SQLite does so by itself as part of a commit, and forces the disk twice in the first
        transaction afterwards: whoever waits behind that one waits for both. Here the log is begun
        anew by a transaction that holds nothing (it sets the format to what it is), and need not
        reach the disk itself. So no transaction forces the disk more than once.
        """
        self._writes += 1
        if self._writes < _TIDY_EVERY:
            return
        self.tidy()

    def tidy(self) -> None:
        """Empty the log of writes, outside of every transaction."""
        self._writes = 0
        with contextlib.suppress(sqlite3.OperationalError):  # held by others: at the next time
            busy, held, done = self._db.execute("pragma wal_checkpoint(passive)").fetchone()
            if not busy and held == done:
                self._begin_log()

    def _begin_log(self) -> None:
        with self._synchronous("normal"):
            self._turn.begin(self._db, ahead=False)
            try:
                found = self._db.execute("pragma user_version").fetchone()[0]
                self._db.execute(f"pragma user_version = {found}")
                self._db.execute("commit")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("rollback")
                raise

    def read(self, query: str, *values: object) -> list[sqlite3.Row]:
        """Run one query.

        Raises:
            JournalError: it cannot be read.
        """
        try:
            return self._db.execute(query, values).fetchall()
        except (sqlite3.DatabaseError, UnicodeDecodeError) as error:
            raise _unusable(self.path, error) from error

    @contextlib.contextmanager
    def moment(self) -> Generator[None]:
        """Have all that is read in a block be of one moment, whatever is written meanwhile.

        Nothing is written in it. Nobody who writes waits for it.
        """
        if self._db.in_transaction:
            yield
            return
        try:
            self._db.execute("begin")
            self._reads_a_moment = True
            yield
        except sqlite3.DatabaseError as error:
            raise _unusable(self.path, error) from error
        finally:
            self._reads_a_moment = False
            with contextlib.suppress(sqlite3.Error):
                self._db.execute("rollback")

    def version(self) -> int:
        """Return a number that changes when another connection has written.

        Raises:
            JournalGone: nobody will, for the file is not the journal any more.
        """
        self.look()
        self._files.learn(int(self.read("pragma application_id")[0][0]))
        return int(self.read("pragma data_version")[0][0])

    def state(self) -> object:
        """Return what equals an earlier answer only if nobody has written anything since."""
        seen = self.read("pragma data_version")[0][0], self._db.total_changes
        writes = self._db.in_transaction and not self._reads_a_moment
        return object() if writes else seen  # what may be taken back is no state

    def close(self) -> None:
        """Close the connection; the last one to be closed moves the log into the journal.

        That forces the disk five times, for which nobody who cancels is to wait. A brief one is
        left to the end of its process, after which the log lies there as after a kill.
        """
        self._turn.close()
        if self._brief:
            _keep_open(self._db)
            return
        try:
            self.look()
        except JournalGone:
            if self._files.is_there():
                return  # see `look`
        self._db.close()


def _force(path: pathlib.Path, how: int) -> None:
    descriptor = os.open(path, how)
    try:
        os.fsync(descriptor) if how & os.O_DIRECTORY else os.fdatasync(descriptor)
    finally:
        os.close(descriptor)


def _keep_open(db: sqlite3.Connection) -> None:
    """Have a connection not be closed, not even at the end of the process.

    Python forgets to close what somebody else seems to hold; the kernel does, and writes nothing.
    """
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(db))


def _unusable(path: pathlib.Path, error: Exception) -> JournalError:
    text = str(error)
    if "locked" in text or "busy" in text:
        return JournalError("journal-busy", path=path, reason=text)
    if "full" in text:
        return JournalError("disk-full", path=path, reason=text)
    return JournalError("journal-unusable/unusable", path=path, reason=text, folder=path.parent)
