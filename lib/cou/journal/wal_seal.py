"""Whether a journal and the log of writes beside it belong together.

SQLite keeps what was written last in a log (``-wal``) and moves it into the journal now and then.
The journal names no log. So SQLite takes any log that is whole for the journal's own: an older
journal that was put back beside a newer log, or the reverse, becomes a mix of two times, in which
every page is good and a step may be due again that was done.

Therefore each transaction seals the journal with a number that grows by one, in a field of the
first page that SQLite leaves to applications (``application_id``). The first page of the journal
then says up to which transaction it is whole, and the copies of that page in the log say which
transactions the log holds. A log continues a journal if it begins with the transaction after the
journal's, or holds the journal's own: what it holds is moved bit by bit.

Beside the number stands one that each connection draws for itself. So the same number of another
history, of a journal that was put back and gone on with, is told from it.

The files are read as they lie there, before SQLite opens them: it would mix them in reading, and
write the mix down in closing (https://sqlite.org/fileformat2.html, sections 1.3.15 and 4.1).
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import secrets
import sqlite3
import struct
import time
import urllib.parse
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import NamedTuple

from .write_turn import PATIENCE_S

_FIELDS_AT, _FIELDS = 40, struct.Struct(">I24xI")
_HEAD, _FRAME = 32, 24
_MAGIC = 0x377F0682  # and one more, by the order of bytes in which it adds up
_DRAWN_BITS, _BITS = 12, 31
_COUNTS = 1 << (_BITS - _DRAWN_BITS)
_PAUSE_S = 0.01


class Unsettled(Exception):
    """Others have moved what is in the log, or begun it anew, at each look."""


class Page(NamedTuple):
    """What is read of a first page: a number that changes with the tables, and the seal.

    The number of the tables also tells a copy that SQLite has made with its pages in another order
    (``vacuum into``): no log of the journal that it was made of fits to it.
    """

    tables: int
    seal: int


def draw() -> int:
    """Return what one connection puts beside all its numbers."""
    return secrets.randbits(_DRAWN_BITS)


def following(seal: int, drawn: int) -> int:
    """Return the seal after another; zero is that of a journal which was never sealed."""
    return (_count(seal) + 1) % _COUNTS << _DRAWN_BITS | drawn


def fits(path: pathlib.Path) -> bool:
    """Whether the log beside a journal, if there is one, is the journal's own.

    Others may move what is in the log meanwhile, and begin it anew: then it is looked at again.

    Args:
        path: the journal.

    Raises:
        OSError: the log cannot be read.
        Unsettled: no two looks saw the same, for as long as a writer is waited for.
    """
    until = time.monotonic() + PATIENCE_S
    while True:
        begun = _head(path)
        if not _of_log(path, begun):
            return True
        main = of_journal(path)
        held = _of_log(path, begun)
        if main is None or (held and _continues(main, held)):
            return True
        if begun == _head(path) and main == of_journal(path):
            return False
        if time.monotonic() > until:
            raise Unsettled
        time.sleep(_PAUSE_S)


def of_journal(path: pathlib.Path) -> Page | None:
    """Return what the journal without its log has in its first page; None where it is damaged.

    SQLite reads it, for a file that anybody else in this process opens and closes takes its locks
    along (https://sqlite.org/howtocorrupt.html, section 2.2).
    """
    quoted = urllib.parse.quote(str(path.absolute()))
    try:
        main = sqlite3.connect(f"file:{quoted}?mode=ro&immutable=1", uri=True)
        try:
            return Page(
                int(main.execute("pragma schema_version").fetchone()[0]),
                int(main.execute("pragma application_id").fetchone()[0]),
            )
        finally:
            main.close()
    except sqlite3.DatabaseError:
        return None


def _continues(main: Page, held: Mapping[Page, None]) -> bool:
    first = next(iter(held))
    if main in held:
        return True
    if main.seal == first.seal:  # a change of the tables is not sealed
        return main.tables < first.tables
    next_count = (_count(main.seal) + 1) % _COUNTS
    return main.tables == first.tables and next_count == _count(first.seal)


def _count(seal: int) -> int:
    return seal >> _DRAWN_BITS


def _head(path: pathlib.Path) -> bytes:
    with _opened(_log(path)) as file:
        return _head_of(file)


def _head_of(file: int) -> bytes:
    return os.pread(file, _HEAD, 0) if file >= 0 else b""


def _of_log(path: pathlib.Path, head: bytes) -> Mapping[Page, None]:
    """Return the first pages that the log holds, oldest first, of completed transactions."""
    if len(head) < _HEAD or struct.unpack(">I", head[:4])[0] not in (_MAGIC, _MAGIC + 1):
        return {}
    with _opened(_log(path)) as file:
        known = _KNOWN.get(path)
        if known is None or known.head != head or not known.stands(file):
            known = _KNOWN[path] = _Known(head)
        for one in _following(file, known):
            known.take(one)
    return known.pages


class _Transaction(NamedTuple):
    """A completed transaction in a log: its first pages, and where its last frame lies."""

    pages: Sequence[Page]
    last: int
    frame: bytes
    until: int


def _following(file: int, known: _Known) -> Iterator[_Transaction]:
    """Yield the completed transactions that follow what is known of a log."""
    size = struct.unpack(">I", known.head[8:12])[0]
    salts = known.head[16:24]
    begun: list[Page] = []
    at = known.until
    while file >= 0 and len(frame := os.pread(file, _FRAME, at)) == _FRAME:
        number, completes = struct.unpack(">II", frame[:8])
        if frame[8:16] != salts:  # of an earlier log, which this one is written over
            break
        if number == 1:
            fields = os.pread(file, _FIELDS.size, at + _FRAME + _FIELDS_AT)
            begun += [Page(*_FIELDS.unpack(fields))] if len(fields) == _FIELDS.size else []
        if completes:
            yield _Transaction(begun, at, frame, at + _FRAME + size)
            begun = []
        at += _FRAME + size


@dataclasses.dataclass
class _Known:
    """What was read of a log, so that only what follows is read: a log grows at its end alone.

    Attributes:
        head: of the log.
        last: where the last frame of a completed transaction begins.
        frame: its head. It adds up all frames before it: while it stands, they do.
        until: where it ends.
        pages: the first pages of completed transactions, oldest first; found by what they say.
    """

    head: bytes
    last: int = 0
    frame: bytes = b""
    until: int = _HEAD
    pages: dict[Page, None] = dataclasses.field(default_factory=dict[Page, None])

    def take(self, one: _Transaction) -> None:
        """Know the transaction that follows, too."""
        self.last, self.frame, self.until = one.last, one.frame, one.until
        self.pages.update(dict.fromkeys(one.pages))

    def stands(self, file: int) -> bool:
        """Whether the log still begins with what was read."""
        return not self.frame or (file >= 0 and os.pread(file, _FRAME, self.last) == self.frame)


_KNOWN: dict[pathlib.Path, _Known] = {}


class Log:
    """The log beside a journal that is open: it grows at its end, or is begun anew.

    Else somebody has written a copy over it. Whoever has the journal open does not see that: what
    was read stays in memory, and what is written goes where the log ended before.

    Args:
        path: the journal.
    """

    def __init__(self, path: pathlib.Path):
        self._path = path
        self._known: _Known | None = None

    def goes_on(self) -> bool:
        """Whether the log still holds what is known of it, or was begun anew since.

        One that cannot be read says nothing.
        """
        with contextlib.suppress(OSError), _opened(_log(self._path)) as file:
            while (known := self._known) is not None:
                head = _head_of(file)
                if len(head) == _HEAD and head != known.head and _is_later(known.head, head):
                    self._known = None
                elif head == known.head and known.stands(file):
                    break
                elif head == _head_of(file):  # else it was begun anew meanwhile
                    return False
        return True

    def learn(self, seal: int) -> None:
        """Read what the log holds up to the transaction with a seal, which SQLite has read there.

        What follows may be of a writer that was killed before it was done: SQLite writes over it.
        """
        with contextlib.suppress(OSError), _opened(_log(self._path)) as file:
            head = _head_of(file)
            if len(head) < _HEAD:
                return
            known = self._known
            if known is None or known.head != head:
                known = _Known(head)
            held = list(_following(file, known))
            sealed = [any(page.seal == seal for page in one.pages) for one in held]
            while sealed and not sealed.pop():
                held.pop()
            for one in held:
                known.take(one)
            if head == _head_of(file):  # else it was begun anew meanwhile
                self._known = known


def _is_later(before: bytes, now: bytes) -> bool:
    """Whether a log was begun after another: SQLite counts, in the first of its two salts."""
    first, second = (struct.unpack(">I", head[16:20])[0] for head in (before, now))
    return 0 < (second - first) % (1 << 32) < 1 << 31


def _log(path: pathlib.Path) -> pathlib.Path:
    return path.with_name(f"{path.name}-wal")


@contextlib.contextmanager
def _opened(path: pathlib.Path) -> Generator[int]:
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        yield -1
        return
    try:
        yield file
    finally:
        os.close(file)
