"""SQLite keeps texts as UTF-8; what Juju or an operator says need not be any."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from typing import Any

# JSON can hold half a pair, and a command line bytes that are no UTF-8: both come as surrogates.
_HALF = re.compile("[\ud800-\udfff]")


class Connection(sqlite3.Connection):
    """Takes every text there is: half a character is kept as U+FFFD, and ends no runner."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """Run one statement."""
        return super().execute(sql, _whole(parameters))

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        """Run one statement for each of some rows."""
        return super().executemany(sql, map(_whole, parameters))


def _whole(parameters: Any) -> Any:
    return tuple(_text(value) for value in parameters)


def _text(value: Any) -> Any:
    return _HALF.sub("\ufffd", value) if isinstance(value, str) else value
