"""What is printed to somebody who may have stopped listening, as ``head`` does."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator


@contextlib.contextmanager
def heard() -> Iterator[None]:
    """Write out what a command has printed; end with 1 and no word where nobody reads it.

    A pipe is written to when its buffer is full or the process ends. Left to the end of the
    process, Python prints a traceback of its own and exits with 120.
    """
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        # Say nothing more, not even at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None
